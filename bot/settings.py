"""Every environment variable, read once into a frozen object; a wrong value stops the start with its name."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bot.errors import Misconfigured

SHORTEST_KEY = 32


def _url(value: str) -> str:
    if value and not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return value.rstrip("/")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except Exception as error:
        raise ValueError("is not a time zone name such as Asia/Ho_Chi_Minh") from error
    return value


Url = Annotated[str, AfterValidator(_url)]
Zone = Annotated[str, AfterValidator(_zone)]


class Settings(BaseModel):
    """Each field is the environment variable of the same name in capitals; a secret NAME may come from NAME_FILE."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: str = Field("", description="SQLAlchemy URL; empty: a SQLite file in the data folder")
    bot_data_dir: Path = Field(Path("data"), description="folder for the database, keys, files and models")
    secret_key: str = Field("", description="32 characters or more; comma-separated, newest first, to rotate")
    host: str = Field("127.0.0.1", description="address the web server listens on")
    port: int = Field(8000, ge=1, le=65535, description="port the web server listens on")
    bot_public_url: Url = Field("", description="how the platforms reach us, e.g. https://bot.example.vn")
    bot_trusted_proxy: str = Field("", description="address of the proxy whose X-Forwarded-* headers are believed")
    bot_timezone: Zone = Field("Asia/Ho_Chi_Minh", description="zone for display, schedules and quiet hours")
    bot_metrics_token: str = Field("", description="bearer token that opens /metrics beyond the loopback")
    smtp_url: str = Field("", description="smtp://user:password@host:587 for alerts; smtps:// for port 465")
    alert_email: str = Field("", description="who gets the alerts; several with commas")
    bot_simulator: str = Field(
        "", pattern="^[01]?$", description="1 on, 0 off; empty: on while no account is configured"
    )
    bot_senders: int = Field(24, ge=1, le=200, description="threads that talk to the platforms")
    bot_turn_workers: int = Field(3, ge=1, le=32, description="threads that compute answers")

    bot_model_url: Url = Field("", description="OpenAI-compatible endpoint to re-rank unsure readings; empty: off")
    bot_model_name: str = Field("", description="the model's name at that endpoint")
    bot_model_key: str = Field("", description="its API key")

    bot_s3_url: Url = Field("", description="S3-compatible store for attachments; empty: a folder in BOT_DATA_DIR")
    bot_s3_bucket: str = Field("", description="its bucket")
    bot_s3_region: str = Field("us-east-1", description="its region, as the store names it")
    bot_s3_key: str = Field("", description="its access key")
    bot_s3_secret: str = Field("", description="its secret key")

    zalo_app_id: str = Field("", description="Zalo app id")
    zalo_app_secret: str = Field("", description="Zalo app secret key")
    zalo_oa_id: str = Field("", description="Official Account id")
    zalo_oa_secret_key: str = Field("", description="OA secret key: signs the webhooks")
    zalo_access_token: str = Field("", description="first access token")
    zalo_refresh_token: str = Field("", description="first refresh token")
    zalo_api_url: Url = Field("https://openapi.zalo.me", description="host of the OA API")
    zalo_oauth_url: Url = Field("https://oauth.zaloapp.com", description="host of the token API")
    messenger_app_id: str = Field("", description="Meta app id")
    messenger_app_secret: str = Field("", description="Meta app secret: signs the webhooks")
    messenger_verify_token: str = Field("", description="what the webhook handshake must show")
    messenger_page_id: str = Field("", description="Page id")
    messenger_page_access_token: str = Field("", description="Page access token")
    messenger_api_url: Url = Field("https://graph.facebook.com", description="host of the Graph API")
    messenger_api_version: str = Field("v25.0", pattern=r"^v\d+\.\d+$", description="Graph API version")

    @property
    def data_dir(self) -> Path:
        return self.bot_data_dir

    @property
    def files_dir(self) -> Path:
        return self.bot_data_dir / "files"

    @property
    def documents_dir(self) -> Path:
        """Official documents that were loaded here, beside those shipped in content/documents; backed up with files."""
        return self.files_dir / "documents"

    @property
    def url(self) -> str:
        """The database's SQLAlchemy URL."""
        return self.database_url or f"sqlite:///{(self.bot_data_dir / 'bot.db').absolute()}"

    @property
    def on_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.bot_timezone)

    def keys(self) -> tuple[str, ...]:
        """The secret keys, newest first. Without SECRET_KEY one is made in the data folder, mode 0600."""
        if self.secret_key:
            return tuple(key.strip() for key in self.secret_key.split(","))
        if not self.on_sqlite:
            raise Misconfigured("settings.secret_key_needed", variable="SECRET_KEY")
        return (_key_file(self.bot_data_dir / "secret.key"),)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment. Raises Misconfigured naming the variable and what is wrong with it, never its value."""
    env = os.environ if environ is None else environ
    given = {name: value for name in Settings.model_fields if (value := _value(env, name.upper())) is not None}
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Misconfigured("settings.bad_value", variable=str(first["loc"][0]).upper(), reason=first["msg"]) from None
    for key in settings.secret_key.split(",") if settings.secret_key else ():
        if len(key.strip()) < SHORTEST_KEY:
            raise Misconfigured(
                "settings.bad_value",
                variable="SECRET_KEY",
                reason=f"each key needs {SHORTEST_KEY} characters or more",
            )
    if settings.database_url.startswith("postgres"):
        settings = settings.model_copy(update={"database_url": _with_driver(settings.database_url)})
    return settings


def _value(env: Mapping[str, str], name: str) -> str | None:
    if env.get(name):
        return env[name].strip()
    path = env.get(f"{name}_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Misconfigured(
            "settings.bad_value", variable=f"{name}_FILE", reason=error.strerror or "unreadable"
        ) from None


def _with_driver(url: str) -> str:
    """Hosting services hand out postgres://; SQLAlchemy wants the driver's name."""
    _, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}"


def private_folder(path: Path) -> Path:
    """Make a folder for this user alone, where it is missing: what lies in it are members' words.

    One that is there keeps its permissions: whoever made it may want a colleague or a backup program to read it.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _key_file(path: Path) -> str:
    if not path.exists():
        private_folder(path.parent)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # another command was first
            return path.read_text(encoding="ascii").strip()
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text(encoding="ascii").strip()
