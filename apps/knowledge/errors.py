"""Which failures of the knowledge base are anticipated?"""

from apps.core.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable


class DocumentNotFound(NotFound):
    code = "knowledge.document_not_found"
    default_message = "There is no such document."


class PassageNotFound(NotFound):
    code = "knowledge.passage_not_found"
    default_message = "This passage is no longer part of the knowledge base."


class DocumentInvalid(Invalid):
    code = "knowledge.document_invalid"
    default_message = "A document needs an id and some text."


class DocumentTooLarge(TooLarge):
    code = "knowledge.document_too_large"


class EncoderMissing(Unavailable):
    """Not retryable: somebody has to build the encoder or correct the settings."""

    code = "knowledge.encoder_missing"
    retryable = False
    default_message = "The sentence encoder is not built yet. Run: python manage.py build_encoder"


class EncoderFailed(Unavailable):
    code = "knowledge.encoder_failed"
    default_message = "The encoder did not answer."


class EncoderRefused(Unavailable):
    """The endpoint understood and will not do it: wrong key, unknown model. A repetition changes nothing."""

    code = "knowledge.encoder_refused"
    retryable = False


class WeightsInvalid(Unavailable):
    """The encoder's weights are missing or not the published ones."""

    code = "knowledge.weights_invalid"
    retryable = False


class ImportPathMissing(NotFound):
    code = "knowledge.import_path_missing"


class ImportFormatUnknown(Invalid):
    code = "knowledge.import_format_unknown"


class ImportUnreadable(Invalid):
    code = "knowledge.import_unreadable"


class ImportRunning(Conflict):
    code = "knowledge.import_running"
    retryable = True


class EvaluationUnreadable(Invalid):
    code = "knowledge.evaluation_unreadable"
