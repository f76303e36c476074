"""Ways beyond the window: each row of the rules, who gets which, and that nothing goes that was not permitted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from bot.announcements import account, approval, preflight, preview, routes, running
from bot.announcements.drafting import Message
from bot.announcements.routes import Parameter, Template
from bot.errors import BotError
from bot.states import OutboxEvent
from bot.store import announcements, articles, events, linking, optins, options, outbox
from bot.store import persons as person_store
from bot.store.announcements import State
from bot.store.initiatives import initiatives
from bot.store.schema import outbox as messages
from bot.store.schema import persons
from tests.announcements.conftest import WRITER, Office

ALL_ON = {"messenger_utility": True, "zalo_template": True, "zalo_broadcast": True}


def template(office: Office, platform: str, **changed: Any) -> Template:
    """One with the person's name and a fixed word, kept in the settings."""
    shapes = {
        "messenger": {"name": "nhac_viec", "language": "vi", "text": "Gửi {{1}}: {{2}}. Xin cảm ơn."},
        "zalo": {"name": "487001", "text": "Gửi <ten>: <viec>. Xin cảm ơn."},
    }
    names = {"messenger": ("1", "2"), "zalo": ("ten", "viec")}[platform]
    values = changed.pop("values", ("ten", "=đến họp"))
    parameters = tuple(Parameter(name=n, value=v, most=30) for n, v in zip(names, values, strict=True))
    facts = {"key": f"template.{platform}", "account_id": office.accounts[platform], "platform": platform}
    made = Template.model_validate({**facts, **shapes[platform], "parameters": parameters, **changed})
    keep(office, made.key, made.model_dump(mode="json"))
    return made


def keep(office: Office, key: str, value: object) -> None:
    office.database.write(lambda connection: options.put(connection, office.hands(), WRITER, routes.AREA, key, value))


@pytest.fixture
def on(office: Office) -> Office:
    keep(office, routes.SWITCHES, ALL_ON)
    return office


def chose(*made: Template) -> dict[str, Any]:
    return routes.as_json(routes.Routed({one.account_id: one for one in made}))


def initiative(office: Office, person: int, **more: Any) -> None:
    at = office.hands()
    moments = {"created_at": at, "changed_at": at, "touched_at": at}
    facts = {"person_id": person, "code": f"SK-{person}", "state": "in_review", **moments, **more}
    office.database.write(lambda connection: connection.execute(insert(initiatives).values(facts)))


def bodies(office: Office, number: int) -> dict[int, dict[str, Any]]:
    query = select(messages.c.person_id, messages.c.body, messages.c.state)
    with office.database.read() as connection:
        rows = connection.execute(query.where(messages.c.announcement_id == number)).all()
    return {row.person_id: {**json.loads(row.body), "is": row.state} for row in rows}


OWN = {"initiative_states": ["in_review"]}


# ---- who gets which ----


@pytest.mark.parametrize(
    ("platform", "wrote", "way"),
    [
        ("messenger", timedelta(hours=23), "window"),
        ("messenger", timedelta(hours=24), "utility"),
        ("messenger", timedelta(days=800), "utility"),
        ("messenger", None, "held"),
        ("zalo", timedelta(hours=47), "window"),
        ("zalo", timedelta(hours=49), "billed"),
        ("zalo", timedelta(days=7), "template"),
        ("zalo", timedelta(days=364), "template"),
        ("zalo", timedelta(days=365), "held"),
        ("zalo", None, "held"),
    ],
)
def test_best_permitted_way(on: Office, platform: str, wrote: timedelta | None, way: str) -> None:
    chosen = chose(template(on, "messenger"), template(on, "zalo"))
    (person,) = on.people(platform, 1, wrote_at=on.hands() - wrote if wrote is not None else None)
    initiative(on, person)
    one = on.one(on.draft(body="Họp.", allow_cost=True, audience=OWN, routes=chosen))
    (line,) = preflight.check(on.announcing, one).lines
    assert (line.way, line.people) == (way, 1)


