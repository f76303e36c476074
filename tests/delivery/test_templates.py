"""Approved templates and articles over real HTTP: from the announcement to the phone, and what a refusal leads to."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, insert

from bot.announcements import account, approval, routes, running, testing
from bot.announcements.routes import Parameter, Template
from bot.simulator.messenger_paid import AD_ACCOUNT, CAMPAIGN
from bot.store import accounts, announcements, articles, initiatives, linking, options, persons
from bot.store.announcements import State
from bot.store.articles import Article
from bot.store.staff import staff
from tests.delivery.conftest import PLATFORMS, USER, Stage

WRITER = 1
MOBILE = {
    "zalo": {"name": "487001", "text": "Xin chào <ten>. <viec>. Công đoàn tỉnh xin cảm ơn."},
    "messenger": {
        "name": "nhac_su_kien",
        "language": "vi",
        "text": "Công đoàn xin nhắc anh/chị {{1}}: {{2}}. Hẹn gặp anh/chị.",
    },
}
ARRIVED = {
    "zalo": "Xin chào anh/chị. Họp lúc 8 giờ. Công đoàn tỉnh xin cảm ơn.",
    "messenger": "Công đoàn xin nhắc anh/chị anh/chị: Họp lúc 8 giờ. Hẹn gặp anh/chị.",
}


def known(stage: Stage, platform: str, **more: Any) -> int:
    """A member who wrote once and agreed to announcements."""
    stage.say(platform)
    stage.settle()
    person = stage.person(platform).id
    stage.runtime.database.write(lambda connection: persons.change(connection, person, subscribed=True, **more))
    stage.simulator.tools.journal.forget(calls=True)
    return person


def keep(stage: Stage, key: str, value: object) -> None:
    stage.runtime.database.write(
        lambda connection: options.put(connection, stage.hands(), None, routes.AREA, key, value)
    )


def template(stage: Stage, platform: str) -> Template:
    names = {"zalo": ("ten", "viec"), "messenger": ("1", "2")}[platform]
    parameters = tuple(
        Parameter(name=name, value=value, most=30) for name, value in zip(names, ("ten", "tieu de"), strict=True)
    )
    facts = {"key": "template.1", "account_id": stage.account(platform).id, "platform": platform}
    made = Template.model_validate({**facts, **MOBILE[platform], "parameters": parameters})
    keep(stage, routes.SWITCHES, {"zalo_template": True, "messenger_utility": True, "zalo_broadcast": True})
    keep(stage, made.key, made.model_dump(mode="json"))
    return made


def started(stage: Stage, **more: Any) -> int:
    service, now = stage.runtime.announcing, stage.hands()
    facts = {"title": "Họp lúc 8 giờ", "body": "Mời anh/chị đến họp.", **more}
    number = service.database.write(lambda connection: announcements.add(connection, now, WRITER, **facts))
    approval.submit(service, number, WRITER)
    approval.approve(service, number, one(stage, number).digest, 2)
    assert running.start(service, number)
    return number


def one(stage: Stage, number: int) -> announcements.Announcement:
    with stage.runtime.database.read() as connection:
        return approval.need(connection, number)


def run(stage: Stage) -> None:
    """The clock's and the worker's part, until nothing is due."""
    service = stage.runtime.announcing
    for _ in range(3):
        running.work(service)
        with stage.runtime.database.read() as connection:
            pairs = running.claimable(service, connection)
        for account_id, number in pairs:
            rows = stage.runtime.database.write(
                lambda connection, account_id=account_id, number=number: announcements.claim(  # type: ignore[misc]
                    connection, account_id, stage.runtime.owner, stage.hands(), 10, number, 3
                )
            )
            for row in rows:
                stage.runtime.worker._outbox.attempt(row)
        stage.runtime._broadcasting().work()
        stage.quiet()
        stage.runtime.worker._receipts.work()
    running.work(service)


def templated(stage: Stage, platform: str) -> int:
    """An announcement to somebody who was silent for a month, by an approved template."""
    person = known(stage, platform)
    made = template(stage, platform)
    at = stage.hands()
    facts = {"person_id": person, "code": "SK-1", "state": "in_review", "created_at": at, "changed_at": at}
    stage.runtime.database.write(
        lambda connection: connection.execute(initiatives.initiatives.insert().values(touched_at=at, **facts))
    )
    stage.hands.pass_by(days=30)
    chosen = routes.as_json(routes.Routed({made.account_id: made}))
    return started(stage, routes=chosen, allow_cost=True, audience={"initiative_states": ["in_review"]})


@pytest.mark.parametrize("platform", PLATFORMS)
def test_it_arrives_a_month_later(stage: Stage, platform: str) -> None:
    number = templated(stage, platform)
    run(stage)
    assert stage.texts(platform) == [ARRIVED[platform]]
    buckets = account.closing(stage.runtime.announcing, number).buckets
    assert buckets in ({"delivered": 1}, {"sent": 1})
    assert one(stage, number).state is State.CLOSED


REFUSED = {
    "zalo": {"code": -232},
    "messenger": {"code": 10, "subcode": 2018278, "status": 403},
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_refused_it_waits_and_goes_as_ordinary_words(stage: Stage, platform: str) -> None:
    number = templated(stage, platform)
    stage.fault(platform, "error", next=1, **REFUSED[platform])
    run(stage)
    assert account.closing(stage.runtime.announcing, number).buckets == {"held": 1}
    assert stage.texts(platform) == []
    stage.say(platform, "chào em")
    stage.settle()
    run(stage)
    last = stage.texts(platform)[-1]
    assert "Mời anh/chị đến họp." in last
    assert last != ARRIVED[platform]


def test_a_route_that_ended_meanwhile_sends_nothing(stage: Stage) -> None:
    number = templated(stage, "zalo")
    rules = stage.runtime.worker._outbox._rules
    left = tuple(rule for rule in rules.routes if rule.route != "template")
    stage.runtime.worker._outbox._rules = type(rules)(rules.windows, left, rules.quotas, rules.house)
    run(stage)
    assert stage.texts("zalo") == []
    assert account.closing(stage.runtime.announcing, number).buckets == {"held": 1}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_unknown_template_fails_and_says_so(stage: Stage, platform: str) -> None:
    double = stage.simulator.zalo.templates if platform == "zalo" else stage.simulator.messenger.page
    number = templated(stage, platform)
    double.templates.clear()
    run(stage)
    code = {"zalo": "zalo.-201.template", "messenger": "messenger.100.template"}[platform]
    assert account.closing(stage.runtime.announcing, number).reasons == {("failed", code): 1}
    assert code in stage.alarms().values()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_test_send_shows_the_template_beside_the_ordinary_words(stage: Stage, platform: str) -> None:
    person, made = known(stage, platform), template(stage, platform)
    chosen = routes.as_json(routes.Routed({made.account_id: made}))
    audience = {"initiative_states": ["in_review"]}
    ordinary, by_template = tried(stage, person, routes=chosen, allow_cost=True, audience=audience)
    assert "Mời anh/chị đến họp." in ordinary
    assert by_template == ARRIVED[platform]


def tried(stage: Stage, person: int, **more: Any) -> list[str]:
    """What a tester's phone shows after a test send."""
    service, now = stage.runtime.announcing, stage.hands()
    facts = {"title": "Họp lúc 8 giờ", "body": "Mời anh/chị đến họp.", **more}

    def op(connection: Connection) -> int:
        officer = {"id": WRITER, "login": "viet.bai", "name": "Viết", "role": "provincial", "password": "x"}
        connection.execute(insert(staff).values(**officer, created_at=now))
        connection.execute(insert(linking.testers).values(staff_id=WRITER, person_id=person, name="An", at=now))
        return announcements.add(connection, now, WRITER, **facts)

    assert testing.send(service, service.database.write(op), WRITER, [person]) == 1
    stage.settle()
    return stage.texts(next(name for name in PLATFORMS if stage.texts(name)))


