"""Writing with the first engine that manages."""

from collections.abc import Sequence

import pytest

from apps.ai.errors import ModelStalled
from apps.ai.pipeline.draft import draft
from apps.ai.types import Draft
from apps.core import clock
from apps.privacy.types import Kind, TokenTable
from tests.ai.factories import Notebook, ScriptedEngine, request

NOTHING_PERSONAL = TokenTable()


def write(engines: Sequence[ScriptedEngine], notebook: Notebook, tokens: TokenTable = NOTHING_PERSONAL) -> Draft:
    return draft(
        request(), engines, tokens=tokens, sink=notebook, deadline=clock.monotonic() + 5, cancelled=lambda: False
    )


def test_the_first_engine_writes_and_the_second_is_not_asked() -> None:
    model, builtin = ScriptedEngine("model", ["Two ", "days."]), ScriptedEngine("builtin", ["Quoted."])
    notebook = Notebook()

    result = write([model, builtin], notebook)

    assert (result.text, result.engine, result.failures) == ("Two days.", "model", ())
    assert notebook.lines == ["Two ", "days."]
    assert builtin.streams == []
    assert model.streams[0].is_closed


def test_an_engine_that_stalls_in_mid_answer_is_replaced_from_the_beginning() -> None:
    model, builtin = ScriptedEngine("model", ["Two "], stalls=True), ScriptedEngine("builtin", ["Quoted."])
    notebook = Notebook()

    result = write([model, builtin], notebook)

    assert (result.text, result.engine) == ("Quoted.", "builtin")
    assert notebook.lines == ["Two ", "<restart>", "Quoted."]
    failure = result.failures[0]
    assert (failure.engine, failure.code, failure.after_text) == ("model", "ai.model_stalled", True)


def test_an_engine_that_fails_before_its_first_text_is_replaced_unnoticed() -> None:
    model, builtin = ScriptedEngine("model", [], stalls=True), ScriptedEngine("builtin", ["Quoted."])
    notebook = Notebook()

    write([model, builtin], notebook)

    assert notebook.lines == ["Quoted."]


def test_half_a_token_of_an_engine_that_fails_is_not_said_by_the_next() -> None:
    model, builtin = ScriptedEngine("model", ["To [EMA"], stalls=True), ScriptedEngine("builtin", ["Quoted."])
    notebook = Notebook()

    result = write([model, builtin], notebook)

    assert result.text == "Quoted."
    assert notebook.lines == ["To ", "<restart>", "Quoted."]


def test_when_the_last_engine_fails_the_failure_surfaces() -> None:
    model = ScriptedEngine("model", [], stalls=True)

    with pytest.raises(ModelStalled):
        write([model], Notebook())

    assert model.streams[0].is_closed


def test_what_is_shown_and_what_is_kept_name_personal_data_by_the_same_tokens() -> None:
    tokens = TokenTable()
    known = tokens.add_value(Kind.EMAIL, "zoe@example.com", "zoe@example.com")
    model, notebook = ScriptedEngine("model", ["Sent to [EM", "AIL_1], not [EMAIL", "_2]."]), Notebook()

    result = write([model], notebook, tokens)

    assert known == "[EMAIL_1]"
    assert result.text == "Sent to [EMAIL_1], not (e-mail address)."
    assert "".join(notebook.lines) == result.text
