"""Vectors from an endpoint: batched, patient with imports, short with customers, and plain about what went wrong."""

from collections.abc import Iterator

import numpy as np
import pytest

from apps.knowledge.errors import EncoderFailed, EncoderRefused
from apps.knowledge.providers.openai_compatible import BATCH_SIZE, EndpointEncoder
from tests.knowledge.embeddings_endpoint import DIMENSIONS, Endpoint, Reply, embeddings_endpoint, vector_of


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with embeddings_endpoint() as running:
        yield running


def make_encoder(endpoint: Endpoint) -> EndpointEncoder:
    return EndpointEncoder(base_url=endpoint.url + "/", api_key="k-1", model="embed-small")


def test_vectors_come_back_in_order_and_of_length_one(endpoint: Endpoint) -> None:
    texts = [f"text {'x' * number}" for number in range(BATCH_SIZE + 3)]

    vectors = make_encoder(endpoint).encode_passages(texts)

    expected = np.array([vector_of(text) for text in texts])
    assert np.allclose(vectors, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)
    assert [len(request["input"]) for request in endpoint.requests] == [BATCH_SIZE, 3]
    assert {request["model"] for request in endpoint.requests} == {"embed-small"}
    assert set(endpoint.keys) == {"Bearer k-1"}


def test_the_key_names_model_and_dimensions(endpoint: Endpoint) -> None:
    encoder = make_encoder(endpoint)

    assert encoder.key == f"endpoint:embed-small:{DIMENSIONS}"
    assert encoder.key == encoder.key
    assert len(endpoint.requests) == 1


def test_an_endpoint_that_changes_its_model_is_noticed(endpoint: Endpoint) -> None:
    encoder = make_encoder(endpoint)
    encoder.encode_query("one")
    endpoint.replies.append(Reply(body=b'{"data": [{"index": 0, "embedding": [1, 2]}]}'))

    with pytest.raises(EncoderFailed, match="2 dimensions instead of 8"):
        encoder.encode_query("two")


def test_an_empty_text_is_sent_as_a_blank(endpoint: Endpoint) -> None:
    make_encoder(endpoint).encode_query("")

    assert endpoint.requests[0]["input"] == [" "]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_import_waits_and_asks_again(endpoint: Endpoint, status: int) -> None:
    endpoint.replies.append(Reply(status=status, headers={"Retry-After": "0"}))

    vectors = make_encoder(endpoint).encode_passages(["one"])

    assert vectors.shape == (1, DIMENSIONS)
    assert len(endpoint.requests) == 2


def test_a_question_is_asked_once(endpoint: Endpoint) -> None:
    endpoint.replies.append(Reply(status=429, headers={"Retry-After": "7"}))

    with pytest.raises(EncoderFailed) as refusal:
        make_encoder(endpoint).encode_query("one")

    assert refusal.value.retry_after == 7
    assert refusal.value.retryable
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 404])
def test_what_a_repetition_cannot_mend_is_not_repeated(endpoint: Endpoint, status: int) -> None:
    endpoint.replies.append(Reply(status=status))

    with pytest.raises(EncoderRefused, match=str(status)):
        make_encoder(endpoint).encode_passages(["one"])

    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"data": []}',
        b'{"data": [{"index": 1, "embedding": [1, 2]}]}',
        b'{"data": [{"index": 0, "embedding": ["a"]}]}',
        b'{"data": [{"index": 0, "embedding": [1e999]}]}',
        b'{"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}]}',
    ],
)
def test_an_answer_that_is_no_vector_is_a_failure_in_words(endpoint: Endpoint, body: bytes) -> None:
    endpoint.replies.append(Reply(body=body))

    with pytest.raises(EncoderFailed, match="The embeddings endpoint answered"):
        make_encoder(endpoint).encode_query("one")


def test_an_endpoint_that_is_not_there_is_a_failure_in_words() -> None:
    encoder = EndpointEncoder(base_url="http://127.0.0.1:9/v1", api_key="", model="m")

    with pytest.raises(EncoderFailed, match="did not answer"):
        encoder.encode_query("one")


def test_tokens_are_estimated(endpoint: Endpoint) -> None:
    assert make_encoder(endpoint).count_tokens(["", "ab", "abcdef", "abcdefg"]) == [0, 1, 2, 3]
    assert endpoint.requests == []
