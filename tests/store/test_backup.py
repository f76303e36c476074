"""A backup taken while the bot runs, read into either database; who was forgotten stays forgotten."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select

from bot.errors import BotError
from bot.files.storing import Bucket
from bot.states import Origin
from bot.store import accounts, erasure, outbox, persons
from bot.store.backup import backup, restore
from bot.store.database import Database
from bot.store.files import files as attachments
from bot.store.outbox import Draft
from bot.store.schema import inbox
from bot.store.schema import outbox as outbox_table
from bot.store.schema import persons as persons_table
from bot.store.upgrade import upgrade
from bot.store.vault import Vault
from tests.conftest import new_postgres
from tests.files.s3 import BOX, KEY_ID, REGION, S3, SECRET, s3

NOW = datetime(2026, 5, 18, 4, 15, 0, 123456, tzinfo=UTC)
VAULT = Vault(["k" * 40])


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A second database to restore into."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'other' / 'bot.db'}")
    else:
        made = Database(new_postgres(request.getfixturevalue("postgres_server")))
    upgrade(made)
    yield made
    made.close()


def fill(connection: Connection) -> None:
    app = accounts.save_app(
        connection, VAULT, platform="zalo", app_id="70", keys={"secrets": ["s"]}, simulated=False, now=NOW
    )
    account = accounts.save_account(connection, platform="zalo", external_id="73", app_pk=app, now=NOW)
    accounts.set_tokens(connection, VAULT, account, access="a", refresh="r", at=NOW, until=None)
    for user in ("71", "72"):
        person = persons.ensure(connection, account, user, NOW)
        persons.change(connection, person, memory={"last": "Đoàn viên"}, subscribed=True)
        outbox.add(connection, [Draft(account, person, Origin.REPLY, {"text": "Dạ, chào anh/chị"})], NOW)
        connection.execute(
            insert(inbox).values(
                account_id=account, event_key=f"key-{user}", user_id=user, lane="talk", body="{}", at=NOW,
                received_at=NOW, due_at=NOW,
            )
        )  # fmt: skip


def everyone(database: Database) -> list[str]:
    with database.read() as connection:
        return [row[0] for row in connection.execute(select(persons_table.c.user_id).order_by(persons_table.c.user_id))]


def test_what_was_written_is_read_again_on_either_database(database: Database, other: Database, tmp_path: Path) -> None:
    database.write(fill)
    (tmp_path / "files" / "ab").mkdir(parents=True)
    (tmp_path / "files" / "ab" / "anh.jpg").write_bytes(b"\xff\xd8")
    (tmp_path / "files" / "ab" / "half.part").write_bytes(b"\xff")  # a process was killed in the middle of it
    written = backup(database, tmp_path / "b.zip", tmp_path / "files", NOW)
    moved = NOW + timedelta(minutes=5)
    read = restore(other, VAULT, tmp_path / "b.zip", tmp_path / "files2", moved, replace=False)
    assert (*written, None) == read
    assert not (tmp_path / "files2" / "ab" / "half.part").exists()
    assert (tmp_path / "files2" / "ab" / "anh.jpg").read_bytes() == b"\xff\xd8"
    with database.read() as one, other.read() as two:
        for table in (persons_table, inbox, outbox_table):
            query = select(table).order_by(table.c.id)
            assert one.execute(query).all() == two.execute(query).all()
    # and it goes on: the next number is free
    other.write(lambda connection: persons.ensure(connection, 1, "99", NOW))
    assert everyone(other) == ["71", "72", "99"]


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with s3() as url:
        made = Bucket(url, BOX, REGION, KEY_ID, SECRET)
        yield made
        made.close()


def attach(connection: Connection, *keys: str) -> None:
    for key in keys:
        row = {"kind": "image", "state": "stored", "key": key, "due_at": NOW, "created_at": NOW}
        connection.execute(insert(attachments).values(**row))


ONE, TWO = f"ab/{'ab' * 16}", f"cd/{'cd' * 16}"


@pytest.mark.parametrize("into", ["bucket", "folder"])
def test_attachments_in_a_bucket_are_in_the_backup_and_go_where_attachments_are_kept(
    database: Database, other: Database, tmp_path: Path, bucket: Bucket, into: str
) -> None:
    database.write(lambda connection: attach(connection, ONE, TWO))
    (tmp_path / "files" / "documents").mkdir(parents=True)
    (tmp_path / "files" / "documents" / "d.json").write_bytes(b"{}")
    S3.kept.update({ONE: b"one", "not/ours": b"x"})
    written = backup(database, tmp_path / "b.zip", tmp_path / "files", NOW, bucket)
    assert (written.files, written.absent) == (1, 1)  # the other had gone from the bucket
    S3.kept.clear()
    target = bucket if into == "bucket" else None
    read = restore(other, VAULT, tmp_path / "b.zip", tmp_path / "files2", NOW, replace=False, bucket=target)
    assert (*written, None) == read
    assert (tmp_path / "files2" / "documents" / "d.json").exists()
    assert (bucket.get(ONE) if into == "bucket" else (tmp_path / "files2" / ONE).read_bytes()) == b"one"
    assert len(S3.kept) == (into == "bucket")


def test_a_bucket_that_refuses_makes_no_backup_and_one_left_out_is_counted(
    database: Database, tmp_path: Path, bucket: Bucket
) -> None:
    database.write(lambda connection: attach(connection, ONE, TWO))
    S3.kept.update({ONE: b"one", TWO: b"two"})
    stranger = Bucket(bucket.address.rpartition("/")[0], BOX, REGION, KEY_ID, "another secret")
    with pytest.raises(BotError, match=r"files\.away"):
        backup(database, tmp_path / "b.zip", tmp_path / "files", NOW, stranger)
    stranger.close()
    assert list(tmp_path.glob("b.zip*")) == []
    assert backup(database, tmp_path / "b.zip", tmp_path / "files", NOW)[1:] == (0, 2)


def test_whoever_was_forgotten_after_the_backup_stays_forgotten(database: Database, tmp_path: Path) -> None:
    database.write(fill)
    backup(database, tmp_path / "b.zip", tmp_path / "files", NOW)
    with database.read() as connection:
        person = persons.find(connection, 1, "71")
    assert person is not None
    later = NOW + timedelta(hours=1)
    database.write(lambda connection: erasure.forget(connection, VAULT, person.id, later))
    restore(database, VAULT, tmp_path / "b.zip", tmp_path / "files", later, replace=True)
    with database.read() as connection:
        again = persons.find(connection, 1, "71")
        assert again is not None  # the bare row, until the sweep
        assert again.memory == {}
        assert connection.execute(select(inbox.c.user_id)).scalars().all() == ["72"]
    database.write(lambda connection: erasure.sweep(connection, later + timedelta(minutes=1)))
    assert everyone(database) == ["72"]


def test_who_was_forgotten_twice_stays_forgotten(database: Database, tmp_path: Path) -> None:
    """Forgotten, back after the row had gone, in the backup, and forgotten again."""
    database.write(fill)

    def forget_71(at: datetime) -> None:
        person = database.write(lambda connection: persons.ensure(connection, 1, "71", at))
        database.write(lambda connection: erasure.forget(connection, VAULT, person, at + timedelta(minutes=1)))
        database.write(lambda connection: erasure.sweep(connection, at + timedelta(minutes=2)))

    forget_71(NOW)
    back = NOW + timedelta(hours=1)
    database.write(lambda connection: persons.ensure(connection, 1, "71", back))
    backup(database, tmp_path / "b.zip", tmp_path / "files", back)
    forget_71(back)
    assert everyone(database) == ["72"]
    restore(database, VAULT, tmp_path / "b.zip", tmp_path / "files", back + timedelta(hours=1), replace=True)
    database.write(lambda connection: erasure.sweep(connection, back + timedelta(hours=2)))
    assert everyone(database) == ["72"]


def test_a_filled_database_is_not_overwritten_by_accident(database: Database, tmp_path: Path) -> None:
    database.write(fill)
    backup(database, tmp_path / "b.zip", tmp_path / "files", NOW)
    with pytest.raises(BotError, match=r"backup\.not_empty"):
        restore(database, VAULT, tmp_path / "b.zip", tmp_path / "files", NOW, replace=False)
    assert everyone(database) == ["71", "72"]


def test_something_else_is_refused(database: Database, tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"not a zip")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    for name in ("no.zip", "empty.zip"):
        with pytest.raises(BotError, match=r"backup\.not_one"):
            restore(database, VAULT, tmp_path / name, tmp_path / "files", NOW, replace=True)


def test_a_path_out_of_the_folder_is_refused(database: Database, tmp_path: Path) -> None:
    database.write(fill)
    backup(database, tmp_path / "b.zip", tmp_path / "files", NOW)
    with zipfile.ZipFile(tmp_path / "b.zip", "a") as archive:
        archive.writestr("files/../../out.txt", "x")
    with pytest.raises(BotError, match=r"backup\.not_one"):
        restore(database, VAULT, tmp_path / "b.zip", tmp_path / "in" / "files", NOW, replace=True)
    assert not (tmp_path / "out.txt").exists()


def test_nothing_half_written_is_left(database: Database, tmp_path: Path) -> None:
    database.write(fill)
    database.engine.dispose()
    (tmp_path / "b.zip.part").mkdir()
    with pytest.raises(IsADirectoryError):
        backup(database, tmp_path / "b.zip", tmp_path / "files", NOW)
    assert not (tmp_path / "b.zip").exists()
