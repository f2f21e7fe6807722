"""Settings of the whole project. What differs between machines is read from the environment (`.env.example` lists it)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from django.contrib.messages import constants as message_levels
from redis.backoff import NoBackoff
from redis.retry import Retry

from skinclinic import env

django_stubs_ext.monkeypatch()  # lets Django's generic classes name their model, as mypy wants it: UserAdmin[User]

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var"))).resolve()
"""Everything this installation keeps: uploaded files, the embedded database, logs."""
MODELS_DIR = Path(env.text("MODELS_DIR", str(BASE_DIR / "models"))).resolve()

SECRET_KEY = env.text("SECRET_KEY")
DEBUG = env.flag("DEBUG")
DEMO = env.flag("DEMO")
"""Allows demo people with a published password; `make run` switches it on."""
HTTPS = env.flag("HTTPS", default=True)
"""Cookies only over HTTPS and HSTS; `make run` on one's own machine switches it off."""
ALLOWED_HOSTS = [*env.words("ALLOWED_HOSTS"), "localhost", "127.0.0.1", "[::1]"]
"""Always the names of this machine to itself: /health/ is asked from beside the server."""
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

# --- Apps and middleware -------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "skinclinic",
    "patients",
    "analysis",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "skinclinic.logs.RequestLogMiddleware",
    "skinclinic.limits.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "skinclinic.sessions.RenewalMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "skinclinic.privacy.PrivatePagesMiddleware",
    "skinclinic.htmx.SessionEndedMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "patients.second_factor.SecondFactorMiddleware",
    "skinclinic.errors.ClinicErrorMiddleware",
]

ROOT_URLCONF = "skinclinic.urls"
WSGI_APPLICATION = "skinclinic.wsgi.application"
ASGI_APPLICATION = "skinclinic.asgi.application"
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
                "patients.context.bell",
                "skinclinic.sessions.clock",
            ],
        },
    },
]

# --- Data ----------------------------------------------------------------------------------------------------------

# Tables lie on solid-state disks or in memory, so single rows are cheap to look up, and pages ask for few. Without the first, PostgreSQL
# reads all lesions to find those of a few cases; without the second, starting its helpers takes longer than they save.
PLANNER = "-c random_page_cost=1.1 -c max_parallel_workers_per_gather=0"
DATABASES = {"default": env.database() | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "OPTIONS": {"options": PLANNER}}}
REDIS_URL = env.text("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "skinclinic.cache.ForgivingRedisCache",
        "LOCATION": env.redis_database(REDIS_URL, 1),
        # Somebody waits for the log-in: one second, and once more at once for a connection that Redis had closed.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1, "retry": Retry(NoBackoff(), 1)},
    }
}
STORAGES: dict[str, dict[str, Any]] = {
    # Never served by URL: views hand files out one by one, after asking who is there.
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": VAR_DIR / "files",
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATIC_URL = "static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]

# Uploads: what the web server itself refuses. The other limits of images are in patients.
IMAGE_MAX_MB = int(env.number("IMAGE_MAX_MB", 20))
MAX_REQUEST_BYTES = (IMAGE_MAX_MB + 1) * 2**20
"""One image, and room for the fields beside it."""
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
FILE_UPLOAD_MAX_MEMORY_SIZE = MAX_REQUEST_BYTES  # an upload never lies in the system's folder for temporary files
FILE_UPLOAD_PERMISSIONS = 0o600

# --- Background work -----------------------------------------------------------------------------------------------

JOB_LIMIT_S = int(env.number("JOB_LIMIT_S", 300))
"""No job on the ordinary queues may take longer. Every other limit is derived from it: soft < hard < redelivery."""
SWEEP_INTERVAL_S = env.number("SWEEP_INTERVAL_S", 5)
ANALYSIS_LEASE_S = env.number("ANALYSIS_LEASE_S", 30)
"""A worker that has finished no stage of a job for so long is taken for dead."""
ANALYSIS_REPUBLISH_S = env.number("ANALYSIS_REPUBLISH_S", 20)
"""The message of an analysis that still waits after so long may be lost: it is sent again."""
ANALYSIS_REPUBLISH_BATCH = 20
ANALYSIS_MAX_ATTEMPTS = 3
AUDIT_ANCHOR_INTERVAL_S = env.number("AUDIT_ANCHOR_INTERVAL_S", 3600)
"""How often the head of the audit trail is noted outside the database."""
HOUSEKEEPING_INTERVAL_S = 24 * 60 * 60
"""How often what nobody needs any more is removed; counted by the hours that pass, so a machine that is off at night does it later."""
TORCH_THREADS = int(env.number("TORCH_THREADS", os.cpu_count() or 1))

CELERY_BROKER_URL = env.broker_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 4 * JOB_LIMIT_S, "socket_connect_timeout": 1, "socket_timeout": 5}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0}  # somebody waits; the sweeper sends again what was not sent
CELERY_TASK_SOFT_TIME_LIMIT = JOB_LIMIT_S
CELERY_TASK_TIME_LIMIT = 2 * JOB_LIMIT_S
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True  # the database tells what became of a job
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "analysis.tasks.analyse_image_task": {"queue": "inference"},
    "analysis.tasks.explain_task": {"queue": "explain"},
    "analysis.tasks.requeue_lost_task": {"queue": "default"},
    "patients.tasks.anchor_audit_task": {"queue": "default"},
    "patients.tasks.clear_away_task": {"queue": "default"},
    "patients.tasks.mail_notifications_task": {"queue": "default"},
    "patients.tasks.mark_breaches_task": {"queue": "default"},
}
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "requeue-lost-analyses": {
        "task": "analysis.tasks.requeue_lost_task",
        "schedule": SWEEP_INTERVAL_S,
        "options": {"queue": "default", "expires": 4 * SWEEP_INTERVAL_S},
    },
    "anchor-audit": {
        "task": "patients.tasks.anchor_audit_task",
        "schedule": AUDIT_ANCHOR_INTERVAL_S,
        "options": {"queue": "default", "expires": AUDIT_ANCHOR_INTERVAL_S},
    },
    "clear-away": {
        "task": "patients.tasks.clear_away_task",
        "schedule": HOUSEKEEPING_INTERVAL_S,
        "options": {"queue": "default", "expires": HOUSEKEEPING_INTERVAL_S},
    },
    "mail-notifications": {
        "task": "patients.tasks.mail_notifications_task",
        "schedule": 60.0,
        "options": {"queue": "default", "expires": 60},
    },
    "mark-breaches": {
        "task": "patients.tasks.mark_breaches_task",
        "schedule": 60.0,
        "options": {"queue": "default", "expires": 60},
    },
}

