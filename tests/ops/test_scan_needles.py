"""Which forms of a value the scanner recognises, and what it unpacks to see them."""

import base64
import bz2
import gzip
import hashlib
import html
import io
import itertools
import json
import lzma
import quopri
import zipfile
import zlib
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from django.core import signing

from apps.ops.services.scanning import canaries, layers
from apps.ops.services.scanning.canaries import Canary
from apps.ops.services.scanning.matching import Matcher
from apps.ops.services.scanning.needles import build_needles
from apps.ops.services.scanning.problems import CanariesUnusable
from apps.ops.services.scanning.search import CONTROL, Search

NAME = "Jürgen Świątkowski"
EMAIL = "quillfeather+shop@fernpost.example"
NOISE = bytes(range(256)) * 4


def _find(canary: Canary, data: bytes) -> set[str]:
    return {needle.canary for needle in Matcher(build_needles([canary])).find(data)}


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("UTF-8", NAME.encode()),
        ("UTF-16LE", NAME.encode("utf-16-le")),
        ("UTF-16BE", NAME.encode("utf-16-be")),
        ("upper case", NAME.upper().encode()),
        ("upper case, UTF-16", NAME.upper().encode("utf-16-le")),
        ("case-folded", NAME.casefold().encode()),
        ("decomposed", "Ju\u0308rgen S\u0301wia\u0328tkowski".encode()),
        ("full-width", "Jürgen Świątkowski".encode()),
        ("URL", quote(NAME).encode()),
        ("URL, lower case", quote(NAME).lower().encode()),
        ("form", quote_plus(NAME).encode()),
        ("HTML references", NAME.encode("ascii", "xmlcharrefreplace")),
        ("JSON", json.dumps({"name": NAME}).encode()),
        ("JSON in JSON", json.dumps(json.dumps(NAME)).encode()),
        ("bytes as Python shows them", repr(NAME.encode()).encode()),
        ("quoted-printable", quopri.encodestring(NAME.encode())),
        ("header", quopri.encodestring(NAME.encode(), header=True)),
        ("base64, offset 0", base64.b64encode(NAME.encode())),
        ("base64, offset 1", base64.b64encode(b"." + NAME.encode() + b"..")),
        ("base64, offset 2", base64.b64encode(b".." + NAME.encode() + b".")),
        ("base64 for URLs", base64.urlsafe_b64encode(b"\xff\xfe" + NAME.encode())),
        ("hex", NAME.encode().hex().encode()),
        ("HEX", NAME.encode().hex().upper().encode()),
        ("md5", hashlib.md5(NAME.encode(), usedforsecurity=False).hexdigest().encode()),
        ("sha1, bytes", hashlib.sha1(NAME.encode(), usedforsecurity=False).digest()),
        ("sha256", hashlib.sha256(NAME.encode()).hexdigest().upper().encode()),
        ("sha256, base64", base64.b64encode(hashlib.sha256(NAME.encode()).digest())),
        ("sha256 of the folded form", hashlib.sha256(NAME.casefold().encode()).digest()),
        ("surname alone", "Świątkowski".encode()),
        ("surname first", "świątkowski, jürgen".encode()),
    ],
)
def test_a_name_is_recognised_in_every_form(form: str, data: bytes) -> None:
    canary = Canary("c1", "name", NAME)

    assert _find(canary, NOISE + data + NOISE) == {"c1"}, form
    assert _find(canary, NOISE) == set()


@pytest.mark.parametrize(
    "written",
    [
        EMAIL,
        EMAIL.upper(),
        "quillfeather+shop",
        quote(EMAIL, safe=""),
        html.escape(f'<a href="mailto:{EMAIL}">'),
        "quillfeather plus shop at fernpost dot example",
        hashlib.sha256(EMAIL.encode()).hexdigest(),
    ],
)
def test_an_address_is_recognised_by_its_local_part_and_its_other_spellings(written: str) -> None:
    canary = Canary("c1", "email", EMAIL, also=("quillfeather plus shop at fernpost dot example",))

    assert _find(canary, f"write to {written} please".encode()) == {"c1"}


@pytest.mark.parametrize(
    "written",
    ["+12025550143", "0012025550143", "2025550143", "202 555 0143", "202-555-0143", "202.555.0143", "(202) 555-0143",
     "tel:+1-202-555-0143", "+1 202-555-0143"],
)  # fmt: skip
def test_a_number_is_recognised_however_it_is_grouped(written: str) -> None:
    assert _find(Canary("c1", "phone", "+12025550143"), f"call {written}.".encode()) == {"c1"}


@pytest.mark.parametrize("written", ["4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242"])
def test_a_card_is_recognised_however_it_is_grouped(written: str) -> None:
    assert _find(Canary("c1", "card", "4242 4242 4242 4242"), written.encode()) == {"c1"}


def test_a_needle_across_the_border_of_two_chunks_is_found() -> None:
    matcher = Matcher(build_needles([Canary("c1", "email", EMAIL)]))
    data = b"." * 1000 + EMAIL.encode() + b"." * 1000

    for cut in range(1000, 1000 + len(EMAIL)):
        assert {needle.canary for needle in matcher.find_in([data[:cut], data[cut:]])} == {"c1"}