@pytest.mark.parametrize(
    ("platform", "switch", "more", "fault"),
    [
        ("messenger", {}, {"audience": OWN}, "announcement.template_off"),
        ("messenger", ALL_ON, {}, "announcement.template_general"),  # general news never
        ("messenger", ALL_ON, {"audience": {"units": [1]}}, "announcement.template_general"),
        ("messenger", ALL_ON, {"audience": OWN}, ""),
        ("messenger", ALL_ON, {"audience": {"events": [1]}}, ""),
        ("zalo", {"messenger_utility": True}, {"allow_cost": True}, "announcement.template_off"),
        ("zalo", ALL_ON, {}, "announcement.template_costs"),
        ("zalo", ALL_ON, {"allow_cost": True}, ""),
    ],
)
def test_not_without_its_switch_and_its_conditions(
    office: Office, platform: str, switch: dict[str, bool], more: dict[str, Any], fault: str
) -> None:
    keep(office, routes.SWITCHES, switch or None)
    made = template(office, platform)
    one = office.one(office.draft(body="Họp.", routes=chose(made), **more))
    assert [code for code, _ in routes.faults(office.announcing, one)] == ([fault] if fault else [])
    found = preflight.ways(office.announcing, one, office.hands()).templates
    assert bool(found) is (not fault)