# ---- articles ----


def posting(stage: Stage, article: str = "4870000001") -> int:
    known(stage, "zalo", follows=True)
    stage.simulator.zalo.people.meet(USER["zalo"]).follows = True
    template(stage, "zalo")
    chosen = routes.as_json(routes.Routed({}, {stage.account("zalo").id: article}))
    return started(stage, routes=chosen)


def post(stage: Stage, number: int) -> Article:
    with stage.runtime.database.read() as connection:
        (found,) = articles.of(connection, number)
    return found


def test_one_act_reaches_all_who_follow(stage: Stage) -> None:
    number = posting(stage)
    run(stage)
    run(stage)
    assert stage.counted("zalo.broadcast") == 1
    assert stage.texts("zalo") == [], "no message of their own"
    assert post(stage, number).state == articles.SENT
    assert account.closing(stage.runtime.announcing, number).buckets == {"sent": 1}
    assert one(stage, number).state is State.CLOSED


def test_an_article_that_is_looked_over_goes_later(stage: Stage) -> None:
    number = posting(stage, "4870000002")
    run(stage)
    assert (post(stage, number).state, post(stage, number).code) == (articles.WAITING, "zalo.-214")
    assert one(stage, number).state is State.RUNNING
    stage.simulator.zalo.templates.articles["4870000002"] = "Ngày hội"
    stage.hands.pass_by(minutes=4)
    run(stage)
    assert stage.counted("zalo.broadcast") == 0, "it rests between two tries"
    stage.hands.pass_by(minutes=2)
    run(stage)
    assert stage.counted("zalo.broadcast") == 1
    assert post(stage, number).state == articles.SENT


