"""How is a sentence of the data map shown on a page? Names of the program set apart, everything else as it is."""

import re

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
_NAME = re.compile(r"`([^`]+)`")


@register.filter
def with_names(text: str) -> SafeString:
    """Return the text with what stands between backticks as code."""
    # Escaped before anything is added.
    return mark_safe(_NAME.sub(r"<code>\1</code>", conditional_escape(text)))  # noqa: S308
