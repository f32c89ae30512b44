"""What can be quoted from a passage? Its sentences, list items, steps and table rows, each as it stands there.

One pass over the lines and one over the characters of a paragraph: linear in the length of the text.
"""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["sentence", "item", "step", "row"]
LONGEST_UNIT = 600

_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_ITEM = re.compile(r"\s{0,12}(?:([-*+\u2022\u2013])|(\d{1,3})[.)])\s+(\S.*)$")
_TABLE_RULE = re.compile(r"[\s|:+-]+$")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\((?:[^()\s]{0,500})\)")
_MARKER = re.compile(r"\[(\d{1,3})\]")
_EMPHASIS = re.compile(r"(\*\*|__|`)(?=\S)(.{1,300}?)(?<=\S)\1")
# An end of a sentence: a mark, closing quotes or brackets, then white space; in scripts without spaces none is needed.
# The look-behind and the possessive repeats let a run of dots be tried once, not once for each dot.
_SENTENCE_END = re.compile(
    "(?<![.!?\u061f\u2026])[.!?\u061f\u2026]++[\"'\u201d\u2019\u00bb)\\]]*+\\s++"
    "|(?<![\u3002\uff01\uff1f])[\u3002\uff01\uff1f]++[\u300d\u300f\uff09]*+\\s*+"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|approx|incl|excl|no|nos|nr|dr|mr|mrs|ms|st|prof|inc|ltd|co|tel|fig|p|pp|sec|min|max"
    r"|ca|bzw|z\.\s?b|d\.\s?h|u\.\s?a|ggf|usw|evtl|zzgl|inkl|str|abs|art|env|ex|av|nº|n°|p\.\s?ej|sr|sra|ud|uds"
    r"|[A-Za-z])\.$",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"(?:^|\s)\d{1,2}\.$")


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece that can be quoted. Units of one ``block`` (paragraph, list, table) belong together.

    ``heading`` is the nearest heading inside the passage; ``intro`` is the line that leads to a list or table.
    """

    text: str
    kind: Kind
    block: int
    heading: str
    intro: str = ""


class _Reader:
    def __init__(self, heading: str) -> None:
        self.units: list[Unit] = []
        self._heading = heading
        self._block = 0
        self._paragraph: list[str] = []
        self._item: tuple[Kind, list[str]] | None = None
        self._columns: list[str] | None = None
        self._row: list[str] | None = None
        self._in_list = False
        self._intro = ""

    def read(self, text: str) -> list[Unit]:
        for line in text.splitlines():
            self._line(line)
        self._end_everything()
        return self.units

    def _line(self, line: str) -> None:
        stripped = line.strip()
        if heading := _HEADING.match(line):
            self._end_everything()
            self._heading = clean(heading[1])
        elif stripped.startswith("|") and stripped.count("|") > 1:
            self._table_line(stripped)
        elif item := _ITEM.match(line):
            self._start_item("step" if item[2] else "item", item[3])
        elif not stripped:
            self._end_paragraph()
            self._end_table()
        elif self._item is not None and line[:1].isspace():
            self._item[1].append(stripped)
        else:
            self._end_list()
            self._end_table()
            self._paragraph.append(stripped)

    def _start_item(self, kind: Kind, text: str) -> None:
        self._end_paragraph()
        self._end_table()
        self._end_item()
        if not self._in_list:
            self._open_block()
            self._in_list = True
        self._item = (kind, [text])

    def _table_line(self, stripped: str) -> None:
        self._end_paragraph()
        self._end_list()
        cells = [clean(cell) for cell in stripped.strip("|").split("|")]
        if _TABLE_RULE.match(stripped):
            self._columns, self._row = self._row, None
            return
        if self._row is None and self._columns is None:
            self._open_block()
        self._end_row()
        self._row = cells

    def _open_block(self) -> None:
        """Begin a list or table; a line before it that ends in a colon leads to it."""
        self._block += 1
        last = self.units[-1] if self.units else None
        self._intro = last.text if last and last.text.endswith(":") and last.heading == self._heading else ""

    def _end_everything(self) -> None:
        self._end_paragraph()
        self._end_list()
        self._end_table()

    def _end_item(self) -> None:
        if self._item is not None:
            kind, lines = self._item
            self._add(" ".join(lines), kind, self._intro)
            self._item = None

    def _end_list(self) -> None:
        self._end_item()
        self._in_list = False

    def _end_row(self) -> None:
        if self._row is not None:
            self._add(_row_text(self._row, self._columns), "row", self._intro)
            self._row = None

    def _end_table(self) -> None:
        self._end_row()
        self._columns = None

    def _end_paragraph(self) -> None:
        if self._paragraph:
            self._block += 1
            for sentence in split_sentences(" ".join(self._paragraph)):
                self._add(sentence, "sentence")
            self._paragraph = []

    def _add(self, text: str, kind: Kind, intro: str = "") -> None:
        text = clean(text)
        if text:
            self.units.append(Unit(text, kind, self._block, self._heading, intro))


def read_units(text: str, heading: str) -> list[Unit]:
    """Return all units of a passage in their order; ``heading`` stands over its first words."""
    return _Reader(heading).read(text)


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a paragraph; abbreviations and dates like "3. Mai" do not end one."""
    sentences, start = [], 0
    for end in _SENTENCE_END.finditer(text):
        before = text[max(start, end.start() - 12) : end.start() + 1]
        following = text[end.end() : end.end() + 1]
        if text[end.start()] == "." and (_ABBREVIATION.search(before) or following.islower()):
            continue
        if _ORDINAL.search(before) and not _starts_new(text, end.end()):
            continue
        sentences.append(text[start : end.end()].strip())
        start = end.end()
    rest = text[start:].strip()
    return [*sentences, rest] if rest else sentences


def clean(text: str) -> str:
    """Return text without link targets and emphasis, with white space and length in bounds; no false citations."""
    if "[" in text:
        text = _MARKER.sub(r"(\1)", _LINK.sub(r"\1", text))
    if "*" in text or "`" in text or "__" in text:
        text = _EMPHASIS.sub(r"\2", text)
    text = " ".join(text.split())
    if len(text) > LONGEST_UNIT:
        text = text[: LONGEST_UNIT - 1].rsplit(" ", 1)[0] + "\u2026"
    return text


def _starts_new(text: str, at: int) -> bool:
    """After "3. " a month goes on with the date; anything longer that is a number's end is rare enough."""
    following = text[at : at + 12].lower()
    return not following.startswith(_MONTHS)


def _row_text(cells: list[str], columns: list[str] | None) -> str:
    first, rest = cells[0], cells[1:]
    if columns and len(rest) > 1:
        named = [f"{name}: {cell}" for name, cell in zip(columns[1:], rest, strict=False) if cell]
        return f"{first} \u2013 {'; '.join(named)}" if first else "; ".join(named)
    values = "; ".join(cell for cell in rest if cell)
    return f"{first}: {values}" if first and values else first or values


_MONTHS = (
    "januar", "februar", "märz", "april", "mai", "juni", "juli", "august", "september", "oktober", "november",
    "dezember", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "okt", "oct", "nov", "dez", "dec", "may",
)  # fmt: skip
