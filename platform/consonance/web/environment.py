"""Settings read from environment variables, each with its type and a clear error."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """Return the variable, or the default when it is unset."""
    return os.environ.get(name, default)


def flag(name: str, *, default: bool = False) -> bool:
    """Return a yes/no variable."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    word = raw.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {raw!r}: use 1 or 0.")


def number(name: str, default: int) -> int:
    """Return a whole-number variable."""
    raw = os.environ.get(name)
    if raw is None or not raw.strip():
        return default
    try:
        return int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {raw!r}: use a whole number.") from None


def words(name: str, default: str) -> list[str]:
    """Return a comma-separated variable as a list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def hosts(*, production: bool) -> list[str]:
    """Return the host names that the app answers to: this machine's own unless others are named.

    Raises
    ------
    ImproperlyConfigured
        In production without `CONSONANCE_HOSTS`: every request would be answered with 400.
    """
    named = words("CONSONANCE_HOSTS", "" if production else "localhost,127.0.0.1,[::1]")
    if production and not named:
        raise ImproperlyConfigured(
            "CONSONANCE_HOSTS is not set. Name the hosts that production answers to, separated by "
            "commas."
        )
    return named


def secret_key(data: Path, *, production: bool) -> str:
    """Return the signing key: from the environment, or made once for a local installation.

    Raises
    ------
    ImproperlyConfigured
        In production without `CONSONANCE_SECRET_KEY`, or with one that is too short.
    """
    key = text("CONSONANCE_SECRET_KEY")
    if key:
        if production and len(key) < 50:
            raise ImproperlyConfigured("CONSONANCE_SECRET_KEY must have 50 characters or more.")
        return key
    if production:
        raise ImproperlyConfigured(
            "CONSONANCE_SECRET_KEY is not set. Production never starts with a made-up key."
        )
    path = data / "secret_key"
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        data.mkdir(parents=True, exist_ok=True)
    fresh = secrets.token_urlsafe(64)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was faster: its key is the one
        return path.read_text(encoding="ascii")
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(fresh)
    return fresh


def database(url: str, data: Path) -> dict[str, Any]:
    """Return Django's database settings for a URL.

    Parameters
    ----------
    url
        `sqlite:///relative/or//absolute/path`, `postgresql://user:password@host:port/name`, or
        empty for SQLite in the data folder. Behind a pooler that does not pass on what a connection
        has prepared, a PostgreSQL one ends with `?plans=none`.
    data
        The data folder.

    Raises
    ------
    ImproperlyConfigured
        If the scheme is neither of the two, or the name is missing.
    """
    parts = urlsplit(url or f"sqlite:///{data / 'consonance.sqlite3'}")
    name = unquote(parts.path[1:])
    if not name:
        raise ImproperlyConfigured(f"DATABASE_URL {url!r} names no database.")
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": name,
            # A new connection reads the whole schema before its first answer, and the last one that
            # is closed writes the log back into the file: more work than a request is.
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                # A read that turns into a write dies with "database is locked" under DEFERRED.
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                # Kept by each thread of each process, so not too much of it.
                " PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY;",
            },
        }
    if parts.scheme in {"postgres", "postgresql"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or dict(parse_qsl(parts.query)).get("host", ""),
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": _plans(dict(parse_qsl(parts.query)).get("plans", "kept")),
        }
    raise ImproperlyConfigured(
        f"DATABASE_URL starts with {parts.scheme!r}: use sqlite:/// or postgresql://."
    )


def _plans(word: str) -> dict[str, Any]:
    """Return the options by which plans are kept or not.

    Raises
    ------
    ImproperlyConfigured
        If the word is neither.
    """
    if word == "none":
        return {}
    if word != "kept":
        raise ImproperlyConfigured(f"DATABASE_URL has plans={word!r}: say none or kept.")
    # Once planned, a statement is not planned anew for other values: those that matter to its plan
    # are words of it. Nothing but consonance.ledger.planned sends statements that can be kept.
    return {"prepare_threshold": 1, "options": "-c plan_cache_mode=force_generic_plan"}


def cache(url: str) -> dict[str, Any]:
    """Return Django's default cache for `CONSONANCE_CACHE`.

    Parameters
    ----------
    url
        Empty for the memory of each process, or `redis://` (`rediss://`) for one that all share.

    Raises
    ------
    ImproperlyConfigured
        If it is neither.
    """
    if not url:
        # Rate limits are kept here, too: they must not be forgotten for what others look at.
        return {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 50_000},
        }
    if urlsplit(url).scheme in {"redis", "rediss"} and urlsplit(url).hostname:
        return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}
    raise ImproperlyConfigured(f"CONSONANCE_CACHE {url!r}: use redis://host:port/number.")


def media_storage(url: str, data: Path) -> dict[str, Any]:
    """Return Django's default storage for `CONSONANCE_MEDIA`.

    Parameters
    ----------
    url
        Empty for a folder in `data`, a folder's path, or `s3://bucket/prefix`.
    data
        The data folder.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": parts.netloc,
                "location": parts.path.strip("/"),
                "default_acl": None,
                "file_overwrite": False,
                "querystring_auth": True,
            },
        }
    if parts.scheme and parts.scheme != "file":
        raise ImproperlyConfigured(f"CONSONANCE_MEDIA {url!r}: use a folder or s3://bucket/prefix.")
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(parts.path or data / "media"), "base_url": None},
    }


def releases_storage(url: str, data: Path) -> dict[str, Any]:
    """Return the storage called `releases` for `CONSONANCE_RELEASES`; nothing without one.

    Parameters
    ----------
    url
        Empty, or a folder or `s3://bucket/prefix` that releases are also kept in.
    data
        The data folder.
    """
    return {"releases": media_storage(url, data)} if url else {}
