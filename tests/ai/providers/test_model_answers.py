"""A healthy endpoint, in every dialect: the same answer comes out."""

import pytest

from apps.ai.errors import ModelRefusedRequest
from apps.ai.providers.openai_compatible.client import Limits
from apps.core import clock
from tests.ai.providers.drafting import KEY, begin, provider_for, request
from tests.simulators.model_behaviour import Json
from tests.simulators.model_endpoint import ModelEndpoint

ANSWER = "Rückgaben dauern 5 Tage, gratis. 😀 [1]"


def test_an_answer_arrives_piece_by_piece(endpoint: ModelEndpoint) -> None:
    stream = begin(provider_for(endpoint))

    pieces = list(stream)

    assert pieces == ["Refunds", " take", " 5", " working", " days.", " [1]"]


def test_what_the_answer_cost_is_known_afterwards(endpoint: ModelEndpoint) -> None:
    endpoint.control(style="fixed", text="Five days [1]", first_token_ms=30)
    stream = begin(provider_for(endpoint, model="sim-large"))

    list(stream)

    usage = stream.usage
    assert (usage.model, usage.finish, usage.completion_tokens) == ("sim-large", "stop", 3)
    assert usage.prompt_tokens is not None
    assert usage.first_token_ms is not None
    assert usage.total_ms is not None
    assert usage.prompt_tokens > 100
    assert 30 <= usage.first_token_ms <= usage.total_ms


@pytest.mark.parametrize(
    "dialect",
    [
        {"newline": "\r\n"},
        {"newline": "\r"},
        {"space_after_data": False},
        {"comments": True, "event_names": True},
        {"role_delta": False},
        {"null_content": True},
        {"reasoning": 5},
        {"thoughts": "The customer asks about returns. " * 20},
        {"content_parts": True},
        {"usage": False},
        {"done": False},
        {"finish_reason": ""},
        {"chunked": False},
        {"whole": True},
        {"portion_bytes": 1},
        {"portion_bytes": 7, "newline": "\r\n"},
    ],
    ids=lambda dialect: "+".join(dialect),
)
def test_every_dialect_gives_the_same_answer(endpoint: ModelEndpoint, dialect: Json) -> None:
    endpoint.control(style="fixed", text=ANSWER, dialect=dialect)
    stream = begin(provider_for(endpoint))

    answer = "".join(stream)

    assert answer == ANSWER
    assert stream.usage.finish == "stop"


@pytest.mark.parametrize("done", [True, False])
def test_an_endpoint_that_does_not_end_after_the_last_word_is_not_waited_for(
    endpoint: ModelEndpoint, done: bool
) -> None:
    endpoint.control(style="fixed", text=ANSWER, dialect={"linger": True, "done": done})
    started = clock.monotonic()

    answer = "".join(begin(provider_for(endpoint)))

    assert answer == ANSWER
    assert clock.monotonic() - started < 1.5


def test_an_answer_cut_by_the_endpoints_own_limit_says_so(endpoint: ModelEndpoint) -> None:
    endpoint.control(style="fixed", text="A long", dialect={"finish_reason": "length"})
    stream = begin(provider_for(endpoint))

    assert "".join(stream) == "A long"
    assert stream.usage.finish == "length"


def test_an_endless_answer_is_cut_at_the_limit_and_the_connection_closed(endpoint: ModelEndpoint) -> None:
    endpoint.control(style="fixed", text="word " * 5_000, token_gap_ms=1)
    stream = begin(provider_for(endpoint, Limits(answer_characters=50)))

    answer = "".join(stream)

    assert len(answer) == 50
    assert stream.usage.finish == "length"
    assert endpoint.how_last_ended() == "gone"


def test_connections_are_used_again(endpoint: ModelEndpoint) -> None:
    provider = provider_for(endpoint)

    for _ in range(5):
        list(begin(provider))

    assert len({asked["connection"] for asked in endpoint.requests()}) == 1


def test_a_connection_dropped_while_idle_costs_no_answer(endpoint: ModelEndpoint) -> None:
    provider = provider_for(endpoint)
    list(begin(provider))
    endpoint.control(faults=[{"kind": "close"}])

    answer = "".join(begin(provider))

    assert answer == "Refunds take 5 working days. [1]"


def test_the_request_names_model_key_and_stream(endpoint: ModelEndpoint) -> None:
    list(begin(provider_for(endpoint, model="sim-2")))

    asked = endpoint.requests()[-1]
    assert asked["path"] == "/v1/chat/completions"
    assert asked["headers"]["authorization"] == f"Bearer {KEY}"
    assert asked["body"]["model"] == "sim-2"
    assert asked["body"]["stream"] is True
    assert asked["body"]["stream_options"] == {"include_usage": True}
    assert [message["role"] for message in asked["body"]["messages"]] == ["system", "user"]


def test_a_model_that_refuses_sampling_options_is_asked_without_and_remembered(endpoint: ModelEndpoint) -> None:
    endpoint.control(dialect={"takes_options": False})
    provider = provider_for(endpoint)

    first, second = "".join(begin(provider)), "".join(begin(provider))

    assert first == second == "Refunds take 5 working days. [1]"
    assert ["temperature" in asked["body"] for asked in endpoint.requests()] == [True, False, False]


def test_a_wrong_key_is_refused_with_the_setting_to_look_at(endpoint: ModelEndpoint) -> None:
    endpoint.control(api_key="another")

    with pytest.raises(ModelRefusedRequest, match=r"\(401 invalid_api_key\)\. Look at LLM_API_KEY\.$"):
        list(begin(provider_for(endpoint)))


def test_an_unknown_model_is_refused_with_the_setting_to_look_at(endpoint: ModelEndpoint) -> None:
    endpoint.control(models=["other"])

    with pytest.raises(ModelRefusedRequest, match=r"\(404 model_not_found\)\. Look at LLM_BASE_URL and LLM_MODEL\.$"):
        list(begin(provider_for(endpoint)))


def test_nothing_is_sent_before_the_first_piece_is_asked_for(endpoint: ModelEndpoint) -> None:
    stream = begin(provider_for(endpoint))

    stream.close()

    assert endpoint.requests() == []


def test_long_questions_and_many_languages_reach_the_endpoint_unharmed(endpoint: ModelEndpoint) -> None:
    question = 'Wo ist mein Päckchen? أين طردي؟ 我的包裹在哪里。 😀 "quoted" \\ back'

    list(begin(provider_for(endpoint), request(question)))

    assert f"<question>\n{question}\n</question>" in endpoint.requests()[-1]["body"]["messages"][-1]["content"]
