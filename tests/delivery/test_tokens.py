"""Zalo's token pair: refreshed under one lock, on disk before it is used, and a person called when it is spent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from bot.delivery.tokens import Tokens
from bot.store import accounts
from tests.delivery.conftest import Stage, _seed


def pair(stage: Stage) -> dict[str, str]:
    return stage.runtime.vault.open(stage.account("zalo").tokens)


def test_a_dead_token_is_renewed_and_the_message_goes(stage_on_each: Stage) -> None:
    stage = stage_on_each
    before = pair(stage)
    stage.simulator.zalo.tokens.revoke()
    stage.say("zalo")
    stage.settle()
    assert stage.states("zalo") == ["delivered"]
    assert pair(stage)["access"] != before["access"]
    assert pair(stage)["refresh"] == stage.simulator.zalo.tokens.pair.refresh
    assert stage.account("zalo").state == accounts.ACTIVE
    assert stage.counted("zalo.call.token") == 1


def test_many_sends_that_are_refused_at_once_make_one_refresh(stage_on_each: Stage) -> None:
    """Its refresh token works once: a second refresh would kill the account."""
    stage = stage_on_each
    stage.say("zalo")
    stage.settle()
    stage.simulator.zalo.tokens.revoke()
    stage.simulator.zalo.knobs = stage.simulator.zalo.knobs.model_copy(update={"latency_ms": 50})
    account = stage.account("zalo")
    other = Tokens(stage.runtime.database, stage.runtime.vault, stage.runtime.directory, stage.hands, "another process")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: (stage.runtime.tokens if number % 2 else other).renew(account), range(8)))
    assert stage.counted("zalo.call.token") == 1
    assert stage.account("zalo").state == accounts.ACTIVE
    assert pair(stage)["refresh"] == stage.simulator.zalo.tokens.pair.refresh
    stage.say("zalo")
    stage.settle()
    assert stage.states("zalo") == ["delivered", "delivered"]


def test_a_token_that_another_process_renewed_is_read_again_and_not_renewed(stage: Stage) -> None:
    stale = stage.account("zalo")
    stage.simulator.zalo.tokens.revoke()
    assert stage.runtime.tokens.renew(stale)
    assert stage.runtime.tokens.renew(stale)
    assert stage.counted("zalo.call.token") == 1


def test_a_spent_refresh_token_holds_the_queue_and_calls_a_person(stage: Stage) -> None:
    stage.simulator.zalo.tokens.revoke(refresh_too=True)
    stage.say("zalo")
    stage.settle()
    account = stage.account("zalo")
    assert account.state == accounts.HELD
    assert f"account:{account.id}" in stage.alarms()
    stage.later(hours=1)
    assert stage.states("zalo") == ["waiting"]
    fresh = stage.simulator.zalo.tokens.consent_again()
    stage.runtime.plant([replace(_seed(stage.simulator, "zalo"), access=fresh.access, refresh=fresh.refresh)])
    stage.later(seconds=2)
    assert stage.states("zalo") == ["delivered"]
    assert stage.account("zalo").state == accounts.ACTIVE


def test_a_refresh_without_an_answer_is_tried_once_more_with_the_old_pair(stage: Stage) -> None:
    stage.simulator.zalo.tokens.revoke()
    stage.fault("zalo", "server_error", on="token", next=1, body=False, accepted=False)
    stage.say("zalo")
    stage.settle()
    stage.later(seconds=2)
    assert stage.states("zalo") == ["delivered"]


def test_the_clock_renews_a_pair_before_it_is_old(stage: Stage) -> None:
    before = pair(stage)
    stage.runtime.tokens.renew_due()
    assert pair(stage) == before
    stage.hands.pass_by(hours=11)
    stage.runtime.tokens.renew_due()
    assert pair(stage) != before
    assert stage.account("zalo").tokens_until == stage.hands() + timedelta(hours=25)
    stage.runtime.tokens.renew_due()
    assert stage.counted("zalo.call.token") == 1


def test_a_page_token_that_died_holds_the_page(stage: Stage) -> None:
    stage.simulator.messenger.token_dead = True
    stage.say("messenger")
    stage.settle()
    assert stage.account("messenger").state == accounts.HELD
    assert stage.states("messenger") == ["waiting"]


def test_a_new_token_that_is_refused_too_holds_the_account_for_a_person(stage: Stage) -> None:
    """A permission was taken away: refreshing for ever would only spend tokens."""
    stage.say("zalo")
    stage.settle()
    stage.fault("zalo", "dead_token", probability=1.0)
    stage.say("zalo")
    stage.turns()
    for _ in range(8):
        stage.send()
        stage.hands.pass_by(seconds=1.01)
    assert stage.account("zalo").state == accounts.HELD
    assert stage.counted("zalo.call.token") <= 2
    assert stage.alarms()
    assert stage.states("zalo")[-1] == "waiting"
