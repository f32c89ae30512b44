"""Questions find the passages that answer them, and only those of their own organisation."""

import math
import re
from typing import TYPE_CHECKING

import pytest

from apps.core import tenancy
from apps.knowledge.models import PassageVector
from apps.knowledge.selectors import candidates
from apps.knowledge.services import cleaning, documents, encoding, searching
from apps.knowledge.types import Audience, SearchResult
from tests.knowledge.embeddings_endpoint import Reply, embeddings_endpoint
from tests.knowledge.factories import DELIVERY, REFUNDS, WARRANTY, save_article, save_articles, save_internal

if TYPE_CHECKING:
    from pytest_django import Settings

    from apps.accounts.models import Organisation

STEMS = {"parcels": "parcel", "islands": "island", "days": "day", "working": "work", "arrive": "arriv"}
STOP_WORDS = {"the", "to", "on"}


def titles(result: SearchResult) -> list[str]:
    return [hit.title for hit in result.hits]


def test_a_question_finds_the_passage_that_answers_it(in_acme: "Organisation") -> None:
    ids = save_articles()

    result = searching.search_passages(query="What do parcels to the islands take?")

    best = result.hits[0]
    assert (best.document_id, best.title, best.text) == (ids["delivery"], "Delivery times", DELIVERY)
    assert result.epoch == 3
    assert result.encoder_key == encoding.get_encoder().key
    assert not result.degraded
    assert best.dense is not None
    assert 0.3 < best.dense <= 1
    assert best.coverage == 1
    assert 0 < best.score <= 1
    assert [hit.score for hit in result.hits] == sorted((hit.score for hit in result.hits), reverse=True)
    assert result.encode_ms > 0
    assert result.search_ms > 0


def test_other_words_for_the_same_are_found_by_meaning(in_acme: "Organisation") -> None:
    save_articles()

    result = searching.search_passages(query="I want my money back")

    assert titles(result)[0] == "Returns and refunds"
    assert result.hits[0].lexical > 0 or result.hits[0].dense is not None


def test_a_rare_word_is_found_by_itself(in_acme: "Organisation") -> None:
    save_articles()
    save_article("x", "Spare parts", "The catch has number ZX-4711B and costs two euros.")

    assert titles(searching.search_passages(query="zx 4711b"))[0] == "Spare parts"


def test_coverage_is_the_share_of_the_question_weighted_by_rarity(in_acme: "Organisation") -> None:
    save_article("a", "", "Parcels arrive.")
    save_article("b", "", "Parcels vanish.")

    hits = {hit.text: hit for hit in searching.search_passages(query="parcels vanish quickly").hits}

    common, rare, unknown = (math.log(1 + (2 - count + 0.5) / (count + 0.5)) for count in (2, 1, 0))
    assert hits["Parcels vanish."].coverage == pytest.approx((common + rare) / (common + rare + unknown))
    assert hits["Parcels arrive."].coverage == pytest.approx(common / (common + rare + unknown))


def test_the_score_of_words_is_exactly_bm25(in_acme: "Organisation") -> None:
    texts = [DELIVERY, "Working on islands.", REFUNDS, WARRANTY, "Days and days on the islands."]
    for number, text in enumerate(texts):
        save_article(str(number), "", text)
    query = ["island", "parcel", "day"]
    words = [
        [STEMS.get(word, word) for word in re.findall(r"[a-z]+", text.lower()) if word not in STOP_WORDS]
        for text in texts[:2]
    ]
    hits = {hit.text: hit.lexical for hit in searching.search_passages(query="islands parcels days").hits}

    average = candidates.get_index_state().term_total / 5
    holding = {"island": 3, "parcel": 1, "day": 3}
    for text, own in zip(texts[:2], words, strict=True):
        expected = 0.0
        for term in query:
            frequency = own.count(term)
            rarity = math.log(1 + (5 - holding[term] + 0.5) / (holding[term] + 0.5))
            length = 1 - candidates.B + candidates.B * len(own) / average
            expected += rarity * frequency * (candidates.K1 + 1) / (frequency + candidates.K1 * length)
        assert hits[text] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("query", ["", "   ", "?!", "\U0001f600\U0001f44d\U0001f3fd", "\x00", "\u200b"])
