"""Attachments come home at once; whatever goes wrong, the words stay and the person hears of it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import delete, select

from bot.errors import BotError
from bot.files.downloading import Downloader, Rules, UnknownHost, Unreachable
from bot.files.sniffing import Refused
from bot.initiatives.fetching import Fetcher
from bot.store import files as file_store
from bot.store import marks
from bot.store.files import FileState
from bot.store.schema import outbox
from bot.talk import AddToInitiative, Attachment
from tests.initiatives.conftest import World


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 20)).save(out, "JPEG")
    return out.getvalue()


class Platform(Downloader):
    """The platform's store of media, giving what a test says; the guards of the real one have tests of their own."""

    def __init__(self, *gives: bytes | Exception) -> None:
        super().__init__(Rules.load())
        self.gives = list(gives)

    def fetch(self, platform: str, url: str) -> bytes:
        given = self.gives.pop(0) if len(self.gives) > 1 else self.gives[0]
        if isinstance(given, Exception):
            raise given
        return given


def fetcher(world: World, *gives: bytes | Exception) -> Fetcher:
    return Fetcher(world.database, world.files, Platform(*gives), world.hands, world.office.tell_of_file)


@pytest.fixture
def wanted(world: World) -> int:
    """One picture of one initiative, not yet fetched; the initiative's number."""
    person = world.person()
    number = world.add("SK-11111-6", person)
    picture = Attachment("image", "https://f.zdn.vn/a.jpg", "../../gá kẹp.jpg")
    world.apply(person, AddToInitiative("SK-11111-6", files=(picture,), answer="hình của em"))
    return number


def only(world: World, number: int) -> file_store.File:
    (found,) = world.look(lambda connection: file_store.of_initiative(connection, number))
    assert isinstance(found, file_store.File)
    return found


def told(world: World) -> list[str]:
    rows = world.look(lambda connection: connection.execute(select(outbox.c.body).order_by(outbox.c.id)).all())
    return [row.body for row in rows]


def test_it_is_fetched_told_by_its_bytes_and_stored(world: World, wanted: int) -> None:
    assert fetcher(world, jpeg()).work() == 1
    file = only(world, wanted)
    assert (file.state, file.type, file.size, file.url) == ("stored", "image/jpeg", len(jpeg()), "")
    assert world.files.get(file.key) == jpeg()
    assert "gá" not in file.key
    assert fetcher(world, jpeg()).work() == 0
    assert told(world) == []


def test_after_three_failures_that_one_file_is_asked_for_again(world: World, wanted: int) -> None:
    broken = fetcher(world, Unreachable("away"))
    for _ in range(3):
        assert broken.work() == 1
        assert broken.work() == 0  # not before its time
        world.hands.pass_by(seconds=100)
    assert only(world, wanted).state == FileState.FAILED
    assert "gá kẹp.jpg" in told(world)[0]
    assert "gửi lại" in told(world)[0]


def test_a_second_try_may_bring_it(world: World, wanted: int) -> None:
    flaky = fetcher(world, Unreachable("slow"), jpeg())
    flaky.work()
    world.hands.pass_by(seconds=10)
    flaky.work()
    assert only(world, wanted).state == FileState.STORED


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (b"", "trống"),
        (b"<html>", "không nhận"),
        (b"\xff\xd8\xff broken", "hỏng"),
        (Refused("too_large"), "lớn quá"),
        (Refused("address"), "đường dẫn"),
    ],
)
def test_a_bad_file_is_refused_kindly(world: World, wanted: int, given: bytes | Exception, why: str) -> None:
    fetcher(world, given).work()
    assert only(world, wanted).state == FileState.REFUSED
    assert why in told(world)[0]
    assert list(world.files.listed()) == []


def test_a_store_of_the_platform_that_we_do_not_know_is_shown_to_staff_without_the_member(
    world: World, wanted: int
) -> None:
    fetcher(world, UnknownHost("files.new-zalo.vn")).work()
    assert (only(world, wanted).state, only(world, wanted).code) == (FileState.FAILED, "host")
    assert "mai gửi lại" in told(world)[0]
    (alarm,) = world.look(marks.open_alarms)
    assert (alarm.code, alarm.facts) == ("files.unknown_host", {"platform": "zalo", "host": "files.new-zalo.vn"})
    started = fetcher(world, jpeg())
    started._end_alarms()
    assert world.look(marks.open_alarms) == [alarm]  # nobody has added it
    hosts = (*started._downloader.rules.hosts, ("zalo", "new-zalo.vn"))
    started._downloader.rules = replace(started._downloader.rules, hosts=hosts)
    started._end_alarms()
    assert world.look(marks.open_alarms) == []


def test_a_worker_that_died_leaves_the_file_to_the_next(world: World, wanted: int) -> None:
    world.database.write(lambda connection: file_store.claim(connection, world.hands(), 4))
    assert fetcher(world, jpeg()).work() == 0
    world.hands.pass_by(seconds=91)
    assert fetcher(world, jpeg()).work() == 1
    assert only(world, wanted).state == FileState.STORED


def test_bytes_of_a_row_that_went_meanwhile_are_not_kept(world: World, wanted: int) -> None:
    class Forgetting(Platform):
        def fetch(self, platform: str, url: str) -> bytes:
            world.database.write(lambda connection: connection.execute(delete(file_store.files)))
            return jpeg()

    Fetcher(world.database, world.files, Forgetting(b""), world.hands, world.office.tell_of_file).work()
    assert list(world.files.listed()) == []


def test_bytes_without_a_row_are_swept_away_once_they_are_old(world: World, wanted: int) -> None:
    worker = fetcher(world, jpeg())
    worker.work()
    world.files.put("ab/orphan", b"x")
    (_, written), *_ = world.files.listed()
    world.hands.at = written
    assert worker.sweep() == 0
    world.hands.at = written + timedelta(hours=3)
    assert worker.sweep() == 1
    assert world.files.get(only(world, wanted).key) == jpeg()
    with pytest.raises(BotError):
        world.files.get("ab/orphan")
