"""Which engines answer, in which order?"""

from functools import cache

from django.conf import settings

from apps.ai.providers.builtin.engine import BuiltinProvider
from apps.ai.providers.openai_compatible.client import Limits, ModelProvider
from apps.ai.types import AnswerProvider


@cache
def builtin_engine() -> AnswerProvider:
    """Return the engine that needs no model: it quotes the best passages."""
    return BuiltinProvider()


@cache
def _model_engine() -> AnswerProvider | None:
    if not settings.LLM_BASE_URL:
        return None
    limits = Limits(
        first_token_seconds=settings.LLM_FIRST_TOKEN_SECONDS,
        token_gap_seconds=settings.LLM_TOKEN_GAP_SECONDS,
        total_seconds=settings.LLM_TOTAL_SECONDS,
    )
    return ModelProvider(
        base_url=settings.LLM_BASE_URL, api_key=settings.LLM_API_KEY, model=settings.LLM_MODEL, limits=limits
    )


def list_engines() -> list[AnswerProvider]:
    """Return the engines in the order they are tried: the configured model, then the built-in one."""
    model = _model_engine()
    return [builtin_engine()] if model is None else [model, builtin_engine()]
