"""Sends an article to all followers of an account: one act, begun once, never again on a guess."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot import logs
from bot.clock import Clock
from bot.delivery import tokens
from bot.delivery.directory import Directory
from bot.delivery.tokens import Tokens
from bot.messages import Receipt
from bot.platforms.contract import Broadcaster, Cancelled
from bot.platforms.errors import Refusal, SendError
from bot.store import accounts, articles, audit, marks
from bot.store.accounts import Account
from bot.store.articles import FAILED, SENT, UNSURE, WAITING, Article
from bot.store.database import Database

#: Zalo looks an article over for about half an hour.
LATER = timedelta(minutes=5)
#: An article that could not go for so long is given up: its announcement must come to an end.
LONGEST = timedelta(hours=24)


class Broadcasting:
    """`open_at` says whether an article may leave at a moment: by the platform's hours and by the union's own."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        tokens: Tokens,
        clock: Clock,
        platforms: Mapping[str, Broadcaster],
        open_at: Callable[[datetime], bool],
    ) -> None:
        self._database = database
        self._directory = directory
        self._tokens = tokens
        self._clock = clock
        self._platforms = platforms
        self._open_at = open_at

    def work(self) -> None:
        """One round; called by the clock every few seconds."""
        now = self._clock()
        with self._database.read() as connection:
            rows, stuck = articles.due(connection, now), articles.stuck(connection, now)
        if stuck:
            self._database.write(lambda connection: articles.expire(connection, now))
        for row in rows if self._open_at(now) else ():
            if self._database.write(lambda connection, row=row: articles.lease(connection, row.key, now)):  # type: ignore[misc]
                self._attempt(row)

    def _attempt(self, row: Article) -> None:
        with self._database.read() as connection:
            account = accounts.get(connection, row.account_id)
        platform = self._platforms.get(account.platform) if account else None
        if account is None or platform is None:
            self._end(row, FAILED, code="announcement.article_off")
            return
        try:
            receipt = platform.broadcast(self._directory.access(account), row.article, started=lambda: self._begin(row))
        except Cancelled:
            self._end(row, WAITING)
        except SendError as error:
            logs.event("article.refused", announcement=row.announcement_id, code=error.code, vendor=error.vendor)
            self._refused(row, account, error)
        except Exception:  # noqa: BLE001 - a fault of ours must not leave the row to its lease
            logs.failure("article.failed", announcement=row.announcement_id)
            self._end(row, UNSURE, code="unsure.fault")
        else:
            self._sent(row, receipt)

    def _begin(self, row: Article) -> bool:
        now = self._clock()
        return self._database.write(lambda connection: articles.begin(connection, row.key, now))

    def _sent(self, row: Article, receipt: Receipt) -> None:
        now = self._clock()

        def op(connection: Connection) -> None:
            articles.end(connection, row.key, SENT, sent_at=now, message_id=receipt.message_id, code="")
            audit.record(
                connection, now, None, "announcement.article_sent", "announcement", row.announcement_id,
                account=row.account_id,
            )  # fmt: skip

        self._database.write(op)
        logs.event("article.sent", announcement=row.announcement_id, account=row.account_id)

    def _refused(self, row: Article, account: Account, error: SendError) -> None:
        match error.refusal:
            case Refusal.UNSURE:
                self._end(row, UNSURE, code=error.code, alarm=True)
            case Refusal.TOKEN_EXPIRED:
                self._tokens.renew(account)
                self._again(row, error, timedelta(seconds=5))
            case Refusal.MISCONFIGURED:
                tokens.hold(self._database, account, error.code, self._clock())
                self._directory.changed()
                self._again(row, error, LATER)
            case _ if error.transient or error.retry_at is not None:
                self._again(row, error, LATER)
            case _:
                self._end(row, FAILED, code=error.code, alarm=True)

    def _again(self, row: Article, error: SendError, wait: timedelta) -> None:
        """Try later, but not for ever."""
        now = self._clock()
        if now - row.since > LONGEST:
            self._end(row, FAILED, code=error.code, alarm=True)
        else:
            self._end(row, WAITING, code=error.code, due_at=error.retry_at or now + wait)

    def _end(self, row: Article, state: str, *, alarm: bool = False, **values: object) -> None:
        now = self._clock()

        def op(connection: Connection) -> None:
            articles.end(connection, row.key, state, **values)
            if alarm:
                cause = f"announcement:{row.announcement_id}:article"
                code = "announcement.article_unsure" if state == UNSURE else "announcement.article_failed"
                marks.raise_alarm(connection, cause, code, now, announcement=row.announcement_id)

        self._database.write(op)
