"""Which pieces make the answer, and how do they read together? The best section, at most one other, nothing made up."""

from apps.ai.providers.builtin import words
from apps.ai.providers.builtin.phrases import Phrases
from apps.ai.providers.builtin.scoring import Candidate, Scored, Section

# Evidence from which an answer is given plainly, and from which it is given with a word of doubt.
SURE, UNSURE = 0.41, 0.34
SENTENCES = 4
CHARACTERS, CHARACTERS_OF_SECOND = 480, 260
STEPS, ROWS = 12, 8
# A second section must be nearly as good, and hold nearly as much of the question.
NEARLY_AS_GOOD, NEARLY_AS_MUCH = 0.88, 0.5
HOW_TO_PREFERS_STEPS = 1.5
NEW_WORDS = 0.5
READ_ON = 0.05  # what follows reads more naturally than what stands before, so it wins when nearly equal
# A row stands out by words that few others have and that make up enough of the question.
TELLING, ENOUGH_OF_QUESTION = 0.9, 0.3
SHORT_LIST = 360

Element = list[Candidate]  # a sentence, or a list or table (or what stands out of it)


def compose(scored: Scored, phrases: Phrases) -> list[str]:
    """Return the answer in pieces to be sent one after the other; empty if the passages do not hold it."""
    if not scored.sections or scored.evidence < UNSURE:
        return []
    how_to, sure = scored.cues.how_to, scored.evidence >= SURE
    pieces = [] if sure else [f"{phrases.unsure}\n\n"]
    sections = _pick_sections(scored) if sure else [scored.sections[0]]
    for index, section in enumerate(sections):
        characters = CHARACTERS if sure and section is scored.sections[0] else CHARACTERS_OF_SECOND
        chosen = _choose(section, characters, how_to=how_to)
        rendered = _render(section, chosen, phrases, how_to=how_to)
        if section.passage is not sections[-1].passage or index + 1 == len(sections):
            rendered[-1] += f" [{section.passage.n}]"
        if index:
            rendered[0] = "\n\n" + rendered[0]
        pieces += rendered
    return pieces


def _pick_sections(scored: Scored) -> list[Section]:
    best, *others = scored.sections
    if not others:
        return [best]
    second = others[0]
    if second.value < NEARLY_AS_GOOD * best.value or second.share < NEARLY_AS_MUCH * best.share:
        return [best]
    if _repeats(second, best):
        return [best]
    if second.passage is best.passage and second.candidates[0].order < best.candidates[0].order:
        return [second, best]
    return [best, second]


def _repeats(second: Section, best: Section) -> bool:
    """Whether the second says little that the best has not said: articles like to sum up."""
    said = {word for each in best.candidates for word in words.content_tokens(each.unit.text)}
    says = {word for each in second.candidates for word in words.content_tokens(each.unit.text)}
    return len(says - said) < NEW_WORDS * len(says)


def _choose(section: Section, characters: int, *, how_to: bool) -> list[Element]:
    """Grow a stretch around the best element, to the better side first, while there is room."""
    elements = _elements(section)
    scores = [_element_score(element, how_to=how_to) for element in elements]
    start = end = scores.index(max(scores))
    room = characters - _length(elements[start])
    sentences = _sentences(elements[start])
    while True:
        sides = [
            (scores[at] + (READ_ON if at > end else 0.0), at)
            for at in (start - 1, end + 1)
            if 0 <= at < len(elements)
            and _length(elements[at]) <= room
            and sentences + _sentences(elements[at]) <= SENTENCES
        ]
        if not sides:
            return elements[start : end + 1]
        at = max(sides)[1]
        room -= _length(elements[at])
        sentences += _sentences(elements[at])
        start, end = min(start, at), max(end, at)


def _elements(section: Section) -> list[Element]:
    elements: list[Element] = []
    intros = {each.unit.intro for each in section.candidates}
    for each in section.candidates:
        unit = each.unit
        if unit.kind == "sentence" and unit.text in intros:
            continue  # shown with its list or not at all
        if unit.kind != "sentence" and elements and elements[-1][0].unit.block == unit.block:
            elements[-1].append(each)
        else:
            elements.append([each])
    return [_standing_out(element) for element in elements]


def _standing_out(element: Element) -> Element:
    """Return the few rows or items that alone have a word of the question, or all if none is special."""
    kind = element[0].unit.kind
    if kind in ("sentence", "step"):
        return element[:STEPS]
    if kind == "item" and len(element) <= ROWS and _length(element) <= SHORT_LIST:
        return element
    few = max(1, len(element) // 3)
    counts: dict[int, int] = {}
    for each in element:
        for index, credit in each.credits.items():
            counts[index] = counts.get(index, 0) + (credit >= TELLING)
    telling = {index for index, count in counts.items() if 0 < count <= few}
    chosen = [
        each
        for each in element
        if each.own >= ENOUGH_OF_QUESTION and any(each.credits.get(index, 0.0) >= TELLING for index in telling)
    ]
    return chosen if len(element) > 2 and 0 < len(chosen) <= few else element[:ROWS]


def _element_score(element: Element, *, how_to: bool) -> float:
    best = max(each.score for each in element)
    return best * HOW_TO_PREFERS_STEPS if how_to and element[0].unit.kind == "step" else best


def _length(element: Element) -> int:
    return sum(len(each.unit.text) for each in element)


def _sentences(element: Element) -> int:
    return int(element[0].unit.kind == "sentence")


def _render(section: Section, chosen: list[Element], phrases: Phrases, *, how_to: bool) -> list[str]:
    pieces: list[str] = []
    before: Element | None = None
    for element in chosen:
        lead = _lead(section, element, before, phrases, how_to=how_to)
        for number, each in enumerate(element):
            space = "\n" if number else _space(element, before)
            pieces.append(f"{space}{'' if number else lead}{_marked(each, number)}")
        before = element
    return pieces


def _space(element: Element, before: Element | None) -> str:
    if before is None:
        return ""
    unit, last = element[0].unit, before[-1].unit
    if unit.kind == "sentence" and last.kind == "sentence" and unit.block == last.block:
        return " "
    return "\n\n"


def _lead(section: Section, element: Element, before: Element | None, phrases: Phrases, *, how_to: bool) -> str:
    """Return the line that leads to a list which would else begin without a word: the article's own if it has one."""
    unit = element[0].unit
    if unit.intro:
        return f"{unit.intro}\n"
    if unit.kind == "sentence" or before is not None:
        return ""
    if unit.kind == "step" and how_to:
        return f"{phrases.steps}\n"
    names = " \u2013 ".join(dict.fromkeys(filter(None, (section.passage.title, section.heading))))
    return f"{names}:\n" if names else ""


def _marked(each: Candidate, number: int) -> str:
    if each.unit.kind == "step":
        return f"{number + 1}. {each.unit.text}"
    return each.unit.text if each.unit.kind == "sentence" else f"- {each.unit.text}"