def test_an_article_that_is_never_ready_is_given_up(stage: Stage) -> None:
    number = posting(stage, "4870000002")
    run(stage)
    stage.hands.pass_by(hours=25)
    run(stage)
    assert (post(stage, number).state, post(stage, number).code) == (articles.FAILED, "zalo.-214")
    assert stage.alarms()[f"announcement:{number}:article"] == "announcement.article_failed"


def test_nothing_is_posted_at_night(stage: Stage) -> None:
    number = posting(stage)
    stage.hands.pass_by(hours=12)  # ten in the evening in Vietnam
    run(stage)
    stage.runtime._broadcasting().work()
    assert stage.counted("zalo.broadcast") == 0
    stage.hands.pass_by(hours=9, minutes=1)
    run(stage)
    assert stage.counted("zalo.broadcast") == 1
    assert post(stage, number).state == articles.SENT


@pytest.mark.parametrize("kind", ["cut", "unreadable"])
@pytest.mark.parametrize("arrives", [True, False])
def test_without_an_answer_it_is_never_posted_again(stage: Stage, kind: str, *, arrives: bool) -> None:
    number = posting(stage)
    stage.fault("zalo", kind, next=1, accepted=arrives)
    run(stage)
    stage.hands.pass_by(hours=1)
    run(stage)
    assert stage.counted("zalo.broadcast") == arrives
    assert post(stage, number).state == articles.UNSURE
    assert account.closing(stage.runtime.announcing, number).buckets == {"unsure": 1}
    assert stage.alarms()[f"announcement:{number}:article"] == "announcement.article_unsure"


def test_an_old_token_is_renewed_in_between(stage: Stage) -> None:
    number = posting(stage)
    stage.fault("zalo", "dead_token", next=1)
    run(stage)
    stage.hands.pass_by(seconds=6)
    run(stage)
    assert stage.counted("zalo.broadcast") == 1
    assert post(stage, number).state == articles.SENT


def test_a_new_token_that_is_refused_too_holds_the_account(stage: Stage) -> None:
    """Refreshing every few seconds for a day would help nobody; a person must look."""
    number = posting(stage)
    stage.fault("zalo", "dead_token", probability=1.0)
    for _ in range(8):
        run(stage)
        stage.hands.pass_by(seconds=5.01)
    assert stage.account("zalo").state == accounts.HELD
    assert stage.counted("zalo.call.token") == 1
    assert stage.alarms()[f"account:{stage.account('zalo').id}"] == "zalo.token_dead"
    assert post(stage, number).state == articles.WAITING


@pytest.mark.parametrize("code", [-211, -201, -248])
def test_refused_for_good(stage: Stage, code: int) -> None:
    number = posting(stage)
    stage.fault("zalo", "error", next=1, code=code)
    run(stage)
    stage.hands.pass_by(minutes=1)
    run(stage)
    held = code == -248
    assert post(stage, number).state == (articles.WAITING if held else articles.FAILED)
    assert stage.counted("zalo.broadcast") == 0


# ---- paid messages ----

REQUEST = "Nhận thông báo của công đoàn"


def paying(stage: Stage) -> dict[str, Any]:
    number = stage.account("messenger").id
    made = routes.Paid(account_id=number, ad_account=AD_ACCOUNT, campaign=CAMPAIGN, cost_vnd=100)
    keep(stage, routes.SWITCHES, {"messenger_marketing": True})
    keep(stage, f"{routes.PAID}{number}", made.model_dump(mode="json"))
    return routes.as_json(routes.Routed({}, {}, {number: made}))


