"""The public algorithms agree with their published examples, and every scheme of the table holds together."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.privacy.pipeline import checksums, identifiers


@pytest.mark.parametrize(
    ("check", "number"),
    [
        (checksums.check_luhn, "79927398713"),
        (checksums.check_verhoeff, "2363"),
        (checksums.check_mod_97_10, "3214282912345698765432161182"),
        (checksums.check_mod_11_10, "503178"),
        (checksums.check_mod_11_2, "44178"),
        (checksums.check_mod_37_36, "B55519XYZ7000321S"),
        (checksums.check_ean, "9783161484100"),
        (checksums.check_mrz, "L898902C36"),
    ],
)
def test_a_published_example_passes_and_its_neighbour_does_not(check: object, number: str) -> None:
    neighbour = number[:-1] + ("1" if number[-1] != "1" else "2")

    assert check(number)  # type: ignore[operator]
    assert not check(neighbour)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("scheme", "good", "bad"),
    [
        ("us_ssn", "545-35-3314", "545-00-3314"),
        ("gb_nhs", "900 070 5614", "900 070 5610"),
        ("fr_nir", "2 98 08 33 345 315 63", "2 98 08 33 345 315 60"),
        ("de_tax_id", "43 801 896 584", "43 801 896 580"),
        ("es_nif", "43684248A", "43684248B"),
        ("it_fiscal_code", "DRTTGP81P17H501S", "DRTTGP81P17H501A"),
        ("nl_bsn", "249351274", "249351270"),
        ("pl_pesel", "74061422644", "74061422640"),
        ("se_personnummer", "790111-6835", "790111-6830"),
        ("fi_hetu", "190475-858H", "190475-858A"),
        ("br_cpf", "442.865.053-16", "442.865.053-10"),
        ("in_aadhaar", "7793 0707 3386", "7793 0707 3380"),
        ("th_pin", "3-2497-51792-76-5", "3-2497-51792-76-0"),
        ("tr_kimlik", "42384520996", "42384520990"),
        ("au_tfn", "075 272 766", "075 272 760"),
        ("za_id", "7305168904080", "7305168904081"),
    ],
)
def test_a_number_is_told_from_its_mistyped_neighbour(scheme: str, good: str, bad: str) -> None:
    assert identifiers.verify(scheme, good)
    assert not identifiers.verify(scheme, bad)


def test_scheme_names_are_unique() -> None:
    assert len(identifiers.BY_NAME) == len(identifiers.SCHEMES) > 120


@pytest.mark.parametrize("scheme", identifiers.SCHEMES, ids=lambda row: row.name)
def test_no_shape_reads_on_for_ever(scheme: object) -> None:
    # An unbounded repetition would make the work grow faster than the text.
    assert not re.search(r"(?<!\\)[*+]|\{\d+,\}", re.sub(r"\[[^\]]*\]", "", scheme.shape))  # type: ignore[attr-defined]


@settings(deadline=None)
@given(st.sampled_from(identifiers.SCHEMES), st.data())
def test_whatever_has_a_shape_is_judged_without_an_error(scheme: object, data: st.DataObject) -> None:
    pattern = re.compile(scheme.shape, re.ASCII | re.IGNORECASE)  # type: ignore[attr-defined]
    written = data.draw(st.from_regex(pattern, fullmatch=True))

    assert identifiers.verify(scheme.name, written) in (True, False)  # type: ignore[attr-defined]
