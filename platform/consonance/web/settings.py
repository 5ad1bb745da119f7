"""Settings: safe by default, local by default, moved to servers by environment variables.

Every variable read here is described in docs/settings.md; a test holds the two together.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import structlog

from consonance import __version__
from consonance.web import environment as env

# The checkout when manage.py is beside platform/, else the installed package.
_PACKAGE = Path(__file__).resolve().parent.parent
ROOT = _PACKAGE.parent.parent if (_PACKAGE.parent.parent / "manage.py").is_file() else _PACKAGE
DATA = Path(env.text("CONSONANCE_DATA", str(ROOT / "data"))).expanduser().resolve()
PRODUCTION = env.flag("CONSONANCE_PRODUCTION")
HTTPS = env.flag("CONSONANCE_HTTPS", default=PRODUCTION)
VERSION = __version__

DEBUG = False
SECRET_KEY = env.secret_key(DATA, production=PRODUCTION)
ALLOWED_HOSTS = env.hosts(production=PRODUCTION)
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS] if HTTPS else []

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "rest_framework",
    "rest_framework.authtoken",
    "django_filters",
    "drf_spectacular",
    "csp",
    "consonance.ledger",
    "consonance.people",
    "consonance.jobs",
    "consonance.catalog",
    "candidates",
    "annotation",
    "splits",
    "consonance.demo",
    "consonance.web",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "consonance.ledger.problems.ProblemMiddleware",
    "consonance.ledger.wellformed.WellFormedMiddleware",
]
ROOT_URLCONF = "consonance.web.urls"
WSGI_APPLICATION = "consonance.web.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "consonance.web.navigation.navigation",
            ],
        },
    }
]

# --- storage -------------------------------------------------------------------------------
DATABASES = {"default": env.database(env.text("DATABASE_URL"), DATA)}
CACHES = {"default": env.cache(env.text("CONSONANCE_CACHE"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STORAGES = {
    "default": env.media_storage(env.text("CONSONANCE_MEDIA"), DATA),
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
    **env.releases_storage(env.text("CONSONANCE_RELEASES"), DATA),
}
#: Frozen tables, score shards and releases; see docs/architecture.md, "Where things lie".
TABLES_ROOT = DATA / "tables"
SCORES_ROOT = DATA / "scores"
DETECTORS_ROOT = DATA / "detectors"
RELEASES_ROOT = DATA / "releases"
#: Hand whole files to a front server (nginx) under this internal prefix; empty: we send them.
MEDIA_ACCEL_PREFIX = env.text("CONSONANCE_ACCEL_PREFIX")
#: The same for single files of releases: nginx by a prefix, Apache and lighttpd by their path.
RELEASES_ACCEL_PREFIX = env.text("CONSONANCE_RELEASES_ACCEL_PREFIX")
RELEASES_SENDFILE = env.flag("CONSONANCE_RELEASES_SENDFILE")
#: Where a curator may deposit releases, and with whose token; only from here, never from a form.
ZENODO_API = env.text("CONSONANCE_ZENODO_API", "https://sandbox.zenodo.org/api")
ZENODO_TOKEN = env.text("CONSONANCE_ZENODO_TOKEN")

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("CONSONANCE_STATIC_ROOT", str(DATA / "static")))
STATICFILES_DIRS = [ROOT / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_MAX_AGE = 3600 if PRODUCTION else 0

# --- queue ---------------------------------------------------------------------------------
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", "filesystem://")
_QUEUE = DATA / "queue"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "data_folder_in": str(_QUEUE / "messages"),
        "data_folder_out": str(_QUEUE / "messages"),
        "control_folder": str(_QUEUE / "control"),
    }
    if CELERY_BROKER_URL.startswith("filesystem:")
    else {}
)
CELERY_TASK_IGNORE_RESULT = True  # the Job row is the result
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {"sweep": {"task": "jobs.sweep", "schedule": 30.0}}
#: How long a running job stays another worker's business after its last sign of life.
JOB_LEASE_SECONDS = env.number("CONSONANCE_JOB_LEASE_SECONDS", 60)
#: Threads that one numeric step may use (FAISS, torch). One process per core does better.
NUMERIC_THREADS = env.number("CONSONANCE_THREADS", 1)

# --- people --------------------------------------------------------------------------------
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["consonance.people.backends.AccountBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "consonance.people.signup.InvitationOnlyAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Consonance"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
EMAIL_BACKEND = env.text(
    "CONSONANCE_EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend"
)

# --- safety --------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "media-src": ["'self'"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
SESSION_ENGINE = "consonance.people.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health$"]  # asked by supervisors and balancers on the inside
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
if env.flag("CONSONANCE_BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    # Else everybody has the proxy's address, and one stranger uses up everybody's attempts.
    ALLAUTH_TRUSTED_PROXY_COUNT = env.number("CONSONANCE_PROXIES", 1)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
UPLOAD_MAX_SIZE = 4 * 1_048_576  # a request with files; the largest that is taken in has 1 MB
FILE_UPLOAD_HANDLERS = [
    "consonance.web.uploads.UploadLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# --- interface -----------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [ROOT / "locale"]
#: What somebody chose in the footer or their menu; else their browser's language counts.
LANGUAGE_COOKIE_AGE = 31_536_000
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # First, because its challenge makes "not signed in" a 401 instead of a 403.
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["consonance.ledger.wellformed.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    # For each person: what the rating loop asks, and what reads much at once.
    "DEFAULT_THROTTLE_RATES": {"ratings": "1200/min", "exports": "60/min"},
    "EXCEPTION_HANDLER": "consonance.ledger.problems.problem_response",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Consonance",
    "VERSION": "v1",
    "DESCRIPTION": "What the pages do, for programs: docs/api.md tells how to begin.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # Else fields of one name and several meanings get names with a hash in them.
    "ENUM_NAME_OVERRIDES": {
        "Answer": "annotation.models.ratings.Answer",
        "CampaignState": "annotation.models.campaigns.Campaign.State",
        "ExampleKind": "annotation.models.campaigns.GuidelineExample.Kind",
        "QuestionState": "annotation.models.questions.Question.State",
        "FlagKind": "annotation.models.troubles.ClipFlag.Kind",
        "FlagState": ["waiting", "kept", "withdrawn"],
        "AdjudicationDecision": "annotation.models.troubles.Adjudication.Decision",
        "QuestionDecision": ["present", "absent", "undecided"],
        "MeasureKind": "annotation.models.measures.Measure.Kind",
        "InvitationState": ["open", "used", "expired", "revoked"],
        "JobState": "consonance.jobs.models.JobState",
        "ReportState": "splits.models.LabelReport.State",
        "ReportSays": "splits.models.LabelReport.Says",
        "ShownReportState": ["open", "accepted", "rejected"],
        "DepositState": "splits.models.Deposit.State",
        "VerdictSays": "splits.models.DuplicateVerdict.Says",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "consonance.web.openapi.add_what_all_share",
    ],
}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": env.text("CONSONANCE_LOG_LEVEL", "WARNING")},
}
# Events, not prose; on stderr, because stdout belongs to results.
structlog.configure(
    wrapper_class=structlog.make_filtering_bound_logger(
        logging.getLevelNamesMapping()[LOGGING["root"]["level"]]
    ),
    logger_factory=structlog.PrintLoggerFactory(sys.stderr),
)
# Last: an installation that is refused above leaves no folder behind.
# The broker that needs no server does need its folders, in workers and in whoever sends.
for _folder in (DATA, STATIC_ROOT, *map(Path, CELERY_BROKER_TRANSPORT_OPTIONS.values())):
    _folder.mkdir(parents=True, exist_ok=True)
