"""How can an engine fail to answer? One name for each way, so that the caller can choose what comes next."""

from apps.core import errors


class ProviderError(errors.Unavailable):
    """The engine gave no usable answer. ``text_started`` says whether pieces had been handed out already."""

    code = "ai.provider_failed"
    default_message = "The model gave no answer."

    def __init__(self, message: str | None = None, *, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.text_started = False


class ModelUnavailable(ProviderError):
    """The endpoint cannot be reached, broke off, failed inside, or is left alone after many failures."""

    code = "ai.model_unavailable"
    default_message = "The model endpoint does not answer."


class ModelRateLimited(ProviderError):
    """The endpoint asks for fewer requests; ``retry_after`` (seconds) where it said when."""

    code = "ai.model_rate_limited"
    default_message = "The model endpoint is limiting requests."


class ModelStalled(ProviderError):
    """No first piece, no next piece or no end of the answer in time."""

    code = "ai.model_stalled"
    default_message = "The model endpoint stopped sending."


class ModelGarbled(ProviderError):
    """What came back is not an answer in the expected form."""

    code = "ai.model_garbled"
    default_message = "The model endpoint sent something that is not an answer."


class ModelRefusedRequest(ProviderError):
    """The endpoint refuses what we ask (key, model, address). Only a change of settings helps."""

    code = "ai.model_refused_request"
    retryable = False
    default_message = "The model endpoint refused the request. Look at the settings LLM_*."


class AnswerMissing(errors.Unavailable):
    """The question was stored, but no answer was posted."""

    code = "ai.answer_missing"
    default_message = "The question could not be answered just now."
