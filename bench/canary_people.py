"""Who writes, and what do they give away? Invented people of a dozen countries, each with values nobody else has.

Values are well-formed (checksums, numbering plans) and written as people write them, not as a recogniser would like
them. Everything follows from the seed.
"""

import calendar
import json
import random
import string
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import phonenumbers

from apps.ops.services.scanning.canaries import Canary

QUESTIONS = (
    "How long do I have to return something I don't want?",
    "Do you deliver to Ireland?",
    "How do I descale the kettle?",
    "What does Night Post cost?",
    "Can I change my order?",
)


@dataclass(frozen=True)
class Country:
    """How people of one country are called, reached and addressed. Surnames are made of stem and ending."""

    region: str
    first: list[str]
    stems: list[str]
    endings: list[str]
    introduction: str
    street: str
    postcode: str
    iban: str


_WORDS = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
COUNTRIES = tuple(Country(**country) for country in _WORDS["countries"])
_LABELLED: dict[str, list[str]] = _WORDS["sentences"]
_NICKNAMES = (
    ("quiet", "brisk", "amber", "velvet", "rusty", "tidy", "lunar", "mellow", "crisp", "dusty"),
    ("lantern", "walrus", "teapot", "comet", "badger", "harbour", "pixel", "thimble", "acorn", "heron"),
)
# Letters that are not a plain one with a mark.
_PLAIN = str.maketrans({"\u0142": "l", "\u0131": "i"})
_EXTRAS = ("card", "bank", "address", "birth_date", "national_id", "ip")


@dataclass(frozen=True)
class Sown:
    """A canary, in which manner it was written, and the exact text that stood in the message."""

    canary: Canary
    manner: str
    written: str


@dataclass
class Person:
    """One customer: what they will write, turn by turn, and all that they give away."""

    number: int
    country: Country
    name: str
    email: str
    phone: str
    turns: list[str] = field(default_factory=list)
    sown: list[Sown] = field(default_factory=list)


