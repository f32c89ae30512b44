"""Which model answers, and how long may it take?"""

from config import env

LLM_BASE_URL = env.url(
    "LLM_BASE_URL",
    ("http", "https"),
    help="An OpenAI-compatible endpoint, for example https://models.example/v1. Unset: the built-in engine answers.",
)
LLM_API_KEY = env.secret("LLM_API_KEY", help="Sent to that endpoint as a bearer token.")
LLM_MODEL = env.text("LLM_MODEL", help="The name of the model at that endpoint.")
LLM_FIRST_TOKEN_SECONDS = env.seconds(
    "LLM_FIRST_TOKEN_SECONDS",
    8,
    minimum=0.1,
    maximum=120,
    help="Without a first token by then, the built-in engine answers.",
)
LLM_TOKEN_GAP_SECONDS = env.seconds(
    "LLM_TOKEN_GAP_SECONDS", 5, minimum=0.1, maximum=120, help="A stream silent for longer has stalled."
)
LLM_TOTAL_SECONDS = env.seconds(
    "LLM_TOTAL_SECONDS",
    30,
    minimum=1,
    maximum=55,
    help="The whole answer of the model must be there by then.",
)
KNOWLEDGE_ENCODER = env.choice(
    "KNOWLEDGE_ENCODER",
    "minilm",
    ("minilm", "wordllama", "endpoint"),
    help="What turns text into vectors: the bundled encoder, a lighter one, or an OpenAI-compatible endpoint.",
)
EMBEDDINGS_BASE_URL = env.url("EMBEDDINGS_BASE_URL", ("http", "https"), help="Endpoint for KNOWLEDGE_ENCODER=endpoint.")
EMBEDDINGS_API_KEY = env.secret("EMBEDDINGS_API_KEY", help="Sent to that endpoint as a bearer token.")
EMBEDDINGS_MODEL = env.text("EMBEDDINGS_MODEL", help="The name of the embedding model at that endpoint.")

if LLM_BASE_URL and not LLM_MODEL:
    raise env.BadSetting("LLM_MODEL", "must be set together with LLM_BASE_URL")
if KNOWLEDGE_ENCODER == "endpoint" and not (EMBEDDINGS_BASE_URL and EMBEDDINGS_MODEL):
    raise env.BadSetting("EMBEDDINGS_BASE_URL", "KNOWLEDGE_ENCODER=endpoint needs it and EMBEDDINGS_MODEL")
