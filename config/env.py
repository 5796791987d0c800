"""The only reader of the environment. Every value is checked here; a wrong one stops the start with one clear line."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
from cryptography.fernet import Fernet

BASE_DIR = Path(__file__).resolve().parent.parent
LANGUAGES = ("vi", "en")

_env = environ.Env()


def _stop(name: str, problem: str) -> NoReturn:
    sys.exit(f"Configuration error: {name} {problem}")


def _bool(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    _stop(name, f"must be true or false, not {value!r}")


def _days(name: str, *, default: int, least: int) -> int:
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isdecimal() or int(value) < least:
        _stop(name, f"must be a whole number of days, {least} or more, not {value!r}")
    return int(value)


def _url(name: str, schemes: tuple[str, ...]) -> str:
    value = os.environ.get(name, "").strip()
    if value and urlsplit(value).scheme not in schemes:
        _stop(name, f"must start with one of {', '.join(s + '://' for s in schemes)}")
    return value


def _kept_secret(path: Path, make: Any) -> str:
    """Read a key file, making it on first use. Safe when several processes start at once: the first one wins."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.write_text(make(), encoding="ascii")
        draft.chmod(0o600)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def _data_dir() -> Path:
    path = Path(os.environ.get("DATA_DIR", "").strip() or BASE_DIR / "var").resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _stop("DATA_DIR", f"cannot be used: {error.strerror}")
    return path


def _time_zone() -> str:
    name = os.environ.get("TIME_ZONE", "").strip() or "Asia/Ho_Chi_Minh"
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        _stop("TIME_ZONE", f"is not a known time zone: {name!r}")
    return name


def _language() -> str:
    code = os.environ.get("LANGUAGE_CODE", "").strip() or "vi"
    if code not in LANGUAGES:
        _stop("LANGUAGE_CODE", f"must be one of {', '.join(LANGUAGES)}, not {code!r}")
    return code


def _field_keys(data_dir: Path) -> list[str]:
    given = os.environ.get("FIELD_KEYS", "").strip()
    keys = [
        key.strip()
        for key in (given or _kept_secret(data_dir / "field_keys", lambda: Fernet.generate_key().decode())).split(",")
    ]
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            _stop("FIELD_KEYS", "must be Fernet keys (32 url-safe base64 bytes), separated by commas, newest first")
    return keys


def _database(data_dir: Path) -> dict[str, Any]:
    url = _url("DATABASE_URL", ("postgres", "postgresql", "sqlite"))
    if not url:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(data_dir / "mot-moi.sqlite3")}
    try:
        return dict(_env.db_url_config(url))
    except (ValueError, environ.ImproperlyConfigured):
        _stop("DATABASE_URL", "cannot be read; expected postgres://user:password@host:port/name")


def _mail(data_dir: Path) -> dict[str, Any]:
    """Django's settings for e-mail. Without EMAIL_URL each letter becomes a file in DATA_DIR/mail."""
    url = _url("EMAIL_URL", ("smtp", "smtps", "smtp+tls", "smtp+ssl"))
    if not url:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": str(data_dir / "mail"),
        }
    try:
        return dict(_env.email_url_config(url))
    except (ValueError, environ.ImproperlyConfigured):
        _stop("EMAIL_URL", "cannot be read; expected smtp+tls://user:password@host:port")


def _list(name: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


@dataclass(frozen=True)
class Settings:
    """Everything the environment decides, already checked."""

    debug: bool
    data_dir: Path
    secret_key: str
    field_keys: list[str]
    allowed_hosts: list[str]
    base_url: str
    database: dict[str, Any]
    redis_url: str
    time_zone: str
    language_code: str
    mail: dict[str, Any]
    mail_from: str
    notify_schemes: list[str]
    payload_days: int
    run_days: int


def read() -> Settings:
    """Read and check the whole environment once."""
    data_dir = _data_dir()
    base_url = _url("BASE_URL", ("http", "https")) or "http://127.0.0.1:8000"
    hosts = _list("ALLOWED_HOSTS")
    return Settings(
        debug=_bool("DEBUG", default=False),
        data_dir=data_dir,
        secret_key=os.environ.get("SECRET_KEY", "").strip()
        or _kept_secret(data_dir / "secret_key", lambda: secrets.token_urlsafe(50)),
        field_keys=_field_keys(data_dir),
        allowed_hosts=hosts or ["127.0.0.1", "localhost", urlsplit(base_url).hostname or "localhost"],
        base_url=base_url.rstrip("/"),
        database=_database(data_dir),
        redis_url=_url("REDIS_URL", ("redis", "rediss", "unix")),
        time_zone=_time_zone(),
        language_code=_language(),
        mail=_mail(data_dir),
        mail_from=os.environ.get("MAIL_FROM", "").strip() or "Một Mối <mot-moi@localhost>",
        notify_schemes=_list("NOTIFY_SCHEMES"),
        payload_days=_days("PAYLOAD_DAYS", default=365, least=7),
        run_days=_days("RUN_DAYS", default=90, least=7),
    )
