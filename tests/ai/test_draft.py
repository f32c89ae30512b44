"""Writing with the first engine that manages."""

import pytest

from apps.ai.errors import ModelStalled
from apps.ai.pipeline.draft import draft
from apps.core import clock
from tests.ai.factories import Notebook, ScriptedEngine, request


def test_the_first_engine_writes_and_the_second_is_not_asked() -> None:
    model, builtin = ScriptedEngine("model", ["Two ", "days."]), ScriptedEngine("builtin", ["Quoted."])
    notebook = Notebook()

    result = draft(request(), [model, builtin], sink=notebook, deadline=clock.monotonic() + 5, cancelled=lambda: False)

    assert (result.text, result.engine, result.failures) == ("Two days.", "model", ())
    assert notebook.lines == ["Two ", "days."]
    assert builtin.streams == []
    assert model.streams[0].is_closed


def test_an_engine_that_stalls_in_mid_answer_is_replaced_from_the_beginning() -> None:
    model, builtin = ScriptedEngine("model", ["Two "], stalls=True), ScriptedEngine("builtin", ["Quoted."])
    notebook = Notebook()

    result = draft(request(), [model, builtin], sink=notebook, deadline=clock.monotonic() + 5, cancelled=lambda: False)

    assert (result.text, result.engine) == ("Quoted.", "builtin")
    assert notebook.lines == ["Two ", "<restart>", "Quoted."]
    failure = result.failures[0]
    assert (failure.engine, failure.code, failure.after_text) == ("model", "ai.model_stalled", True)


def test_an_engine_that_fails_before_its_first_text_is_replaced_unnoticed() -> None:
    model, builtin = ScriptedEngine("model", [], stalls=True), ScriptedEngine("builtin", ["Quoted."])
    notebook = Notebook()

    draft(request(), [model, builtin], sink=notebook, deadline=clock.monotonic() + 5, cancelled=lambda: False)

    assert notebook.lines == ["Quoted."]


def test_when_the_last_engine_fails_the_failure_surfaces() -> None:
    model = ScriptedEngine("model", [], stalls=True)

    with pytest.raises(ModelStalled):
        draft(request(), [model], sink=Notebook(), deadline=clock.monotonic() + 5, cancelled=lambda: False)

    assert model.streams[0].is_closed
