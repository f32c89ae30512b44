"""Do the check digits of a number agree? The public algorithms that many numbering schemes share.

All functions take the number without separators, letters in upper case.
"""

import datetime
from collections.abc import Sequence
from typing import Final

_VERHOEFF_PRODUCT: Final = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_SHIFT: Final = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip
_ALPHANUMERIC: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def sum_weighted(number: str, weights: Sequence[int]) -> int:
    """Return the sum of digits times weights; the shorter of both decides how many."""
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))


def check_luhn(number: str) -> bool:
    """Say whether the last digit agrees with the others by Luhn's sum."""
    return sum_luhn(number) % 10 == 0


def sum_luhn(number: str) -> int:
    """Return Luhn's sum, the last digit counting once."""
    total = 0
    for index, char in enumerate(reversed(number)):
        digit = int(char) << (index & 1)
        total += digit - 9 if digit > 9 else digit
    return total


def check_verhoeff(number: str) -> bool:
    """Say whether the last digit agrees by Verhoeff's permutations."""
    check = 0
    for index, digit in enumerate(reversed(number)):
        check = int(_VERHOEFF_PRODUCT[check][int(_VERHOEFF_SHIFT[index % 8][int(digit)])])
    return check == 0


def check_mod_97_10(number: str) -> bool:
    """Say whether the number with letters as two digits leaves 1 when divided by 97 (ISO 7064)."""
    return int("".join(str(_ALPHANUMERIC.index(char)) for char in number)) % 97 == 1


def check_mod_11_10(number: str) -> bool:
    """Say whether the digits agree by the hybrid system MOD 11,10 (ISO 7064)."""
    check = 5
    for digit in number[:-1]:
        check = ((check or 10) * 2 % 11 + int(digit)) % 10
    return ((check or 10) * 2 % 11 + int(number[-1])) % 10 == 1


def check_mod_11_2(number: str) -> bool:
    """Say whether the digits, the last perhaps X, agree by MOD 11-2 (ISO 7064)."""
    check = 0
    for char in number:
        check = (2 * check + (10 if char == "X" else int(char))) % 11
    return check == 1


def check_mod_37_36(number: str) -> bool:
    """Say whether letters and digits agree by the hybrid system MOD 37,36 (ISO 7064)."""
    check = 18
    for char in number[:-1]:
        check = ((check or 36) * 2 % 37 + _ALPHANUMERIC.index(char)) % 36
    return ((check or 36) * 2 % 37 + _ALPHANUMERIC.index(number[-1])) % 36 == 1


def check_ean(number: str) -> bool:
    """Say whether an article number's last digit agrees (weights 3 and 1 from the right)."""
    return sum(int(digit) * (3 if index & 1 else 1) for index, digit in enumerate(reversed(number))) % 10 == 0


def check_mrz(number: str) -> bool:
    """Say whether the last digit agrees by the weights 7, 3, 1 of machine readable travel documents."""
    total = sum(_ALPHANUMERIC.index(char) * (7, 3, 1)[index % 3] for index, char in enumerate(number[:-1]))
    return number[-1] == str(total % 10)


def is_date(year: int, month: int, day: int) -> bool:
    """Say whether the calendar has such a day."""
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True


def is_short_date(six: str, order: str = "ymd") -> bool:
    """Say whether six digits are a day in some century, in the order given ("ymd", "dmy")."""
    parts = dict(zip(order, (int(six[0:2]), int(six[2:4]), int(six[4:6])), strict=True))
    return any(is_date(century + parts["y"], parts["m"], parts["d"]) for century in (1900, 2000))


def is_repeated(number: str) -> bool:
    """Say whether all characters are the same, as in placeholders."""
    return len(set(number)) <= 1
