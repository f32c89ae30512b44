"""When are two writings the same value? Each kind has one form for all of them."""

import re
import unicodedata
from typing import Final

from apps.privacy.pipeline import folding, telephones
from apps.privacy.types import Kind

_SPELLED: Final = re.compile(
    r"\s*[\[({<]?\s*\b(?:at|arobase|arroba|chiocciola)\b\s*[\])}>]?\s*(?=.*(?:dot|punkt|punto|ponto|point|punt|\.))"
)
_SPELLED_DOT: Final = re.compile(
    r"\s*[\[({<]?\s*\b(?:dot|punkt|punto|ponto|point|punt)\b\s*[\])}>]?\s*|\s*[\[({<]\s*\.\s*[\])}>]\s*"
)
_NUMBERS: Final = frozenset(
    {Kind.CARD, Kind.BANK, Kind.NATIONAL_ID, Kind.DOCUMENT, Kind.HEALTH_ID, Kind.COMPANY_ID, Kind.VEHICLE, Kind.ACCOUNT}
)
# Their letters differ by case.
_EXACT: Final = frozenset({Kind.TEXT, Kind.SECRET, Kind.WALLET})


def canonicalise(kind: Kind, value: str, *, region: str | None = None) -> str:
    """Return the form that all writings of a value share; never empty."""
    if kind in _EXACT:
        return value
    folded = folding.fold(unicodedata.normalize("NFC", value)).text.lower()
    if kind is Kind.PHONE:
        form = telephones.canonicalise(folded, region)
    elif kind is Kind.EMAIL:
        form = _canonicalise_email(folded)
    elif kind in _NUMBERS:
        form = re.sub(r"[\W_]+", "", folded)
    else:
        form = " ".join(re.sub(r"[^\w'@.:/-]+", " ", folded).split())
    return form or folded or value


def _canonicalise_email(folded: str) -> str:
    if "@" not in folded:
        folded = _SPELLED.sub("@", folded, count=1)
    folded = _SPELLED_DOT.sub(".", folded)
    return re.sub(r"\s+", "", folded).replace("[@]", "@").replace("(@)", "@")