@pytest.mark.parametrize(
    ("values", "written", "fault"),
    [
        (("tieu de", "=a"), {"title": "x" * 31}, "announcement.template_long"),
        (("noi dung", "=a"), {"body": "x" * 31}, "announcement.template_long"),
        (("noi dung", "=a"), {"body": "Chào {tên}"}, "announcement.template_merges"),
        (("sang kien", "=a"), {"audience": {"events": [1]}}, "announcement.template_initiative"),
        (("tieu de", "=a"), {"title": " "}, "announcement.template_empty"),
    ],
)
def test_values_that_do_not_fit(on: Office, values: tuple[str, str], written: dict[str, Any], fault: str) -> None:
    made = template(on, "messenger", values=values)
    one = on.one(on.draft(**{"body": "Họp.", "audience": OWN, "routes": chose(made), **written}))
    assert fault in [code for code, _ in routes.faults(on.announcing, one)]
    with pytest.raises(BotError, match=r"announcement\.faulty"):
        approval.submit(on.announcing, one.id, WRITER)


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": "Gửi {{1}}."},  # a value too many
        {"text": "Gửi {{1}} {{2}} {{3}}."},
        {"text": "Gửi {{2}} và {{3}}."},
        {"language": "tieng viet"},
        {"values": ("ho ten", "=a")},
        {"values": ("ten", "=")},
        {"values": ("ten", "=" + "x" * 31)},
    ],
)
def test_a_template_is_whole_or_it_is_none(office: Office, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        template(office, "messenger", **wrong)


# ---- what becomes of it ----


def test_each_gets_their_own_values(on: Office) -> None:
    old = on.hands() - timedelta(days=30)
    here, there = on.people("messenger", 2, wrote_at=old)
    initiative(on, here, author="Nguyễn Thị Hoa")
    initiative(on, there, author="Nguyễn Hoàng Phương Khánh Quỳnh Trâm")
    number = on.started(body="Họp.", audience=OWN, routes=chose(template(on, "messenger")))
    running.work(on.announcing)
    made = bodies(on, number)
    shown = {person: body["template"]["components"][0]["parameters"] for person, body in made.items()}
    assert shown[here] == [{"type": "text", "text": "Nguyễn Thị Hoa"}, {"type": "text", "text": "đến họp"}]
    assert len(shown[there][0]["text"]) <= 30
    assert {body["way"] for body in made.values()} == {"utility"}
    assert "Họp." in made[here]["plain"]["text"]


def test_same_for_all_is_one_body(on: Office) -> None:
    on.people("zalo", 3, wrote_at=on.hands() - timedelta(days=30))
    made = template(on, "zalo", values=("=anh chị", "=đến họp"))
    number = on.started(body="Họp.", allow_cost=True, routes=chose(made))
    on.run(number)
    assert {body["template_id"] for body in bodies(on, number).values()} == {"487001"}
    assert on.states(number) == {"sent": 3}


def test_a_refused_template_waits_as_plain_words(on: Office) -> None:
    """Nothing paid, nothing approved: once the person writes, ordinary words are enough."""
    (person,) = on.people("zalo", 1, wrote_at=on.hands() - timedelta(days=30))
    number = on.started(body="Họp.", allow_cost=True, routes=chose(template(on, "zalo")))
    running.work(on.announcing)
    (row,) = on.claim()
    plain = json.dumps(row.body["plain"], ensure_ascii=False)
    on.database.write(
        lambda connection: outbox.move_ours(
            connection, OutboxEvent.WINDOW_CLOSED, row, on.hands(), code="zalo.-232", body=plain
        )
    )
    found = bodies(on, number)[person]
    assert found["is"] == "held"
    assert "way" not in found
    assert "Họp." in found["text"]


def test_cost_counts_the_templates_own_price(on: Office) -> None:
    on.people("zalo", 4, wrote_at=on.hands() - timedelta(days=30))
    shipped = preflight.check(on.announcing, on.one(on.draft(allow_cost=True, routes=chose(template(on, "zalo")))))
    own = chose(template(on, "zalo", cost_vnd=250))
    entered = preflight.check(on.announcing, on.one(on.draft(allow_cost=True, routes=own)))
    assert (shipped.cost_vnd, entered.cost_vnd) == (4 * 300, 4 * 250)
    assert entered.ways == {"template": 4}


def test_switched_off_after_approval_it_is_held(on: Office) -> None:
    on.people("zalo", 2, wrote_at=on.hands() - timedelta(days=30))
    number = on.approved(body="Họp.", allow_cost=True, routes=chose(template(on, "zalo")))
    keep(on, routes.SWITCHES, None)
    assert running.start(on.announcing, number, by=WRITER, sure=True)
    on.run(number)
    assert on.states(number) == {"held": 2}


def test_changing_a_template_asks_for_a_new_approval(on: Office) -> None:
    on.people("zalo", 2)
    number = on.draft(body="Họp.", allow_cost=True, routes=chose(template(on, "zalo")))
    template(on, "zalo", values=("ten", "=đi chơi"))
    assert [code for code, _ in routes.faults(on.announcing, on.one(number))] == ["announcement.template_changed"]


def test_preview_shows_what_is_read(on: Office) -> None:
    made = template(on, "messenger")
    one = on.one(on.draft(body="Họp.", audience=OWN, routes=chose(made)))
    looks = {look.platform: look for look in preview.looks(on.announcing, Message.of(one), routes.chosen(one))}
    cases = looks["messenger"].cases
    assert cases["approved_longest"][0].text == "Gửi Nguyễn Hoàng Phương Khánh Quỳ…: đến họp. Xin cảm ơn."
    assert cases["approved_missing"][0].text == "Gửi anh/chị: đến họp. Xin cảm ơn."
    assert not any(case.startswith("approved") for case in looks["zalo"].cases)


def test_only_those_who_registered(on: Office) -> None:
    came, cancelled, _ = on.people("messenger", 3)
    now = on.hands()

    def op(connection: Connection) -> int:
        facts = {"title": "Lớp an toàn", "starts_at": now + timedelta(days=1), "closes_at": now, "state": "open"}
        number = events.save(connection, now, WRITER, 0, **facts)
        rows = [
            {"event_id": number, "person_id": came, "name": "Hoa", "at": now, "cancelled_at": None},
            {"event_id": number, "person_id": cancelled, "name": "Lan", "at": now, "cancelled_at": now},
        ]
        connection.execute(insert(events.event_registrations), rows)
        return number

    event = on.database.write(op)
    number = on.started(body="Họp.", audience={"events": [event]})
    running.work(on.announcing)
    assert bodies(on, number).keys() == {came}


# ---- paid messages ----


def paying(office: Office, *, switch: bool = True) -> dict[str, Any]:
    number = office.accounts["messenger"]
    made = routes.Paid(account_id=number, ad_account="870000000000001", campaign="120000000000001", cost_vnd=90)
    keep(office, routes.SWITCHES, {routes.MARKETING_ON: True} if switch else None)
    keep(office, f"{routes.PAID}{number}", made.model_dump(mode="json"))
    return routes.as_json(routes.Routed({}, {}, {number: made}))


@pytest.mark.parametrize(
    ("agreed", "until", "stopped", "wrote", "way"),
    [
        (True, timedelta(days=300), False, timedelta(days=60), "marketing"),
        (True, None, False, timedelta(days=60), "marketing"),
        (True, timedelta(days=300), False, timedelta(hours=1), "window"),
        (True, timedelta(days=-1), False, timedelta(days=60), "held"),
        (True, timedelta(days=300), True, timedelta(days=60), "held"),
        (False, None, False, timedelta(days=60), "held"),
    ],
)
def test_paid_only_to_those_who_agreed_at_the_platform(
    office: Office, until: timedelta | None, wrote: timedelta, way: str, *, agreed: bool, stopped: bool
) -> None:
    chosen, now = paying(office), office.hands()
    (person,) = office.people("messenger", 1, wrote_at=now - wrote)

    def op(connection: Connection) -> None:
        if agreed:
            optins.agreed(connection, person, "tok", now + until if until is not None else None, now)
        if stopped:
            optins.stopped(connection, person, now)

    office.database.write(op)
    found = preflight.check(office.announcing, office.one(office.draft(body="Họp.", allow_cost=True, routes=chosen)))
    (line,) = found.lines
    assert (line.way, found.cost_vnd) == (way, 90 if way == "marketing" else 0)


def test_who_resumes_keeps_the_tokens_end(office: Office) -> None:
    (person,) = office.people("messenger", 1)
    now = office.hands()

    def op(connection: Connection) -> list[bool]:
        found = []
        optins.agreed(connection, person, "tok", now + timedelta(days=10), now)
        optins.stopped(connection, person, now)
        optins.agreed(connection, person, "tok", None, now)
        for days in (9, 11):
            query = select(persons.c.id).where(optins.usable(now + timedelta(days=days)))
            found.append(connection.scalar(query) == person)
        return found

    assert office.database.write(op) == [True, False]


@pytest.mark.parametrize(
    ("switch", "allow_cost", "faults"),
    [(True, True, []), (False, True, ["announcement.paid_off"]), (True, False, ["announcement.paid_costs"])],
)
def test_paid_not_without_its_conditions(office: Office, faults: list[str], *, switch: bool, allow_cost: bool) -> None:
    one = office.one(office.draft(body="Họp.", allow_cost=allow_cost, routes=paying(office, switch=switch)))
    assert [code for code, _ in routes.faults(office.announcing, one)] == faults
    assert bool(preflight.ways(office.announcing, one, office.hands()).paid) is (not faults)


def test_each_paid_message_bears_its_own_token(office: Office) -> None:
    chosen, now = paying(office), office.hands()
    people = office.people("messenger", 3, wrote_at=now - timedelta(days=60))
    for person in people:
        office.database.write(lambda connection, p=person: optins.agreed(connection, p, f"tok-{p}", None, now))  # type: ignore[misc]
    number = office.started(body="Họp.", allow_cost=True, routes=chosen)
    running.work(office.announcing)
    made = bodies(office, number)
    assert {person: body["subscription_token"] for person, body in made.items()} == {p: f"tok-{p}" for p in people}
    assert all("Họp." in body["message"]["text"] and "Họp." in body["plain"]["text"] for body in made.values())


# ---- an article to all followers ----


def posted(office: Office, article: str = "4870000001") -> dict[str, Any]:
    return routes.as_json(routes.Routed({}, {office.accounts["zalo"]: article}))


def followers(office: Office, number: int, **more: Any) -> list[int]:
    return office.people("zalo", number, follows=True, **more)


@pytest.mark.parametrize(
    ("switch", "more", "article", "fault"),
    [
        (ALL_ON, {}, "4870000001", ""),
        ({}, {}, "4870000001", "announcement.article_off"),
        (ALL_ON, {"audience": OWN}, "4870000001", "announcement.article_to_all"),
        (ALL_ON, {"audience": {"exclude": [1]}}, "4870000001", "announcement.article_to_all"),
        (ALL_ON, {"audience": {"platforms": ["zalo"]}}, "4870000001", "announcement.article_to_all"),
        (ALL_ON, {}, "https://zalo.me/x", "announcement.article_odd"),
    ],
)
def test_an_article_only_to_all(
    office: Office, switch: dict[str, bool], more: dict[str, Any], article: str, fault: str
) -> None:
    keep(office, routes.SWITCHES, switch or None)
    one = office.one(office.draft(body="Họp.", routes=posted(office, article), **more))
    assert [code for code, _ in routes.faults(office.announcing, one)] == ([fault] if fault else [])
    usable = bool(preflight.ways(office.announcing, one, office.hands()).followers)
    assert usable is (fault in {"", "announcement.article_odd"})


def test_followers_get_the_article_and_nothing_else(on: Office) -> None:
    """They get it whatever we do, so a message of their own would be the second."""
    follows = followers(on, 5)
    followers(on, 2, subscribed=False)
    (alone,) = on.people("zalo", 1)
    (other,) = on.people("messenger", 1)
    number = on.approved(body="Họp.", routes=posted(on))
    assert preflight.check(on.announcing, on.one(number)).also == 2, "who approves knows it"
    assert running.start(on.announcing, number, by=WRITER)
    on.run(number, rounds=3)
    assert bodies(on, number).keys() == {alone, other}
    assert account.closing(on.announcing, number).buckets == {"sent": 2, "going": 5}
    assert on.one(number).state is State.RUNNING, "it ends when the article has gone"
    assert {row[0] for row in account.everyone(on.announcing, number) if row[1] == "going"} == set(follows)


@pytest.mark.parametrize(
    ("state", "code", "bucket"),
    [
        (articles.SENT, "", ("sent", "article")),
        (articles.FAILED, "zalo.-211", ("failed", "zalo.-211")),
        (articles.UNSURE, "network.no_answer", ("unsure", "network.no_answer")),
    ],
)
def test_what_became_of_the_article_is_what_became_of_its_readers(
    on: Office, state: str, code: str, bucket: tuple[str, str]
) -> None:
    followers(on, 5)
    number = on.started(body="Họp.", routes=posted(on))
    running.work(on.announcing)
    act(on, state, code=code)
    running.work(on.announcing)
    running.work(on.announcing)
    closed = account.closing(on.announcing, number)
    assert closed.reasons == {bucket: 5}
    assert closed.right
    assert on.one(number).state is State.CLOSED


def act(office: Office, state: str, **values: Any) -> None:
    now = office.hands()
    if state == articles.SENT:
        values["sent_at"] = now

    def op(connection: Connection) -> None:
        (one,) = articles.due(connection, now)
        assert articles.lease(connection, one.key, now)
        assert not articles.lease(connection, one.key, now), "two clocks"
        assert articles.begin(connection, one.key, now)
        assert not articles.begin(connection, one.key, now)
        assert articles.end(connection, one.key, state, **values)

    office.database.write(op)


def test_stopped_before_it_went(on: Office) -> None:
    followers(on, 5)
    number = on.started(body="Họp.", routes=posted(on))
    running.work(on.announcing)
    running.stop(on.announcing, number, WRITER)
    with on.database.read() as connection:
        assert articles.due(connection, on.hands()) == []
    running.work(on.announcing)
    assert account.closing(on.announcing, number).buckets == {"stopped": 5}
    assert on.one(number).state is State.CLOSED


def test_stopped_between_taking_up_and_sending(on: Office) -> None:
    followers(on, 5)
    number = on.started(body="Họp.", routes=posted(on))
    running.work(on.announcing)
    key = (number, on.accounts["zalo"])
    assert on.database.write(lambda connection: articles.lease(connection, key, on.hands()))
    running.stop(on.announcing, number, WRITER)
    assert not on.database.write(lambda connection: articles.begin(connection, key, on.hands()))


@pytest.mark.parametrize(("begun", "state"), [(False, articles.WAITING), (True, articles.UNSURE)])
def test_killed_in_between(on: Office, state: str, *, begun: bool) -> None:
    followers(on, 5)
    number = on.started(body="Họp.", routes=posted(on))
    running.work(on.announcing)
    key = (number, on.accounts["zalo"])

    def op(connection: Connection) -> None:
        articles.lease(connection, key, on.hands())
        if begun:
            articles.begin(connection, key, on.hands())

    on.database.write(op)
    on.hands.pass_by(seconds=61)
    on.database.write(lambda connection: articles.expire(connection, on.hands()))
    with on.database.read() as connection:
        (one,) = articles.of(connection, number)
    assert one.state == state


@pytest.mark.parametrize(("arrived", "buckets"), [(True, {"sent": 5}), (False, {"failed": 5})])
def test_an_officer_settles_what_nobody_knows(on: Office, buckets: dict[str, int], *, arrived: bool) -> None:
    followers(on, 5)
    number = on.started(body="Họp.", routes=posted(on))
    running.work(on.announcing)
    act(on, articles.UNSURE, code="network.no_answer")
    key = (number, on.accounts["zalo"])
    settle: Callable[[Connection], bool] = lambda connection: articles.settle(  # noqa: E731
        connection, key, arrived=arrived, now=on.hands()
    )
    assert on.database.write(settle)
    assert not on.database.write(settle)
    assert account.closing(on.announcing, number).buckets == buckets


def test_the_months_articles_are_counted(on: Office) -> None:
    followers(on, 5)
    number = on.started(body="Họp.", routes=posted(on))
    running.work(on.announcing)
    act(on, articles.SENT)
    second = on.one(on.draft(body="Họp.", routes=posted(on)))
    assert ("announcement.article_quota", "1") in routes.faults(on.announcing, second)
    keep(on, routes.ARTICLES, 4)
    assert routes.faults(on.announcing, second) == []
    (use,) = [use for use in preflight.check(on.announcing, second).quotas if use.what == "articles"]
    assert (use.used, use.most) == (2, 4)
    on.hands.pass_by(days=31)
    keep(on, routes.ARTICLES, None)
    assert routes.faults(on.announcing, second) == []
    assert on.one(number).state is not State.DRAFT


def test_who_read_the_article_had_their_one_of_the_week(on: Office) -> None:
    (person,) = followers(on, 1)
    on.started(body="Họp.", routes=posted(on))
    running.work(on.announcing)
    act(on, articles.SENT)
    on.database.write(lambda connection: person_store.change(connection, person, wrote_at=on.hands()))
    second = preflight.check(on.announcing, on.one(on.draft(body="Khác.")))
    assert second.reasons == {"enough_this_week": 1}
    important = preflight.check(on.announcing, on.one(on.draft(body="Khác.", important=True)))
    assert important.reasons == {}


def test_of_two_selves_the_one_that_follows_stays(on: Office) -> None:
    (follows,) = followers(on, 1, wrote_at=on.hands() - timedelta(days=90))
    (writes,) = on.people("messenger", 1)
    _link(on, follows, writes)
    number = on.approved(body="Họp.", routes=posted(on))
    with on.database.read() as connection:
        query = select(announcements.announcements.c.people).where(announcements.announcements.c.id == number)
        assert connection.scalar(query) == 1
    assert running.start(on.announcing, number, by=WRITER)
    on.run(number, rounds=2)
    assert account.everyone(on.announcing, number)[0][0] == follows


def _link(office: Office, first: int, second: int) -> None:
    vault, now = office.announcing.vault, office.hands()

    def op(connection: Connection) -> str:
        return linking.use(connection, vault, linking.member_code(connection, vault, first, now), second, now)

    assert office.database.write(op) == "linked"


def test_who_stopped_following_is_written_to(on: Office) -> None:
    (person,) = followers(on, 1)
    on.database.write(
        lambda connection: connection.execute(update(persons).where(persons.c.id == person).values(follows=False))
    )
    number = on.started(body="Họp.", routes=posted(on))
    running.work(on.announcing)
    assert bodies(on, number).keys() == {person}
