"""What does an answer say where the AI means somebody's personal data? A token of the conversation, or plain words.

The AI sees tokens such as ``[EMAIL_1]`` in place of personal data and uses them in its answer; for people they become
what they stand for. A token that it made up stands for nothing: while the text streams, it becomes the name of its
kind in brackets, so that what is shown, stored and restored are the same.
"""

import re

from apps.privacy.types import LONGEST_TOKEN, REPLACED, TOKEN_PATTERN, Kind, TokenTable

_KINDS = "|".join(sorted((kind.value for kind in REPLACED), key=len, reverse=True))
# Models change case and, writing Markdown, escape the underscore. Without a number only the exact writing is meant.
_TOKEN = re.compile(rf"\[((?i:{_KINDS}))\\?_([1-9][0-9]{{0,5}})\]|\[({_KINDS})\]")
_BEGUN = re.compile(r"\[(?:[A-Za-z]+(?:\\?_[A-Za-z]+)*(?:\\?_?[0-9]{0,6})?\\?_?)?\Z")
_LONGEST = LONGEST_TOKEN + len("\\\\\\")
# A value in which there is a link would have the assistant vouch for it.
_LINK = re.compile(r"https?://|\]\(")

WORDS = {
    "en": {
        Kind.NAME: "name", Kind.USER_NAME: "user name", Kind.EMAIL: "e-mail address", Kind.PHONE: "phone number",
        Kind.ADDRESS: "address", Kind.POSTCODE: "postcode", Kind.BIRTH_DATE: "date of birth",
        Kind.CARD: "card number", Kind.BANK: "account number", Kind.IP: "IP address", Kind.SECRET: "password",
    },
    "de": {
        Kind.NAME: "Name", Kind.USER_NAME: "Benutzername", Kind.EMAIL: "E-Mail-Adresse", Kind.PHONE: "Telefonnummer",
        Kind.ADDRESS: "Adresse", Kind.POSTCODE: "Postleitzahl", Kind.BIRTH_DATE: "Geburtsdatum",
        Kind.CARD: "Kartennummer", Kind.BANK: "Kontonummer", Kind.IP: "IP-Adresse", Kind.SECRET: "Passwort",
    },
    "fr": {
        Kind.NAME: "nom", Kind.USER_NAME: "identifiant", Kind.EMAIL: "adresse e-mail",
        Kind.PHONE: "numéro de téléphone", Kind.ADDRESS: "adresse", Kind.POSTCODE: "code postal",
        Kind.BIRTH_DATE: "date de naissance", Kind.CARD: "numéro de carte", Kind.BANK: "numéro de compte",
        Kind.IP: "adresse IP", Kind.SECRET: "mot de passe",
    },
    "es": {
        Kind.NAME: "nombre", Kind.USER_NAME: "usuario", Kind.EMAIL: "correo electrónico", Kind.PHONE: "teléfono",
        Kind.ADDRESS: "dirección", Kind.POSTCODE: "código postal", Kind.BIRTH_DATE: "fecha de nacimiento",
        Kind.CARD: "número de tarjeta", Kind.BANK: "número de cuenta", Kind.IP: "dirección IP",
        Kind.SECRET: "contraseña",
    },
    "ar": {
        Kind.NAME: "الاسم", Kind.USER_NAME: "اسم المستخدم", Kind.EMAIL: "البريد الإلكتروني",
        Kind.PHONE: "رقم الهاتف", Kind.ADDRESS: "العنوان", Kind.POSTCODE: "الرمز البريدي",
        Kind.BIRTH_DATE: "تاريخ الميلاد", Kind.CARD: "رقم البطاقة", Kind.BANK: "رقم الحساب",
        Kind.IP: "عنوان IP", Kind.SECRET: "كلمة المرور",
    },
}  # fmt: skip
# For kinds without a word of their own: numbers and papers of every sort.
OTHERWISE = {"en": "personal detail", "de": "persönliche Angabe", "fr": "donnée personnelle", "es": "dato personal",
             "ar": "بيانات شخصية"}  # fmt: skip


class PersonalTokens:
    """Follows one answer, piece by piece. ``tokens`` are the conversation's when the answer began."""

    def __init__(self, tokens: TokenTable, language: str) -> None:
        self._tokens = tokens
        self._language = language if language in WORDS else "en"
        self._held = ""

    def feed(self, piece: str) -> str:
        """Return the text that can be passed on now; the beginning of a token waits for its end."""
        text = self._held + piece
        cut = text.rfind("[", max(0, len(text) - _LONGEST))
        if cut < 0 or not _BEGUN.match(text, cut):
            cut = len(text)
        self._held = text[cut:]
        return _TOKEN.sub(self._settle, text[:cut])

    def finish(self) -> str:
        """Return what was held back: it was not a token."""
        held, self._held = self._held, ""
        return held

    def restart(self) -> None:
        """Forget everything: the answer begins anew."""
        self._held = ""

    def _settle(self, match: re.Match[str]) -> str:
        kind = (match[1] or match[3]).upper()
        token = f"[{kind}_{match[2]}]"
        value = self._tokens.get_value(token) if match[2] else None
        if value is not None and value != token and not _LINK.search(value):
            return token
        words = WORDS[self._language].get(Kind(kind), OTHERWISE[self._language])
        return f"({words})"


def without_tokens(text: str) -> str:
    """Return a redacted text without its tokens, for a search: they are in no article."""
    return TOKEN_PATTERN.sub(" ", text)
