"""What is the suite made of? Apps, addresses, storage."""

import environ
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import lazy

from config import env

BASE_DIR = env.BASE_DIR
static_lazy = lazy(static, str)
ENVIRONMENT = env.choice(
    "SWITCHBOARD_ENV",
    "dev",
    ("dev", "test", "production"),
    help="Which set of overrides applies. `production` refuses unsafe values at start.",
)
VAR_DIR = env.folder(
    "VAR_DIR",
    BASE_DIR / "var",
    help="Where everything lies that the suite writes: embedded databases, files, logs.",
)
VERSION = "0.1.0"

INSTALLED_APPS = [
    "daphne",  # before staticfiles: replaces runserver by an ASGI one
    "unfold",  # before admin: it replaces templates
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "allauth",
    "allauth.account",
    "apps.core",
    "apps.vault",
    "apps.audit",
    "apps.accounts",
    "apps.privacy",
    "apps.customers",
    "apps.conversations",
    "apps.inboxes",
    "apps.knowledge",
    "apps.ai",
    "apps.desk",
    "apps.ops",
    "config.apps.WiringConfig",  # last: it connects what the others have defined
]

MIDDLEWARE = [
    "apps.ops.middleware.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "apps.ops.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "apps.ops.middleware.SuiteErrorMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Storage -----------------------------------------------------------------------------------------------------------
EMBEDDED = env.embedded_services(VAR_DIR)
DATABASE_POOL_SIZE = env.integer(
    "DATABASE_POOL_SIZE", 12, minimum=1, maximum=200, help="PostgreSQL connections each process may hold."
)
STATEMENT_TIMEOUT_SECONDS = env.seconds(
    "STATEMENT_TIMEOUT_SECONDS",
    5,
    minimum=0.5,
    maximum=600,
    help="A statement that takes longer is cancelled. Workers for long jobs raise it.",
)
_NOT_RUNNING = f"postgresql://switchboard_app@/switchboard?host={VAR_DIR / 'run' / 'not-started'}"


def _database(database_url: str, *, pooled: bool) -> dict[str, object]:
    database: dict[str, object] = dict(environ.Env.db_url_config(database_url))
    limits = [
        f"statement_timeout={int(STATEMENT_TIMEOUT_SECONDS * 1000)}",
        "lock_timeout=2000",
        "idle_in_transaction_session_timeout=15000",
        # HNSW with a filter keeps looking until enough rows pass it, instead of returning fewer.
        "hnsw.iterative_scan=relaxed_order",
        # Recall at 10 among 38,000 passages: .949 with the default of 40, .988 with this, for 3 ms.
        "hnsw.ef_search=200",
    ]
    options: dict[str, object] = dict(database.get("OPTIONS") or {})  # type: ignore[call-overload]
    options["application_name"] = "switchboard"
    if pooled:
        # A connection broken by a restart of the server is replaced before it is used.
        database["CONN_HEALTH_CHECKS"] = True
        options["options"] = " ".join(f"-c {limit}" for limit in limits)
        options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 5, "max_idle": 300}
    else:
        # A migration that queues for a lock makes everything behind it queue as well.
        options["options"] = "-c lock_timeout=5000"
    database["OPTIONS"] = options
    # Every statement carries the organisation whose rows it may see; see docs/adr on row-level security.
    database["ENGINE"] = "apps.core.postgres"
    # A cursor kept by the server would outlive the scope it was opened in, and a pooler's connection.
    database["DISABLE_SERVER_SIDE_CURSORS"] = True
    return database


_app_url = env.url(
    "DATABASE_URL",
    ("postgres", "postgresql"),
    help="PostgreSQL with pgvector, signed in as the application role. Unset: the embedded server is used.",
)
_owner_url = env.url(
    "DATABASE_OWNER_URL",
    ("postgres", "postgresql"),
    help="The same database, signed in as the role that owns the tables. Only migrations use it.",
)
DATABASES = {
    "default": _database(_app_url or EMBEDDED.get("database_url") or _NOT_RUNNING, pooled=True),
    "owner": _database(_owner_url or EMBEDDED.get("database_owner_url") or _app_url or _NOT_RUNNING, pooled=False),
}
DATABASE_ROUTERS = ["config.routers.OwnerRouter"]

REDIS_URL = env.url(
    "REDIS_URL",
    ("redis", "rediss", "unix"),
    help="Redis protocol server for the queue and the channel layer (no eviction, AOF). Unset: the embedded Valkey.",
) or EMBEDDED.get("redis_url", "redis://127.0.0.1:1/0")
CACHE_URL = (
    env.url(
        "CACHE_URL",
        ("redis", "rediss", "unix"),
        help="Redis protocol server for the cache (LRU, no persistence). Unset: REDIS_URL's, or the embedded one.",
    )
    or EMBEDDED.get("cache_url")
    or REDIS_URL
)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": "sb",
        "TIMEOUT": 300,
    }
}

# Pages -------------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static", ("demo", BASE_DIR / "demo" / "site")]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": VAR_DIR / "media"},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

# Sign-in -----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_REDIRECT_URL = "/desk/"
LOGIN_URL = "account_login"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_ADAPTER = "apps.accounts.adapters.StaffAccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True

# The demo ----------------------------------------------------------------------------------------------------------
DEMO = env.boolean(
    "DEMO",
    default=ENVIRONMENT != "production",
    help="Show the demo company's page, its sign-ins and the start page.",
)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "apps.ops.api.translate_error",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Switchboard API",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
}
UNFOLD = {
    "SITE_TITLE": "Switchboard",
    "SITE_HEADER": "Switchboard",
    "SHOW_VIEW_ON_SITE": False,
    "SITE_DROPDOWN": [
        {"icon": "policy", "title": "Records of processing", "link": reverse_lazy("privacy:records")},
    ],
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": static_lazy("shared/favicon.svg")}],
    # The accent of static/shared/tokens.css, from light to dark.
    "COLORS": {
        "primary": {
            "50": "#eef7f4",
            "100": "#d6ece5",
            "200": "#aedbcd",
            "300": "#7cc3af",
            "400": "#47a48c",
            "500": "#258771",
            "600": "#166d5b",
            "700": "#12584a",
            "800": "#11463c",
            "900": "#0f3a32",
            "950": "#06211d",
        }
    },
}
