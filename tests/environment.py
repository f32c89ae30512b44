"""Starts the services and sets the environment before Django reads its settings.

Loaded with `-p tests.environment` (see pyproject.toml), because pytest-django reads settings before any conftest.
Each process of xdist joins the same services with a database and a Redis database of its own.
"""

import atexit
import base64
import os
from contextlib import ExitStack
from pathlib import Path

from launcher.embedded import running

ROOT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
_services = ExitStack()


def _prepare() -> None:
    # The tests' data is thrown away, so it need not survive a power cut.
    urls = _services.enter_context(running(ROOT / "var" / "test", durable=False))
    atexit.register(_services.close)
    number = int(WORKER.removeprefix("gw")) + 1 if WORKER.startswith("gw") else 0
    os.environ.update(
        {
            "SWITCHBOARD_ENV": "test",
            "DATABASE_URL": urls.database_url,
            "DATABASE_OWNER_URL": urls.database_owner_url,
            "KEYVAULT_DATABASE_URL": urls.keyvault_database_url,
            "KEYVAULT_DATABASE_OWNER_URL": urls.keyvault_database_owner_url,
            "VAULT_ROOT_KEYS": f"1:{base64.b64encode(bytes(range(32))).decode()}",
            "REDIS_URL": urls.redis_url.replace("db=0", f"db={number}"),
            "CACHE_URL": urls.cache_url.replace("db=0", f"db={number}"),
            # Light and inside its wheel; tests of the other encoders ask for theirs.
            "KNOWLEDGE_ENCODER": "wordllama",
            "VAR_DIR": str(ROOT / "var" / "test" / f"files-{WORKER}"),
        }
    )
    # Where whitenoise looks for collected files.
    Path(os.environ["VAR_DIR"], "static").mkdir(parents=True, exist_ok=True)
    for name in ("LLM_BASE_URL", "LLM_API_KEY", "LLM_MODEL", "VAULT_ROOT_KEYS_FILE"):
        os.environ.pop(name, None)


_prepare()
