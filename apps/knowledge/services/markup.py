"""What do a Markdown file and an HTML page say? Title, text, and what their front matter declares."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)?---[ \t]*(?:\n|\Z)", re.DOTALL)
_FIRST_HEADING = re.compile(r"\A\s*#[ \t]+([^\n]+)\n?")
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_BLANK_LINES = re.compile(r" *\n *(?:\n *)+")

_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_BLOCKS = frozenset(
    {"address", "article", "blockquote", "body", "br", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption"}
    | {"figure", "form", "hr", "html", "main", "ol", "p", "pre", "section", "summary", "table", "tr", "ul"}
)
# What is furniture of a page, not its text.
_SILENT = frozenset(
    {"button", "head", "iframe", "nav", "noscript", "object", "script", "select", "style", "svg", "template"}
)


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
    parser = _PageParser()
    parser.feed(text)
    parser.close()
    return parser.result()


def _parse_front_matter(text: str) -> dict[str, str]:
    fields = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip() and not line.startswith((" ", "\t", "-", "#")):
            fields[name.strip().lower()] = value.strip().strip("\"'")
    return fields


class _PageParser(HTMLParser):
    """Collects text, block by block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._title: list[str] = []
        self._silent: list[str] = []
        self._in_title = False
        self._locale = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "html":
            self._locale = dict(attrs).get("lang") or ""
        if tag == "title" and not self._title:
            self._in_title = True
        elif tag in _SILENT:
            self._silent.append(tag)
        elif not self._silent:
            self._parts.append(_opening(tag))

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag in self._silent:
            # Whatever was left open inside ends with it.
            while self._silent.pop() != tag:
                pass
        elif not self._silent and (tag in _BLOCKS or tag in _HEADINGS):
            self._parts.append("\n\n" if tag in _HEADINGS else "\n")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self._title.append(data)
        elif not self._silent:
            self._parts.append(_SPACES.sub(" ", data.replace("\n", " ")))

    def result(self) -> ParsedText:
        lines = (line.strip() for line in "".join(self._parts).split("\n"))
        body = _BLANK_LINES.sub("\n\n", "\n".join(line for line in lines if line.strip("#|- ") or not line)).strip()
        title = " ".join("".join(self._title).split())
        heading = _FIRST_HEADING.match(body)
        if heading and title in {"", heading.group(1).strip()}:
            title, body = heading.group(1).strip(), body[heading.end() :].strip()
        return ParsedText(body=body, fields={"title": title, "locale": self._locale})


def _opening(tag: str) -> str:
    if tag in _HEADINGS:
        return f"\n\n{_HEADINGS[tag]} "
    if tag == "li":
        return "\n- "
    if tag in {"td", "th"}:
        return " | "
    return "\n" if tag in _BLOCKS else ""
