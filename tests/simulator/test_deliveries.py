"""Webhooks on their way: order, repeats, giving up."""

from __future__ import annotations

import threading

from bot.simulator.deliveries import Deliveries, Webhook
from bot.simulator.journal import Journal
from tests.simulator.conftest import PATIENCE_S, Desk


def test_one_persons_events_come_in_order(desk: Desk) -> None:
    acts = [
        {"platform": "messenger", "user": str(7770000000000001 + at % 3), "act": "text", "text": str(at)}
        for at in range(60)
    ]
    assert len(desk.control("say", {"acts": acts})["mids"]) == 60
    seen = desk.bot.wait(lambda seen: len(seen) == 60)
    for person in range(3):
        texts = [int(item.item["message"]["text"]) for item in seen if item.item["sender"]["id"][-1] == str(person + 1)]
        assert texts == sorted(texts)
        assert len(texts) == 20


def test_what_was_not_taken_comes_again_before_what_follows(desk: Desk) -> None:
    desk.set(repeats=[0.05, 0.05])
    desk.bot.script = [503, 500]
    desk.say(act="text", text="một")
    desk.say(act="text", text="hai")
    seen = desk.bot.wait(lambda seen: len(seen) == 4)
    assert [item.json["message"]["text"] for item in seen] == ["một", "một", "một", "hai"]
    assert [item.headers.get("num_retry") for item in seen] == [None, "1", "2", None]
    assert len({item.raw for item in seen[:3]}) == 1
    assert all(item.signed for item in seen)


def test_zalo_gives_up_and_stops_sending(desk: Desk) -> None:
    desk.set(repeats=[0.01])
    desk.bot.script = [500, 500]
    desk.say()
    desk.bot.wait(lambda seen: len(seen) == 2)
    desk.until(lambda: not desk.look("state")["zalo"]["subscribed"])  # the answer is on its way back
    desk.say()
    desk.control("subscribe", {"platform": "zalo"})
    desk.say(act="text", text="có ai không")
    seen = desk.bot.wait(lambda seen: len(seen) == 3)
    assert seen[2].json["message"]["text"] == "có ai không"


def test_messenger_gives_up_until_the_fields_are_subscribed_again(desk: Desk) -> None:
    desk.set("messenger", repeats=[])
    desk.bot.script = [500]
    desk.say("messenger")
    desk.bot.wait(lambda seen: len(seen) == 1)
    path = f"v25.0/{desk.page.external_id}/subscribed_apps"
    desk.until(lambda: not desk.graph("GET", path).json()["data"])
    desk.say("messenger")
    desk.graph("POST", path, subscribed_fields="messages")
    desk.say("messenger", act="text", text="có ai không")
    seen = desk.bot.wait(lambda seen: len(seen) == 2)
    assert seen[1].item["message"]["text"] == "có ai không"


def test_nobody_listens() -> None:
    journal = Journal()
    deliveries = Deliveries("http://127.0.0.1:1", journal)
    deliveries.start()
    ended: list[int] = []
    over = threading.Event()
    webhook = Webhook(
        platform="zalo",
        user="1",
        event="user_send_text",
        mid="m",
        path="/webhooks/zalo",
        body=b"{}",
        headers={},
        deadline_s=1.0,
        repeats=(0.01,),
        after=ended.append,
        on_loss=over.set,
    )
    deliveries.put(webhook)
    assert over.wait(PATIENCE_S)
    deliveries.stop()
    assert ended == [0, 0]
    assert [item["status"] for item in journal.webhooks()] == [0, 0]


def test_every_attempt_is_written_down(desk: Desk) -> None:
    desk.set(repeats=[0.01])
    desk.bot.script = [500]
    mid = desk.say()
    desk.bot.wait(lambda seen: len(seen) == 2)
    desk.until(lambda: len(desk.look("webhooks")) == 2)
    posted = [(item["mid"], item["attempt"], item["status"]) for item in desk.look("webhooks")]
    assert posted == [(mid, 1, 500), (mid, 2, 200)]
