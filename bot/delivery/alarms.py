"""Tells whoever minds the machine what needs them: one mail a cause, again each day while it lasts; codes and numbers.

Hand-overs, danger signs too, are told to the officers in charge (notifier.py). They come here only when none of those
could be told: nobody is named, nobody has an address or a chat, or their mail was refused.
"""

from __future__ import annotations

import smtplib
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import Connection

from bot import logs
from bot.clock import Clock, zone
from bot.library.load import CONTENT
from bot.settings import Settings
from bot.store import marks, notifications
from bot.store.database import Database
from bot.store.marks import Alarm

AGAIN = timedelta(hours=24)
#: The officers' turn comes first; the notifier looks every half minute.
NOBODY_TOLD = timedelta(minutes=2)
TIMEOUT_S = 20


class Mailer:
    """Sends plain text by SMTP_URL: smtp:// with STARTTLS where the server offers it, smtps:// with TLS at once."""

    def __init__(self, settings: Settings) -> None:
        self._url = urlsplit(settings.smtp_url)
        self.to = [one.strip() for one in settings.alert_email.split(",") if one.strip()]
        self.ready = bool(settings.smtp_url and self.to)
        self.may_send = bool(settings.smtp_url and (self.to or self._url.username))  # to a colleague's own address

    def send(self, subject: str, body: str, to: Sequence[str] = ()) -> None:
        """Raises OSError or smtplib.SMTPException."""
        message = EmailMessage()
        message["Subject"], message["To"] = subject, ", ".join(to or self.to)
        message["From"] = unquote(self._url.username or "") or self.to[0]
        message.set_content(body)
        secure = self._url.scheme == "smtps"
        port = self._url.port or (465 if secure else 587)
        kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
        with kind(self._url.hostname or "", port, timeout=TIMEOUT_S) as server:
            if not secure and server.has_extn("starttls"):
                server.starttls()
            if self._url.username and self._url.password:
                server.login(unquote(self._url.username), unquote(self._url.password))
            server.send_message(message)


class Alarms:
    def __init__(self, database: Database, mailer: Mailer, clock: Clock, *, console_url: str) -> None:
        self._database = database
        self._mailer = mailer
        self._clock = clock
        self._console_url = console_url
        self._words = explanations()

    def tell(self) -> int:
        """Mail what was not told today; how many causes."""
        now = self._clock()
        with self._database.read() as connection:
            due = [one for one in marks.open_alarms(connection) if _due(connection, one, now)]
        if not due or not self._mailer.ready:
            return 0
        try:
            for alarm in due:
                self._mailer.send(*self._letter(alarm))
                self._database.write(partial(marks.alarm_told, cause=alarm.cause, now=now))
        except (OSError, smtplib.SMTPException):
            logs.failure("alarm.mail_failed")
            return 0
        return len(due)

    def _letter(self, alarm: Alarm) -> tuple[str, str]:
        words = self._words.get(alarm.code, {})
        meaning = words.get("means") or "Có một việc cần người xem."
        lines = [meaning]
        if words.get("do"):
            lines.append(f"Việc cần làm: {words['do']}")
        lines.append(f"Từ lúc: {alarm.since.astimezone(zone()):%H:%M %d/%m/%Y}")
        lines += [f"{name}: {value}" for name, value in alarm.facts.items()]
        lines += [f"Mã: {alarm.code}", f"Bàn làm việc: {self._console_url}"]
        return f"[Trợ lý công đoàn] {meaning}"[:120], "\n".join(lines)


def _due(connection: Connection, alarm: Alarm, now: datetime) -> bool:
    if alarm.told_at is not None and now - alarm.told_at <= AGAIN:
        return False
    if not alarm.cause.startswith("handover:"):
        return True
    return now - alarm.since > NOBODY_TOLD and not notifications.heard(connection, alarm.cause, alarm.since)


def explanations(folder: Path = CONTENT) -> Mapping[str, Mapping[str, str]]:
    """Every code of content/errors.toml: what it `means` and what staff `do`."""
    found: dict[str, Mapping[str, str]] = {}
    _gather(tomllib.loads((folder / "errors.toml").read_text(encoding="utf-8")), "", found)
    return found


def _gather(entries: Mapping[str, Any], prefix: str, found: dict[str, Mapping[str, str]]) -> None:
    for name, value in entries.items():
        if "means" in value:
            found[prefix + name] = value
        else:
            _gather(value, f"{prefix}{name}.", found)
