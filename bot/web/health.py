"""Whether we live, whether we can work, and the figures: /health/live, /health/ready, /metrics."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from flask import Blueprint, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select, text

from bot.clock import Clock
from bot.delivery.tally import Tally
from bot.states import Lane
from bot.store import accounts, inbox, marks
from bot.store.database import Database, DatabaseAway
from bot.store.schema import outbox

#: Heartbeats come every 5 s; so old a one means that nobody is there.
DEAD_AFTER = timedelta(seconds=20)
ROLES = ("worker", "clock")


@dataclass(frozen=True, slots=True)
class Health:
    database: Database
    clock: Clock
    tally: Tally
    metrics_token: str

    def look(self) -> dict[str, Any]:
        """Everything a person or a monitor asks first. Raises DatabaseAway."""
        now = self.clock()
        with self.database.read() as connection:
            return {
                "database": "ok",
                **{role: _role(connection, role, now) for role in ROLES},
                "queues": _queues(connection, now),
                "accounts": [_account(one) for one in accounts.all_accounts(connection)],
                "signatures": {
                    name.removeprefix("signature:"): at.isoformat()
                    for name, (_, at) in marks.starting_with(connection, "signature:").items()
                },
                "alarms": [{"cause": one.cause, "code": one.code} for one in marks.open_alarms(connection)],
            }


def blueprint(health: Health) -> Blueprint:
    pages = Blueprint("health", __name__)

    @pages.get("/health/live")
    def live() -> Response:
        return jsonify(status="ok")

    @pages.get("/health/ready")
    def ready() -> tuple[Response, int]:
        """503 only for what stops our own work: a dead token is a matter for a person, not for a load balancer."""
        try:
            found = health.look()
        except DatabaseAway:
            return jsonify(status="away", database="away"), 503
        fine = all(found[role] == "ok" for role in ROLES)
        if not _may_look(health.metrics_token):
            found = {name: found[name] for name in ("database", *ROLES)}
        return jsonify(status="ok" if fine else "away", **found), 200 if fine else 503

    @pages.get("/metrics")
    def metrics() -> Response:
        if not _may_look(health.metrics_token):
            return Response("403\n", 403, mimetype="text/plain")
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Figures(health))
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return pages


def _may_look(token: str) -> bool:
    """Loopback, or whoever knows the token."""
    given = request.headers.get("Authorization", "")
    if token and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return True
    # behind a proxy on this machine everybody comes from the loopback: then only the token opens
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not forwarded and ip_address(request.remote_addr or "0.0.0.0").is_loopback  # noqa: S104 - an address nobody has


def _role(connection: Connection, role: str, now: datetime) -> str:
    beats = marks.starting_with(connection, f"heartbeat:{role}:")
    return "ok" if any(now - at < DEAD_AFTER for _, at in beats.values()) else "away"


def _queues(connection: Connection, now: datetime) -> dict[str, float]:
    """Age in seconds of the oldest thing that waits, by queue."""
    replies = select(func.min(outbox.c.created_at)).where(
        text("state IN ('queued', 'waiting') AND announcement_id IS NULL"), outbox.c.due_at <= now
    )
    oldest = {
        "talk": inbox.oldest_waiting(connection, Lane.TALK),
        "receipts": inbox.oldest_waiting(connection, Lane.RECEIPT),
        "replies": connection.execute(replies).scalar(),
    }
    return {name: round((now - at).total_seconds(), 3) if at else 0.0 for name, at in oldest.items()}


def _account(account: accounts.Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "platform": account.platform,
        "state": account.state,
        "code": account.state_code,
        "paused_until": account.paused_until.isoformat() if account.paused_until else None,
        "token_until": account.tokens_until.isoformat() if account.tokens_until else None,
    }


class _Figures(Collector):
    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        events = CounterMetricFamily("bot_events", "What happened since this process started", labels=["what"])
        for what, n in sorted(self._health.tally.totals().items()):
            events.add_metric([what], n)
        yield events
        up = GaugeMetricFamily("bot_up", "1 when the part works", labels=["part"])
        try:
            found = self._health.look()
        except DatabaseAway:
            up.add_metric(["database"], 0)
            yield up
            return
        for part in ("database", *ROLES):
            up.add_metric([part], found[part] == "ok")
        yield up
        age = GaugeMetricFamily("bot_oldest_waiting_seconds", "Age of the oldest that waits", labels=["queue"])
        for name, seconds in found["queues"].items():
            age.add_metric([name], seconds)
        yield age
        active = GaugeMetricFamily("bot_account_active", "1 when it may send", labels=["account", "platform"])
        for one in found["accounts"]:
            active.add_metric([str(one["id"]), one["platform"]], one["state"] == accounts.ACTIVE)
        yield active
        yield GaugeMetricFamily("bot_alarms", "What needs a person", value=len(found["alarms"]))
