"""The commands as an operator types them: what they print, and how they fail."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from filelock import FileLock
from sqlalchemy import Connection, func, insert, select

from bot.cli import main
from bot.clock import now
from bot.messages import PAYLOAD_PREFIX
from bot.states import Origin
from bot.store import outbox, persons
from bot.store.backup import backup
from bot.store.database import Database
from bot.store.files import files
from bot.store.initiatives import initiatives
from bot.store.upgrade import upgrade
from tests.files.s3 import BOX, KEY_ID, REGION, S3, SECRET, s3

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command with a data folder of its own; give its exit code and what it printed."""
    for name in ("DATABASE_URL", "SECRET_KEY", "BOT_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BOT_DATA_DIR", str(tmp_path / "data"))

    def command(*arguments: str, said: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(said))
        code = main(arguments)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command


def test_an_account_is_added_listed_changed_and_removed(run: Run) -> None:
    code, out, _ = run("accounts", "add", "zalo", "73", "--app-id", "70", said="app\noa\naccess\nrefresh\n")
    assert (code, "doctor" in out) == (0, True)
    assert run("accounts", "update", "1", "--name", "Công đoàn", "--rate", "5", "--buttons", "on")[0] == 0
    assert run("accounts", "list")[1].split("\t")[:4] == ["1", "zalo", "73", "Công đoàn"]
    assert run("accounts", "update", "1", "--tokens", said="newer\npair\n")[0] == 0
    assert run("accounts", "remove", "1")[0] == 0
    assert run("accounts", "list")[1] == ""


def test_a_missing_secret_is_named_and_nothing_is_stored(run: Run) -> None:
    code, _, error = run("accounts", "add", "messenger", "10", "--app-id", "44", said="secret\n")
    assert (code, error) == (1, "error: account.missing_secret (which=verify token)\n")
    assert run("accounts", "list")[1] == ""


def test_no_secret_is_printed(run: Run) -> None:
    printed = [run("accounts", "add", "messenger", "10", "--app-id", "44", said="s3cret\nv3rify\nt0ken\n")]
    printed += [run("accounts", "list"), run("accounts", "update", "1", "--tokens", said="n3wer\n")]
    assert not any(secret in str(printed) for secret in ("s3cret", "v3rify", "t0ken", "n3wer"))


def test_an_unknown_account_is_said_in_one_line(run: Run) -> None:
    assert run("accounts", "remove", "7") == (1, "", "error: account.unknown (account=7)\n")


def test_doctor_without_accounts_says_what_to_do(run: Run) -> None:
    code, out, _ = run("doctor")
    assert (code, "accounts add" in out) == (1, True)


def test_the_parts_refuse_sqlite_and_name_serve(run: Run) -> None:
    for part in ("web", "worker", "clock"):
        code, _, error = run(part)
        assert (code, error) == (1, "error: database.needs_postgresql (use=serve)\n")


def test_a_second_serve_on_the_same_file_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with FileLock(tmp_path / "data" / "bot.db.lock"):
        code, _, error = run("serve")
    assert code == 1
    assert error.startswith("error: database.in_use")