class People:
    """Makes people; no value is used twice."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._used: set[str] = set()
        names = [
            (country, f"{stem}{ending}")
            for country in COUNTRIES
            for stem in country.stems
            for ending in country.endings
        ]
        self.random.shuffle(names)
        self._surnames = names

    def make(self, number: int) -> Person:
        """Return one more person, with three messages to write."""
        country, surname = self._surnames[number]
        name = f"{self.random.choice(country.first)} {surname}"
        person = Person(number, country, name, self._email(name), self._phone(country.region))
        first, second, third = (self.random.choice(QUESTIONS) for _ in range(3))
        person.turns = [
            self._say_name(person, first),
            f"{self._say_email(person)} {self._say_phone(person)}\n{second}",
            self._say_extras(person, third),
        ]
        return person

    def make_colleague(self, number: int) -> Person:
        """Return somebody agents write about: a name, an address and a number in one reply."""
        person = self.make(number)
        person.sown.clear()
        self._sow(person, "name", "in an agent's reply", person.name, person.name)
        self._sow(person, "email", "in an agent's reply", person.email, person.email)
        self._sow(person, "phone", "in an agent's reply", person.phone, self._national(person.phone))
        person.turns = [
            f"Our driver {person.name} will call you from {self._national(person.phone)}; "
            f"you can also write to {person.email}.\nKind regards"
        ]
        return person

    def make_token_claims(self, person: Person) -> dict[str, str]:
        """Return what a website would say about this person; the claims are canaries too."""
        customer = self._unused(lambda: f"cust-{self.random.randrange(10**9):09d}")
        email = self._email(person.name)
        self._sow(person, "email", "in a visitor token", email, "")
        self._sow(person, "account", "in a visitor token", customer, "")
        return {"sub": customer, "name": person.name, "email": email}

    # Sentences -----------------------------------------------------------------------------------------------------
    def _say_name(self, person: Person, question: str) -> str:
        manner, form = self.random.choice(
            [
                ("introduction", f"{person.country.introduction} {question}"),
                ("introduction", f"Hello, my name is {{}}. {question}"),
                ("signature", f"{question}\n\nKind regards,\n{{}}"),
                ("signature", f"{question} Thanks, {{}}"),
                ("label", f"Name on the order: {{}}. {question}"),
                ("third person", f"My wife {{}} has placed an order. {question}"),
                ("no context", f"{{}}, ordered last week. {question}"),
            ]
        )
        self._sow(person, "name", manner, person.name, person.name)
        return form.format(person.name)

    def _say_email(self, person: Person) -> str:
        local, _, domain = person.email.partition("@")
        manner, written = self.random.choice(
            [
                ("plain", person.email),
                ("plain", person.email),
                ("upper case", person.email.upper()),
                ("spaced", f"{local} @ {domain}"),
                ("in words", f"{local.replace('.', ' dot ')} at {domain.replace('.', ' dot ')}"),
                ("in brackets", f"{local}[at]{domain.replace('.', '[dot]')}"),
            ]
        )
        # What is left when only its first half is taken for a name is still the address.
        self._sow(person, "email", manner, person.email, written, local.rpartition(".")[2])
        return self._label("email", written)

    def _say_phone(self, person: Person) -> str:
        international = phonenumbers.format_number(
            phonenumbers.parse(person.phone), phonenumbers.PhoneNumberFormat.INTERNATIONAL
        )
        national = self._national(person.phone)
        manner, written = self.random.choice(
            [
                ("international", international),
                ("international", person.phone),
                ("national", national),
                ("national, dotted", national.replace(" ", ".").replace("-", ".")),
                ("with 00", "00" + international[1:]),
            ]
        )
        self._sow(person, "phone", manner, person.phone, written)
        return self._label("phone", written)

    def _say_extras(self, person: Person, question: str) -> str:
        said = []
        for kind in self.random.sample(_EXTRAS, 2):
            manner, value, written = getattr(self, f"_make_{kind}")(person)
            self._sow(person, kind, manner, value, written)
            said.append(self._label(kind, written))
        return f"{' '.join(said)} {question}"

    def _label(self, kind: str, written: str) -> str:
        return self.random.choice(_LABELLED[kind]).format(written)

    def _sow(self, person: Person, kind: str, manner: str, value: str, written: str, *more: str) -> None:
        canary_id = f"p{person.number:04d}-{kind}-{len(person.sown)} ({manner})"
        also = tuple(text for text in (written, *more) if text and text != value)
        person.sown.append(Sown(Canary(canary_id, kind, value, also), manner, written))

    # Values --------------------------------------------------------------------------------------------------------
    def _unused(self, make: Callable[[], str]) -> str:
        while True:
            value = make()
            if value not in self._used:
                self._used.add(value)
                return value

    def _email(self, name: str) -> str:
        plain = unicodedata.normalize("NFKD", name.lower().translate(_PLAIN))
        first, last = "".join(c for c in plain if c.isascii() and (c.isalpha() or c == " ")).split()
        if self.random.random() < 0.5:  # half the world uses its name, the other half does not
            first, last = self.random.choice(_NICKNAMES[0]), self.random.choice(_NICKNAMES[1])
        # Always with three digits: no part of an address is the beginning of another.
        local = f"{first}.{self._unused(lambda: f'{last}{self.random.randrange(100, 1000)}')}"
        hosts = ("fernpost.example", "kiteline.example", "mail.postbahn.example", "velo-ciel.example")
        return f"{local}@{self.random.choice(hosts)}"

    def _phone(self, region: str) -> str:
        example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        assert example is not None
        pattern = phonenumbers.national_significant_number(example)

        def make() -> str:
            while True:
                digits = pattern[:-6] + "".join(self.random.choices(string.digits, k=6))
                number = phonenumbers.parse(digits, region)
                if phonenumbers.is_valid_number(number):
                    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

        return self._unused(make)

    def _national(self, phone: str) -> str:
        return phonenumbers.format_number(phonenumbers.parse(phone), phonenumbers.PhoneNumberFormat.NATIONAL)

    def _make_card(self, _person: Person) -> tuple[str, str, str]:
        prefix, length = self.random.choice([("4539", 16), ("5412", 16), ("3742", 15), ("6011", 16)])
        digits = self._unused(lambda: _with_luhn(prefix + self._digits(length - 5)))
        groups = [4, 6, 5] if length == 15 else [4] * 4
        manner, mark = self.random.choice([("spaced", " "), ("compact", ""), ("dashed", "-")])
        return manner, digits, _group(digits, groups, mark)

    def _make_bank(self, person: Person) -> tuple[str, str, str]:
        country = person.country.iban or "DE"
        account = {"GB": "NWBK" + self._digits(14), "NL": "INGB" + self._digits(10)}.get(country)
        lengths = {"DE": 18, "FR": 23, "ES": 20}
        body = account or self._digits(lengths.get(country, 18))
        iban = self._unused(lambda: _with_iban_check(country, body))
        manner, mark = self.random.choice([("spaced", " "), ("compact", "")])
        return manner, iban, _group(iban, [4] * (len(iban) // 4 + 1), mark)

    def _make_address(self, person: Person) -> tuple[str, str, str]:
        def make() -> str:
            street = person.country.street.format(self.random.randrange(2, 999))
            postcode = person.country.postcode.format(self.random.randrange(1, 29), self.random.randrange(1, 9))
            return f"{street}, {postcode}" if postcode else street

        address = self._unused(make)
        return person.country.region, address, address

    def _make_birth_date(self, _person: Person) -> tuple[str, str, str]:
        def make() -> str:
            year, month = self.random.randrange(1940, 2006), self.random.randrange(1, 13)
            return f"{year}-{month:02d}-{self.random.randrange(1, 29):02d}"

        iso = self._unused(make)
        year, month, day = iso.split("-")
        manner, written = self.random.choice(
            [
                ("in words", f"{int(day)} {calendar.month_name[int(month)]} {year}"),
                ("day first", f"{day}/{month}/{year}"),
                ("dotted", f"{day}.{month}.{year}"),
                ("ISO", iso),
            ]
        )
        return manner, iso, written

    def _make_national_id(self, _person: Person) -> tuple[str, str, str]:
        makers = {"US SSN": self._ssn, "ES DNI": self._dni, "BR CPF": self._cpf, "PL PESEL": self._pesel}
        manner = self.random.choice(list(makers))
        value = self._unused(makers[manner])
        return manner, value, value

    def _make_ip(self, _person: Person) -> tuple[str, str, str]:
        value = self._unused(lambda: ".".join(str(self.random.randrange(21, 223)) for _ in range(4)))
        return "v4", value, value

    def _ssn(self) -> str:
        return f"{self.random.randrange(100, 665)}-{self.random.randrange(10, 99)}-{self.random.randrange(1000, 9999)}"

    def _dni(self) -> str:
        number = self.random.randrange(10_000_000, 99_999_999)
        return f"{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"

    def _cpf(self) -> str:
        digits = [self.random.randrange(10) for _ in range(9)]
        for _ in range(2):
            weights = range(len(digits) + 1, 1, -1)
            digits.append(sum(d * w for d, w in zip(digits, weights, strict=True)) * 10 % 11 % 10)
        text = "".join(map(str, digits))
        return f"{text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}"

    def _pesel(self) -> str:
        r = self.random
        digits = f"{r.randrange(40, 99)}{r.randrange(1, 13):02d}{r.randrange(1, 29):02d}{r.randrange(1000, 9999)}"
        weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
        return digits + str(-sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 10)

    def _digits(self, count: int) -> str:
        return "".join(self.random.choices(string.digits, k=count))


def _with_luhn(digits: str) -> str:
    doubled = [int(d) * (2 - number % 2) for number, d in enumerate(reversed(digits))]
    return digits + str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)


def _with_iban_check(country: str, body: str) -> str:
    number = int("".join(str(int(character, 36)) for character in f"{body}{country}00"))
    return f"{country}{98 - number % 97:02d}{body}"


def _group(text: str, sizes: list[int], mark: str) -> str:
    parts, start = [], 0
    for size in sizes:
        parts.append(text[start : start + size])
        start += size
    return mark.join(part for part in parts if part)
