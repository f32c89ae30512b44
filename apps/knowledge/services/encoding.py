"""Which encoder does this process use? One shared instance, chosen by KNOWLEDGE_ENCODER, loaded at first use."""

import threading
from collections.abc import Callable

from django.conf import settings
from django.utils.module_loading import import_string

from apps.knowledge.errors import EncoderMissing
from apps.knowledge.types import Encoder

_MINILM = "apps.knowledge.providers.minilm.MiniLmEncoder"
_WORDLLAMA = "apps.knowledge.providers.wordllama.WordLlamaEncoder"
_ENDPOINT = "apps.knowledge.providers.openai_compatible.EndpointEncoder"

# Named by import path: a process loads only the libraries of the encoder it uses.
_MAKERS: dict[str, Callable[[], Encoder]] = {
    "minilm": lambda: import_string(_MINILM)(settings.VAR_DIR / "encoder"),
    "wordllama": lambda: _import_wordllama()(),
    "endpoint": lambda: import_string(_ENDPOINT)(
        base_url=settings.EMBEDDINGS_BASE_URL,
        api_key=settings.EMBEDDINGS_API_KEY,
        model=settings.EMBEDDINGS_MODEL,
    ),
}


def _import_wordllama() -> Callable[[], Encoder]:
    try:
        return import_string(_WORDLLAMA)  # type: ignore[no-any-return]
    except ModuleNotFoundError as error:
        # Its authors publish no build for Linux on ARM.
        raise EncoderMissing(
            "The light encoder is not available on this platform. Set KNOWLEDGE_ENCODER=minilm."
        ) from error


_lock = threading.Lock()
_loaded: dict[str, Encoder] = {}


def get_encoder() -> Encoder:
    """Return the encoder of this process. Raises ``EncoderMissing`` where it has not been built."""
    name = settings.KNOWLEDGE_ENCODER
    encoder = _loaded.get(name)
    if encoder is None:
        with _lock:
            encoder = _loaded.get(name) or _MAKERS[name]()
            _loaded[name] = encoder
    return encoder


def use_encoder(name: str, encoder: Encoder | None) -> None:
    """Put ``encoder`` in the place of the one called ``name``; None forgets it. For tests and benches."""
    with _lock:
        if encoder is None:
            _loaded.pop(name, None)
        else:
            _loaded[name] = encoder


def warm_up() -> None:
    """Load the encoder and run it once, so that the first customer does not wait for it. Raises ``EncoderMissing``."""
    get_encoder().encode_query("warm up")
