"""Messages as people write them, and all that models and search may see of them."""

import pytest

from apps.privacy.services import redacting
from apps.privacy.types import KnownIdentities, TokenTable


def redact(text: str, **options: object) -> str:
    """Redact with a table of its own."""
    return redacting.redact(text, tokens=TokenTable(), **options).text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Julia möchte das Paket umtauschen", "[NAME_1] möchte das Paket umtauschen"),
        ("Anna wartet auf das Paket", "[NAME_1] wartet auf das Paket"),
        ("Thomas braucht die Rechnung", "[NAME_1] braucht die Rechnung"),
    ],
)
def test_a_name_ends_where_the_sentence_goes_on(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("My order number is 4839201", "My order number is 4839201"),
        ("my tracking number is 4839201", "my tracking number is 4839201"),
        ("Booking number is 4839201", "Booking number is 4839201"),
        ("Please text me about order 4839201", "Please text me about order 4839201"),
        ("firmware 1.0.3.14", "firmware 1.0.3.14"),
        ("Version 2.14.3.1 crashes", "Version 2.14.3.1 crashes"),
    ],
)
def test_numbers_of_orders_are_no_telephone_numbers(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Where is my parcel? Thanks Sarah Whitcombe", "Where is my parcel? Thanks [NAME_1]"),
        ("MfG Hans-Peter Kowalski", "MfG [NAME_1]"),
        ("Gracias Juan García López", "Gracias [NAME_1]"),
        ("Mit freundlichen Grüßen Peter Schmidt", "Mit freundlichen Grüßen [NAME_1]"),
        ("Kind regards and thanks", "Kind regards and thanks"),
        ("Best regards from London", "Best regards from London"),
    ],
)
def test_a_closing_and_a_name_may_share_a_line(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Me llamo Jesús Hernández", "Me llamo [NAME_1]"),
        ("My name is Mercedes Lopez", "My name is [NAME_1]"),
        ("I am Zara Khan", "I am [NAME_1]"),
        ("Alexa Johnson", "[NAME_1]"),
        ("My name is German Lopez", "My name is [NAME_1]"),
        ("My name is Sarah Church", "My name is [NAME_1]"),
        ("The Mercedes is broken, I want my Alexa back", "The Mercedes is broken, I want my Alexa back"),
    ],
)
def test_whoever_is_called_like_a_brand_is_called_so(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("my name is peter johnson", "my name is [NAME_1]"),
        ("MY NAME IS PETER JOHNSON AND I WANT A REFUND", "MY NAME IS [NAME_1] AND I WANT A REFUND"),
        ("john wilson", "[NAME_1]"),
        ("marco de luca", "[NAME_1]"),
    ],
)
def test_names_in_lower_case_are_hidden_whole(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("07911123456", "[PHONE_1]"),
        ("0612345678", "[PHONE_1]"),
        ("mój numer to 501 234 567", "mój numer to [PHONE_1]"),
        ("347 1234567", "[PHONE_1]"),
        ("Appelez le 06.12.34.56.78 svp", "Appelez le [PHONE_1] svp"),
    ],
)
def test_telephone_numbers_need_no_word_for_them(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Ich bin am 12.04.1988 geboren", "Ich bin am [BIRTH_DATE_1] geboren"),
        ("14/03/86 is my dob", "[BIRTH_DATE_1] is my dob"),
        ("12/03/1979 (date de naissance)", "[BIRTH_DATE_1] (date de naissance)"),
        ("Je suis née à Lyon le 12/03/1979", "Je suis née à Lyon le [BIRTH_DATE_1]"),
        ("geliefert am 12.04.2026, danke", "geliefert am 12.04.2026, danke"),
    ],
)
def test_births_are_told_before_and_after_the_date(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("ul. Marszałkowska 10 m. 5, 00-001 Warszawa", "[ADDRESS_1]"),
        ("Calle Mayor 5, 2º izq, 28013 Madrid", "[ADDRESS_1]"),
        ("Schulgasse 4/2/12, 1180 Wien", "[ADDRESS_1]"),
        ("Musterweg 12 in 50667 Köln", "[ADDRESS_1]"),
        ("Unter den Linden 77, 10117 Berlin", "[ADDRESS_1]"),
        ("Straße des 17. Juni 135", "[ADDRESS_1]"),
        ("schillerstraße 12", "[ADDRESS_1]"),
        ("j'habite 12 rue lamartine", "j'habite [ADDRESS_1]"),
    ],
)
def test_addresses_go_on_over_flats_and_floors(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("jsmith84 at gmail.com", "[EMAIL_1]"),
        ("anna.meier ät gmx.de", "[EMAIL_1]"),
        ("john(a)example.com", "[EMAIL_1]"),
        ("john *at* example *dot* com", "[EMAIL_1]"),
        ("john_at_example_dot_com", "[EMAIL_1]"),
        ("I am at gmail.com and see nothing", "I am at gmail.com and see nothing"),
    ],
)
def test_an_at_may_be_bare(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("San Francisco", "San Francisco"),
        ("San Antonio", "San Antonio"),
        ("St. Louis", "St. Louis"),
    ],
)
def test_places_may_hold_a_given_name(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "own_words", "redacted"),
    [
        ("My name is Stella Kowalska", "Stella", "My name is [NAME_1]"),
        ("Stella Kowalska has a question", "Stella", "[NAME_1] has a question"),
        ("I am Rose. Gold ring please", "Rose Gold", "I am [NAME_1]. Gold ring please"),
        ("My name is Karl Schmidt", "Karl 500", "My name is [NAME_1]"),
        ("is the Karl 500 back", "Karl 500", "is the Karl 500 back"),
        ("is the rose gold kettle back", "Rose Gold", "is the rose gold kettle back"),
    ],
)
def test_own_words_hide_nobody_who_shares_them(text: str, own_words: str, redacted: str) -> None:
    assert redact(text, own_words=(own_words,)) == redacted


@pytest.mark.parametrize(
    ("text", "known", "redacted"),
    [
        ("joerg voezel hier", KnownIdentities(names=("Jörg Vözel",)), "[NAME_1] hier"),
        (
            "\u79c1\u306f\u5c71\u7530\u592a\u90ce\u3067\u3059",
            KnownIdentities(names=("\u5c71\u7530\u592a\u90ce",)),
            "\u79c1\u306f[NAME_1]\u3067\u3059",
        ),
        ("it is WX77Z again", KnownIdentities(others=("WX-77-Z",)), "it is [ACCOUNT_1] again"),
    ],
)
def test_what_is_known_is_found_in_other_spellings(text: str, known: KnownIdentities, redacted: str) -> None:
    assert redact(text, known=known) == redacted


@pytest.mark.parametrize(
    ("region", "number"), [("ES", "612345678"), ("IT", "3471234567"), ("PL", "501234567"), ("US", "4155552671")]
)
def test_a_region_knows_its_numbers_in_one_piece(region: str, number: str) -> None:
    assert redact(number, region=region) == "[PHONE_1]"
    assert redact(f"order {number}", region=region) == f"order {number}"