# --- Accounts ------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "patients.User"
AUTHENTICATION_BACKENDS = ["patients.accounts.PeopleBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "patients.accounts.AuditedAdapter"
ACCOUNT_FORMS = {
    "login": "skinclinic.accounts.NameOrAddressForm",
    "reset_password": "skinclinic.accounts.AddressForm",
    "reset_password_from_key": "skinclinic.accounts.NewPasswordForm",
    "user_token": "patients.accounts.LinkForm",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nobody signs up, so a stranger's address is written to by nobody
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "20/m/ip,5/5m/key",  # five wrong passwords lock the account name for five minutes
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
    "invitation": "20/m/ip",
}

MFA_ADAPTER = "patients.second_factor.FactorAdapter"
MFA_FORMS = {
    "authenticate": "patients.second_factor.CodeForm",
    "reauthenticate": "patients.second_factor.ReauthenticationCodeForm",
    "authenticate_webauthn": "patients.second_factor.PasskeyForm",
    "login_webauthn": "patients.second_factor.PasskeyLoginForm",
    "activate_totp": "skinclinic.accounts.ActivationForm",
    "add_webauthn": "skinclinic.accounts.NewPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "skinclinic"
MFA_TOTP_TOLERANCE = 1  # clocks of phones differ: the code before and the one after count as well
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # browsers themselves allow passkeys without TLS on localhost alone

# --- Security ------------------------------------------------------------------------------------------------------

SESSION_ENGINE = "skinclinic.sessions"
SESSION_COOKIE_AGE = int(60 * env.number("SESSION_IDLE_MINUTES", 30))
"""A session that is not used for so long ends."""
SESSION_MAX_AGE_S = 12 * 60 * 60
"""Used or not, after a working day everybody logs in again."""
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/$"]  # asked from beside the server, by its container
BEHIND_TLS_PROXY = env.flag("BEHIND_TLS_PROXY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_TLS_PROXY)  # else all people behind the proxy would share one limit
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "skinclinic.views.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# --- Language, messages, logs --------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", "UTC")
MESSAGE_TAGS = {message_levels.ERROR: "danger", message_levels.DEBUG: "secondary"}
MIN_FREE_DISK_BYTES = int(env.number("MIN_FREE_DISK_MB", 500)) * 2**20
"""/health/ reports trouble when the volume of VAR_DIR has less."""

# --- Mail ----------------------------------------------------------------------------------------------------------

PUBLIC_URL = env.address("PUBLIC_URL", next((origin for origin in CSRF_TRUSTED_ORIGINS if "*" not in origin), "http://127.0.0.1:8000"))
"""How people reach this installation: what links in mails begin with."""
EMAIL_HOST = env.text("EMAIL_HOST", "")
EMAIL_PORT = int(env.number("EMAIL_PORT", 587))
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
_EMAIL_TLS = env.flag("EMAIL_USE_TLS", default=True)
EMAIL_USE_TLS = _EMAIL_TLS and EMAIL_PORT != 465
EMAIL_USE_SSL = _EMAIL_TLS and EMAIL_PORT == 465  # the port that is encrypted from the first byte
EMAIL_TIMEOUT = 5  # somebody waits
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("EMAIL_FROM", "skinclinic@localhost")
EMAIL_FILE_PATH = str(VAR_DIR / "mail")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
"""Without a server of one's own, mails are files to look at."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "skinclinic.logs.LineFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},  # each request has one line of its own already
        "django.server": {"handlers": ["console"], "propagate": False},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},  # the sweeper alone would fill the log
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.request": {"level": "WARNING"},
    },
}
