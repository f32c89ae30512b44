"""How does a passage read where there is room for a line only?"""

import re

from django import template

register = template.Library()

# Marks at the beginning of a line (headings, lists, quotes), table rules, and emphasis. Each is bounded, so a passage
# of any length takes linear time.
_LINE_MARKS = re.compile(r"^[ \t]{0,8}(?:#{1,6}|[-*+>]|\d{1,3}[.)])[ \t]", re.MULTILINE)
_RULES = re.compile(r"^[ \t]{0,8}[|:\- \t]{3,200}$", re.MULTILINE)
_EMPHASIS = re.compile(r"\*{1,2}|`|\|")


@register.filter
def plain(markdown: str) -> str:
    """Return Markdown as one line of plain words."""
    text = _EMPHASIS.sub(" ", _LINE_MARKS.sub("", _RULES.sub("", markdown)))
    return " ".join(text.split())