def test_a_question_without_words_finds_nothing(in_acme: "Organisation", query: str) -> None:
    save_articles()

    result = searching.search_passages(query=query)

    assert result.hits == ()
    assert result.epoch == 3


@pytest.mark.parametrize(
    "query",
    [
        "parcel\x00 islands",
        "islands " * 2_000,
        "x" * 10_000,
        "a'b\"c\\d%s%(x)s;--",
        "is it?",
        "\u0645\u0631\u062d\u0628\u0627",
        "\ud800 parcel",
    ],
)
def test_any_question_is_searched_for(in_acme: "Organisation", query: str) -> None:
    save_articles()

    assert len(searching.search_passages(query=query).hits) == 3


def test_before_the_first_document_nothing_is_found(in_acme: "Organisation") -> None:
    result = searching.search_passages(query="parcels")

    assert (result.hits, result.epoch, result.degraded) == ((), 0, False)


def test_only_as_many_as_wanted_are_returned(in_acme: "Organisation") -> None:
    save_articles()

    assert len(searching.search_passages(query="parcels", limit=2).hits) == 2


def test_what_customers_may_not_read_is_not_found_for_them(in_acme: "Organisation") -> None:
    save_internal("rules", "Rules for refunds", "Refund without asking up to fifty euros.")
    save_article("refunds", "Refunds", REFUNDS)

    assert titles(searching.search_passages(query="refund without asking")) == ["Refunds"]
    everything = searching.search_passages(
        query="refund without asking", audiences=[Audience.PUBLIC, Audience.INTERNAL]
    )
    assert titles(everything)[0] == "Rules for refunds"


def test_a_hidden_document_is_gone_at_once_and_back_at_once(in_acme: "Organisation") -> None:
    document_id = save_article("delivery", "Delivery", DELIVERY)

    documents.set_document_live(document_id=document_id, is_live=False)
    assert searching.search_passages(query="parcels").hits == ()

    documents.set_document_live(document_id=document_id, is_live=True)
    assert titles(searching.search_passages(query="parcels")) == ["Delivery"]


def test_a_search_may_be_kept_to_a_language(in_acme: "Organisation") -> None:
    save_article("en", "Delivery", "Parcels take two days.")
    save_article("de", "Lieferung", "Pakete brauchen zwei Tage.", locale="de")

    assert titles(searching.search_passages(query="Pakete", locales=["de"])) == ["Lieferung"]
    assert set(titles(searching.search_passages(query="Pakete"))) == {"Lieferung", "Delivery"}


def test_a_search_sees_nothing_of_another_organisation(acme: "Organisation", orbis: "Organisation") -> None:
    with tenancy.scope(acme.id):
        ours = set(save_articles().values())
    with tenancy.scope(orbis.id):
        theirs = set(save_articles().values())
        save_article("secret", "Islands", "Only Orbis knows how long parcels to the islands take.")

    for organisation, own in ((acme, ours), (orbis, theirs)):
        with tenancy.scope(organisation.id):
            found = searching.search_passages(query="How long do parcels to the islands take?", limit=50)
            assert own <= {hit.document_id for hit in found.hits}
    with tenancy.scope(acme.id):
        found = searching.search_passages(query="Only Orbis knows", limit=50)
        assert {hit.document_id for hit in found.hits} <= ours
        # Rarity, too, is counted among one's own documents alone.
        assert candidates.get_index_state().passage_count == 3


def test_a_search_needs_to_know_whose(db: None) -> None:
    with pytest.raises(tenancy.TenantScopeMissing):
        searching.search_passages(query="parcels")


