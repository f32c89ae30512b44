"""How do the real values come back? Tokens of the conversation's own table are replaced in whole texts and in streams.

Restoring reads a text once, from left to right: a restored value is never looked at again, so that no value can bring
a token of its own. Tokens that the table does not know stay as they are.
"""

import re

from apps.privacy.types import LONGEST_TOKEN, TOKEN_PATTERN, TokenTable

_TOKEN_BEGUN = re.compile(r"\[(?:[A-Z]+(?:_[A-Z]+)*(?:_(?:[1-9][0-9]{0,5})?)?)?\Z")


def restore(text: str, tokens: TokenTable) -> str:
    """Return the text with the values of the conversation's own tokens."""
    if "[" not in text:
        return text
    return TOKEN_PATTERN.sub(lambda match: tokens.get_value(match[0]) or match[0], text)


class StreamRestorer:
    """Restores a text that arrives in chunks; whatever the chunks, the whole is the same as with ``restore``."""

    def __init__(self, tokens: TokenTable) -> None:
        self._tokens = tokens
        self._held = ""

    def feed(self, chunk: str) -> str:
        """Return what can be shown now; a token that may be cut by the chunk's end is held back."""
        text = self._held + chunk
        cut = text.rfind("[", max(0, len(text) - LONGEST_TOKEN))
        if cut < 0 or not _TOKEN_BEGUN.match(text, cut):
            self._held = ""
            return restore(text, self._tokens)
        self._held = text[cut:]
        return restore(text[:cut], self._tokens)

    def flush(self) -> str:
        """Return what was held back: the stream is over."""
        rest, self._held = self._held, ""
        return restore(rest, self._tokens)