def agrees(stage: Stage) -> None:
    """To announcements in the chat."""
    stage.say("messenger")
    stage.settle()
    for payload in ("@@1:subscribe", "@@1:subscribe:yes"):
        stage.say("messenger", act="postback", text="", title="Nhận", payload=payload)
        stage.settle()
    assert stage.person("messenger").subscribed


def presses(stage: Stage) -> None:
    """Yes, on the platform's own request."""
    stage.say("messenger", act="optin", text="", title=REQUEST, payload="@@1:optin")
    stage.settle()


def asked(stage: Stage) -> int:
    return sum(row.subject == "opt_in" for row in stage.rows("messenger"))


@pytest.mark.parametrize("on", [True, False])
def test_the_platforms_request_follows_the_consent_where_it_is_set_up(stage: Stage, *, on: bool) -> None:
    if on:
        paying(stage)
    agrees(stage)
    assert asked(stage) == on
    assert stage.simulator.messenger.paid._asked.keys() == ({(USER["messenger"], REQUEST)} if on else set())


def test_who_agreed_gets_it_a_month_later(stage: Stage) -> None:
    chosen = paying(stage)
    agrees(stage)
    presses(stage)
    stage.simulator.tools.journal.forget(calls=True)
    stage.hands.pass_by(days=30)
    number = started(stage, routes=chosen, allow_cost=True)
    run(stage)
    (text,) = stage.texts("messenger")
    assert "Mời anh/chị đến họp." in text
    assert account.closing(stage.runtime.announcing, number).buckets.keys() <= {"sent", "delivered"}


def test_a_test_send_is_paid_for_where_the_tester_agreed(stage: Stage) -> None:
    chosen = paying(stage)
    agrees(stage)
    presses(stage)
    stage.simulator.tools.journal.forget(calls=True)
    sent = tried(stage, stage.person("messenger").id, routes=chosen, allow_cost=True)
    assert len(sent) == 2
    exchanges = stage.simulator.tools.journal.exchanges(0)
    assert sum(f"act_{AD_ACCOUNT}/messages" in str(exchange) for exchange in exchanges) == 1


def test_a_yes_is_no_question(stage: Stage) -> None:
    """Pressing the platform's own button asks for no answer of ours, and nobody is asked again."""
    paying(stage)
    agrees(stage)
    before = len(stage.texts("messenger"))
    presses(stage)
    assert len(stage.texts("messenger")) == before
    stage.hands.pass_by(days=8)
    agrees(stage)
    assert asked(stage) == 1


def test_who_did_not_answer_is_held(stage: Stage) -> None:
    chosen = paying(stage)
    agrees(stage)
    stage.hands.pass_by(days=30)
    number = started(stage, routes=chosen, allow_cost=True)
    run(stage)
    assert account.closing(stage.runtime.announcing, number).buckets == {"held": 1}


def test_who_stops_gets_nothing_more(stage: Stage) -> None:
    chosen = paying(stage)
    agrees(stage)
    presses(stage)
    stage.say("messenger", act="optin_stop", text="")
    stage.settle()
    person = stage.person("messenger")
    assert not person.subscribed
    stage.runtime.database.write(lambda connection: persons.change(connection, person.id, subscribed=True))
    stage.simulator.tools.journal.forget(calls=True)
    stage.hands.pass_by(days=30)
    number = started(stage, routes=chosen, allow_cost=True)
    run(stage)
    assert stage.texts("messenger") == []
    assert account.closing(stage.runtime.announcing, number).buckets == {"held": 1}


def test_without_money_it_waits_as_plain_words(stage: Stage) -> None:
    chosen = paying(stage)
    agrees(stage)
    presses(stage)
    stage.hands.pass_by(days=30)
    double = stage.simulator.messenger
    double.knobs = double.knobs.model_copy(update={"campaign_money": False})
    number = started(stage, routes=chosen, allow_cost=True)
    run(stage)
    assert account.closing(stage.runtime.announcing, number).buckets == {"held": 1}
    assert "messenger.2300056" in stage.alarms().values()
    stage.say("messenger", "chào em")
    stage.settle()
    run(stage)
    assert "Mời anh/chị đến họp." in stage.texts("messenger")[-1]