def test_one_pass_finds_all_of_a_thousand_people() -> None:
    people = [Canary(f"c{number}", "email", f"person{number:04d}x@fernpost.example") for number in range(1000)]
    matcher = Matcher(build_needles(people))

    found = matcher.find(b" ".join(base64.b64encode(person.value.encode()) for person in people))

    assert {needle.canary for needle in found} == {person.id for person in people}


def test_a_label_is_shown_without_the_canary_in_it() -> None:
    matcher = Matcher(build_needles([Canary("c1", "email", EMAIL)]))

    assert matcher.mask(f"greeting:{EMAIL.upper()}:7") == f"greeting:{'*' * len(EMAIL)}:7"
    assert matcher.mask("greeting:7") == "greeting:7"


def test_a_control_makes_its_store_seeing_and_is_no_finding() -> None:
    needle = build_needles([Canary("logs: file", "control", "control-0123456789")])
    search = Search(Matcher([one for one in needle if one.kind == CONTROL]))
    search.store("logs").controls["file"] = False
    search.store("media").controls["file"] = False

    search.look("logs", "a.log", b"a control-0123456789 b")

    assert search.store("logs").blind_for == []
    assert search.store("media").blind_for == ["file"]
    assert search.total == 0


# Unpacking ---------------------------------------------------------------------------------------------------------
def _zip(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def _read_layers(path: Path) -> bytes:
    return b"".join(chunk for _, chunks in layers.open_layers(path) for chunk in chunks)


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(EMAIL.encode()),
        gzip.compress(gzip.compress(EMAIL.encode())),
        gzip.compress(b"one\n") + gzip.compress(EMAIL.encode()),
        bz2.compress(EMAIL.encode()),
        lzma.compress(EMAIL.encode()),
        _zip("a.txt", EMAIL.encode()),
        _zip("a.gz", gzip.compress(EMAIL.encode())),
        _zip("a.zip", _zip("b.txt", EMAIL.encode())),
        gzip.compress(_zip("b.txt", EMAIL.encode())),
        _zip(f"{EMAIL}.txt", b"nothing inside, but the name"),
    ],
    # Not the bytes: they hold the time, and every worker must collect the same tests.
    ids=itertools.count(),
)
def test_what_is_packed_in_a_file_is_seen(tmp_path: Path, packed: bytes) -> None:
    path = tmp_path / "attachment"
    path.write_bytes(packed)

    assert EMAIL.encode() in _read_layers(path)


def test_an_archive_that_stays_closed_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "broken.gz"
    path.write_bytes(gzip.compress(EMAIL.encode() * 100)[:-20])

    with pytest.raises(layers.Opaque, match="gzip: EOFError"):
        _read_layers(path)


def test_archives_in_archives_end_somewhere(tmp_path: Path) -> None:
    path = tmp_path / "onion.gz"
    packed = b"core"
    for _ in range(layers.DEEPEST + 1):
        packed = gzip.compress(packed)
    path.write_bytes(packed)

    with pytest.raises(layers.Opaque, match="packed more than 4 times"):
        _read_layers(path)


@pytest.mark.parametrize(
    "value",
    [
        signing.dumps({"shown": [EMAIL] * 20}, key="k", compress=True).encode(),
        b"session: " + base64.urlsafe_b64encode(zlib.compress(EMAIL.encode() * 20, 9)),
        base64.b64encode(zlib.compress(EMAIL.encode() * 20, 1)),
        gzip.compress(EMAIL.encode()),
        _zip("a.txt", EMAIL.encode()),
    ],
    ids=itertools.count(),
)
def test_what_is_packed_in_a_value_is_seen(value: bytes) -> None:
    assert EMAIL.encode() not in value
    closed: list[str] = []
    assert any(EMAIL.encode() in b"".join(pieces) for pieces in layers.expand_value(value, closed))
    assert closed == []


def test_a_value_that_breaks_off_is_said_to_be_closed() -> None:
    closed: list[str] = []

    assert [b"".join(pieces) for pieces in layers.expand_value(gzip.compress(EMAIL.encode() * 100)[:-20], closed)]

    assert closed == ["!gzip: EOFError"]


# The list ----------------------------------------------------------------------------------------------------------
def test_canaries_are_read_as_they_were_written(tmp_path: Path) -> None:
    sown = [Canary("c1", "name", NAME), Canary("c2", "email", EMAIL, also=("elsewhere",))]
    canaries.write_canaries(tmp_path / "canaries.jsonl", sown)

    assert canaries.read_canaries(tmp_path / "canaries.jsonl") == sown
    assert (tmp_path / "canaries.jsonl").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "holds no canaries"),
        ('{"id": "c1", "kind": "email", "value": "a@b.c"}', "line 1, value: string_too_short"),
        ('\n{"id": "c1", "value": "secret-value"}', "line 2, kind: missing"),
        ("secret-value", "line 1, line: json_invalid"),
        ('{"id": "c", "kind": "name", "value": "secret-value"}\n' * 2, "uses an id twice"),
    ],
)
def test_a_bad_list_is_refused_without_quoting_it(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "canaries.jsonl"
    path.write_text(content)

    with pytest.raises(CanariesUnusable, match=reason) as refused:
        canaries.read_canaries(path)

    assert "secret-value" not in str(refused.value)


def test_a_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CanariesUnusable, match="No such file"):
        canaries.read_canaries(tmp_path / "canaries.jsonl")
