"""Attachments: fetched safely, told by their bytes what they are, and stored in a folder or a bucket."""

from __future__ import annotations

from urllib.parse import urlsplit

from bot.errors import Misconfigured
from bot.files.storing import Bucket, FileStore, Folder
from bot.settings import Settings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def open_store(settings: Settings) -> FileStore:
    """The bucket when one is configured, else a folder beside the database. Raises Misconfigured."""
    if not settings.bot_s3_url:
        return Folder(settings.files_dir)
    for name in ("bot_s3_bucket", "bot_s3_key", "bot_s3_secret"):
        if not getattr(settings, name):
            raise Misconfigured("settings.bad_value", variable=name.upper(), reason="needed with BOT_S3_URL")
    return Bucket(
        settings.bot_s3_url,
        settings.bot_s3_bucket,
        settings.bot_s3_region,
        settings.bot_s3_key,
        settings.bot_s3_secret,
    )


def local_origins(settings: Settings, *, simulator: bool) -> list[str]:
    """Where attachments may also come from: doubles of the platforms that the operator runs on this machine."""
    named = [settings.zalo_api_url, settings.messenger_api_url]
    own = [f"http://127.0.0.1:{settings.port}"] if simulator else []
    near = [url for url in named if urlsplit(url).scheme == "http" and urlsplit(url).hostname in LOOPBACK]
    return [*own, *(f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in near)]
