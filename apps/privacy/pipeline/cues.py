"""Which words say that a name follows, and which say that none does? In the languages of the house, folded."""

import re
from typing import Final

from apps.privacy.pipeline import lexicon

# A name follows, whatever it looks like.
INTRODUCED: Final = re.compile(rf"(?:{lexicon.alternatives('introduced')})[\s:\"'*]{{1,3}}\Z")
# A name may follow: what follows must look like one.
SOFT: Final = re.compile(rf"(?:{lexicon.alternatives('soft')})[\s\"']{{1,2}}\Z")
INTRODUCING_LAST: Final = lexicon.words("introducing_last")
GREETINGS: Final = lexicon.words("greetings")
TITLES: Final = lexicon.words("titles")
# Relations and offices: "my wife Sara", "Officer Lee".
ROLES: Final = lexicon.words("roles")
# "Name: Sara"; not after words of things, as in "Product name: …".
FIELDS: Final = lexicon.words("fields")
# "Name on the order: Sara".
NAME_FIELD: Final = re.compile(
    rf"(?:[a-z-]{{1,20}} )?\b(?:{lexicon.alternatives('name_fields')})(?: [a-z']{{1,15}}){{1,5}} ?: ?\Z"
)
NOT_PERSONS: Final = lexicon.words("not_persons")
CLOSINGS: Final = lexicon.words("closings")
PARTICLES: Final = lexicon.words("particles")
SUFFIXES: Final = lexicon.words("suffixes")
# Before these a name that is a place as well is a person, after those a place.
PLACE_BEFORE: Final = lexicon.words("place_before")
PERSON_BEFORE: Final = lexicon.words("person_before")
NAMELIKE_PLACES: Final = lexicon.words("namelike_places")
PERSONAL_VERBS: Final = lexicon.words("personal_verbs")
# What only people do: before these even an unknown word that begins a sentence is taken for a name.
HUMAN_VERBS: Final = lexicon.words("human_verbs")
# "Huseen, please …": words with which one turns to somebody.
ADDRESSING: Final = frozenset({"please", "can", "could", "would", "your", "you", "any"})
ORGANISATIONS: Final = lexicon.words("organisations")
BRANDS: Final = lexicon.words("brands")
# Never part of a name, whatever stands before.
NEVER: Final = lexicon.words("never")
SLANG: Final = lexicon.words("slang")
# Surnames that are words first where nothing is capitalised, and names that begin sentences as plain words.
SMALL_WORDS: Final = lexicon.words("small_words")
OPENING_WORDS: Final = lexicon.words("opening_words")
# Where these stand, nouns have capitals, so that a capital says little.
GERMAN: Final = lexicon.words("german")
SUFFIX_SURNAME: Final = re.compile(rf"[a-z'-]{{3,24}}(?:{lexicon.alternatives('surname_endings')})\Z")
