"""What do a Markdown file and an HTML page say? Title, text, and what their front matter declares."""

import html
import re
from collections import Counter
from dataclasses import dataclass, field

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)?---[ \t]*(?:\n|\Z)", re.DOTALL)
_FIRST_HEADING = re.compile(r"\A\s*#[ \t]+([^\n]+)\n?")
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_BLANK_LINES = re.compile(r" *\n *(?:\n *)+")
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]{0,30})")
_LANGUAGE = re.compile(r"\blang\s*=\s*[\"']?([A-Za-z0-9-]{2,16})")

_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_BLOCKS = frozenset(
    {"address", "article", "blockquote", "body", "br", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption"}
    | {"figure", "form", "hr", "html", "main", "ol", "p", "pre", "section", "summary", "table", "tr", "ul"}
)
# What is furniture of a page, not its text.
_SILENT = frozenset({"button", "iframe", "nav", "noscript", "object", "script", "select", "style", "svg", "template"})
# Between these and their end, nothing is markup.
_RAW = frozenset({"script", "style", "title", "textarea"})


@dataclass(slots=True)
class ParsedText:
    """A file's text and the fields it declares about itself."""

    body: str
    fields: dict[str, str] = field(default_factory=dict)


def parse_markdown(text: str) -> ParsedText:
    """Return the text below the front matter; the first heading becomes the title unless one is declared."""
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    fields: dict[str, str] = {}
    match = _FRONT_MATTER.match(text)
    if match:
        fields, text = _parse_front_matter(match.group(1) or ""), text[match.end() :]
    heading = _FIRST_HEADING.match(text)
    if heading and fields.get("title", heading.group(1).strip()) == heading.group(1).strip():
        # Kept as the title only: shown above every passage, it need not be in the first one again.
        fields["title"] = heading.group(1).strip()
        text = text[heading.end() :]
    return ParsedText(body=text.strip(), fields=fields)


def parse_html(text: str) -> ParsedText:
    """Return the visible text of a page with its headings as ``#`` lines; forgiving about broken markup."""
    page = _Page()
    _scan(text, page)
    return page.result()


def _parse_front_matter(text: str) -> dict[str, str]:
    fields = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip() and not line.startswith((" ", "\t", "-", "#")):
            fields[name.strip().lower()] = value.strip().strip("\"'")
    return fields


class _Page:
    """Collects the text of a page, block by block, while tags go by."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._title: list[str] = []
        self._silent: list[str] = []
        self._open_count: Counter[str] = Counter()
        self._in_title = False
        self._locale = ""

    def open_tag(self, tag: str, attributes: str) -> None:
        if tag == "html":
            match = _LANGUAGE.search(attributes)
            self._locale = match.group(1) if match else ""
        if tag == "title" and not self._title:
            self._in_title = True
        elif tag in _SILENT:
            self._silent.append(tag)
            self._open_count[tag] += 1
        elif not self._silent:
            self._parts.append(_opening(tag))

    def close_tag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif self._open_count[tag]:
            # Whatever was left open inside ends with it.
            ended = ""
            while ended != tag:
                ended = self._silent.pop()
                self._open_count[ended] -= 1
        elif not self._silent and (tag in _BLOCKS or tag in _HEADINGS):
            self._parts.append("\n\n" if tag in _HEADINGS else "\n")

    def add_text(self, text: str) -> None:
        if self._in_title:
            self._title.append(html.unescape(text))
        elif not self._silent:
            self._parts.append(_SPACES.sub(" ", html.unescape(text).replace("\n", " ")))

    def result(self) -> ParsedText:
        lines = (line.strip() for line in "".join(self._parts).split("\n"))
        body = _BLANK_LINES.sub("\n\n", "\n".join(line for line in lines if line.strip("#|- ") or not line)).strip()
        title = " ".join("".join(self._title).split())
        heading = _FIRST_HEADING.match(body)
        if heading and title in {"", heading.group(1).strip()}:
            title, body = heading.group(1).strip(), body[heading.end() :].strip()
        return ParsedText(body=body, fields={"title": title, "locale": self._locale})


def _scan(text: str, page: _Page) -> None:
    """Tell ``page`` the tags and texts in turn. Linear whatever the markup: an end not found ends the search for it.

    Python's own HTML parser takes quadratic time on hostile pages in the versions we support.
    """
    lowered = text.lower()
    position = 0
    while (start := text.find("<", position)) >= 0:
        match = _TAG.match(text, start)
        if match is None and not text.startswith(("<!", "<?"), start):
            page.add_text(text[position : start + 1])  # a sign, not a tag
            position = start + 1
            continue
        end = text.find("-->" if text.startswith("<!--", start) else ">", start)
        page.add_text(text[position:start])
        if end < 0:
            return  # never closed: what follows is no text
        position = text.index(">", end) + 1
        if match is None:
            continue
        tag = match.group(2).lower()
        if match.group(1):
            page.close_tag(tag)
            continue
        page.open_tag(tag, text[match.end() : min(end, match.end() + 1000)])
        if tag in _RAW:
            close = lowered.find(f"</{tag}", position)
            close = close if close >= 0 else len(text)
            page.add_text(text[position:close])
            position = close
    page.add_text(text[position:])


def _opening(tag: str) -> str:
    if tag in _HEADINGS:
        return f"\n\n{_HEADINGS[tag]} "
    if tag == "li":
        return "\n- "
    if tag in {"td", "th"}:
        return " | "
    return "\n" if tag in _BLOCKS else ""