def test_short_commands_work_beside_a_running_serve(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with FileLock(tmp_path / "data" / "bot.db.lock"):
        assert run("accounts", "list")[0] == 0
        assert run("backup", str(tmp_path / "b.zip"))[0] == 0
        assert run("restore", str(tmp_path / "b.zip"))[0] == 1


def test_backup_and_restore(run: Run, tmp_path: Path) -> None:
    run("accounts", "add", "zalo", "73", "--app-id", "70", said="app\noa\naccess\nrefresh\n")
    assert run("backup", str(tmp_path / "b.zip"))[0] == 0
    assert run("restore", str(tmp_path / "b.zip"))[2].startswith("error: backup.not_empty")
    run("accounts", "update", "1", "--name", "Sau")
    assert run("restore", str(tmp_path / "b.zip"), "--replace")[0] == 0
    assert run("accounts", "list")[1].split("\t")[3] == "-"


def test_an_old_backup_says_what_it_left_to_staff(run: Run, tmp_path: Path) -> None:
    run("accounts", "add", "zalo", "73", "--app-id", "70", said="app\noa\naccess\nrefresh\n")
    database = Database(f"sqlite:///{tmp_path / 'data' / 'bot.db'}")

    def one_waits(connection: Connection) -> None:
        person = persons.ensure(connection, 1, "u1", now())
        outbox.add(connection, [outbox.Draft(1, person, Origin.REPLY, {"text": "x"})], now())

    database.write(one_waits)
    for age, said in ((timedelta(), ""), (timedelta(hours=8), "1 messages may have gone: staff decide over each")):
        backup(database, tmp_path / "b.zip", tmp_path / "data" / "files", now() - age)
        lines = run("restore", str(tmp_path / "b.zip"), "--replace")[1].splitlines()
        assert [line.partition(",")[0] for line in lines[1:]] == [said][: len(said)]
    database.close()


def test_a_backup_says_what_of_a_bucket_is_in_it(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "ab/" + "ab" * 16
    run("accounts", "list")
    database = Database(f"sqlite:///{tmp_path / 'data' / 'bot.db'}")
    row = {"kind": "image", "state": "stored", "key": key, "due_at": now(), "created_at": now()}
    database.write(lambda connection: connection.execute(insert(files).values(**row)))
    database.close()
    with s3() as url:
        for name, value in (("URL", url), ("BUCKET", BOX), ("REGION", REGION), ("KEY", KEY_ID), ("SECRET", SECRET)):
            monkeypatch.setenv(f"BOT_S3_{name}", value)
        S3.kept[key] = b"bytes"
        assert "and 1 attachments written" in run("backup", str(tmp_path / "b.zip"))[1]
        without = run("backup", str(tmp_path / "w.zip"), "--without-bucket")[1]
        assert "not in it: 1 attachments; keep versions in the bucket" in without
        S3.kept.clear()
        assert "and 1 attachments read" in run("restore", str(tmp_path / "b.zip"), "--replace")[1]
        assert S3.kept == {key: b"bytes"}
        assert "1 attachments were not in it" in run("restore", str(tmp_path / "w.zip"), "--replace")[1]


def test_the_made_up_province_has_initiatives_with_attachments(run: Run, tmp_path: Path) -> None:
    sizes = {"people": 40, "messages": 100, "units": 12, "initiatives": 30, "attachments": 60}
    code, out, _ = run("seed-demo", *(part for name, n in sizes.items() for part in (f"--{name}", str(n))))
    assert (code, "30 initiatives with 60 attachments" in out) == (0, True)
    database = Database(f"sqlite:///{tmp_path / 'data' / 'bot.db'}")
    with database.read() as connection:
        assert connection.scalar(select(func.count(initiatives.c.code.distinct()))) == 30
        keys = set(connection.scalars(select(files.c.key)))
        assert connection.scalar(select(func.count()).select_from(files)) == 60
    database.close()
    assert all((tmp_path / "data" / "files" / key).is_file() for key in keys)
    assert run("seed-demo")[2].startswith("error: demo.not_empty")


def test_a_person_is_exported_and_forgotten(run: Run, tmp_path: Path) -> None:
    run("accounts", "add", "zalo", "73", "--app-id", "70", said="app\noa\naccess\nrefresh\n")
    database = Database(f"sqlite:///{tmp_path / 'data' / 'bot.db'}")
    upgrade(database)
    database.write(lambda connection: persons.ensure(connection, 1, "72", now()))
    database.close()
    code, out, _ = run("export", "1", "72")
    assert (code, json.loads(out)["person"]["user_id"]) == (0, "72")
    assert run("forget", "1", "72") == (0, "person 1 is forgotten\n", "")
    assert run("audit", "verify") == (0, "1 rows, none changed\n", "")
    assert run("export", "1", "71")[2] == "error: person.unknown (account=1)\n"


def test_staff_add_prints_a_link(run: Run) -> None:
    code, out, _ = run("staff", "add", "--role", "reader")
    assert (code, out.startswith("http://127.0.0.1:8000/console/invitation/")) == (0, True)
    assert run("staff", "add", "--role", "king")[0] == 1
    assert run("staff", "list") == (0, "", "")


def test_chat_remembers_and_numbers_choose(run: Run) -> None:
    code, out, _ = run("chat", said="chào em\n1\n/q\n")
    assert code == 0
    assert "tự động" in out
    assert PAYLOAD_PREFIX not in out


def test_a_wrong_setting_stops_with_its_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "many")
    code, _, error = run("accounts", "list")
    assert code == 1
    assert error.startswith("error: settings.bad_value (variable=PORT")