def test_one_document_does_not_fill_the_result(in_acme: "Organisation") -> None:
    words = ["vans", "lorries", "bicycles", "sledges", "buses", "mules"]
    parts = [" ".join(f"{word} number {item} of {word}{item}x." for item in range(40)) for word in words]
    body = "\n".join(f"## {word}\nParcels travel by road. {part}" for word, part in zip(words, parts, strict=True))
    save_article("long", "Parcels", body)
    save_article("other", "Trains", "Trains travel by rail.")

    result = searching.search_passages(query="parcels travel by road", limit=8)

    assert titles(result).count("Parcels") == 3
    assert "Trains" in titles(result)


def test_passages_that_repeat_a_better_one_are_left_out(in_acme: "Organisation") -> None:
    part = "Parcels to the islands take six working days because the ferry sails twice a week. " * 20
    save_article("repeating", "Islands", f"## One\n{part}\n## Two\n{part}\n## Three\n{part}")

    assert len(searching.search_passages(query="parcels to the islands").hits) == 1


def test_without_its_encoder_a_search_goes_by_words_and_says_so(in_acme: "Organisation", settings: "Settings") -> None:
    save_articles()
    settings.KNOWLEDGE_ENCODER = "minilm"
    settings.VAR_DIR = settings.VAR_DIR / "nowhere"
    encoding.use_encoder("minilm", None)

    result = searching.search_passages(query="parcels to the islands")

    assert titles(result) == ["Delivery times"]
    assert result.degraded_reason == "knowledge.encoder_missing"
    assert result.hits[0].dense is None
    assert result.hits[0].coverage == 1


def test_an_endpoint_that_fails_degrades_the_search_and_nothing_else(
    in_acme: "Organisation", settings: "Settings"
) -> None:
    save_articles()
    with embeddings_endpoint() as endpoint:
        settings.KNOWLEDGE_ENCODER, settings.EMBEDDINGS_BASE_URL = "endpoint", endpoint.url
        settings.EMBEDDINGS_MODEL, settings.EMBEDDINGS_API_KEY = "m", "k"
        encoding.use_encoder("endpoint", None)
        endpoint.replies.append(Reply(status=503))

        result = searching.search_passages(query="parcels to the islands")

    assert titles(result) == ["Delivery times"]
    assert result.degraded_reason == "knowledge.encoder_failed"


def test_vectors_of_another_encoder_are_never_compared(in_acme: "Organisation", settings: "Settings") -> None:
    save_articles()
    with embeddings_endpoint() as endpoint:
        settings.KNOWLEDGE_ENCODER, settings.EMBEDDINGS_BASE_URL = "endpoint", endpoint.url
        settings.EMBEDDINGS_MODEL, settings.EMBEDDINGS_API_KEY = "m", "k"
        encoding.use_encoder("endpoint", None)

        before = searching.search_passages(query="parcels to the islands")
        # Saved again, because the encoder is another now.
        save_articles()
        after = searching.search_passages(query="parcels to the islands")

    assert before.degraded_reason == searching.NOT_ENCODED
    assert [hit.dense for hit in before.hits] == [None]
    assert not after.degraded
    assert all(hit.dense is not None for hit in after.hits)
    assert set(PassageVector.objects.values_list("encoder_key", flat=True)) == {"endpoint:m:8"}


def test_beyond_some_size_the_graph_is_walked_and_finds_the_same(
    in_acme: "Organisation", monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        save_article(str(number), f"Locker {number}", f"Locker number {number} is beside door {number % 7}.")
    encoder = encoding.get_encoder()
    exact = search_all("locker beside door three", encoder.key)

    monkeypatch.setattr(candidates, "EXACT_UP_TO", 0)
    walked = search_all("locker beside door three", encoder.key)

    assert len(walked & exact) >= 9


def search_all(query: str, encoder_key: str) -> set[str]:
    """Return the ten nearest passages by meaning alone."""
    found = candidates.search_candidates(
        state=candidates.get_index_state(),
        words=cleaning.as_words("nothing"),
        vector=encoding.get_encoder().encode_query(query),
        encoder_key=encoder_key,
        pool=10,
        audiences=["public"],
    )
    return {str(candidate.passage_id) for candidate in found}
