"""Bytes in and out: a folder, and a bucket that checks every signature by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import BotError, Misconfigured
from bot.files import local_origins, open_store
from bot.files.storing import Bucket, FileStore, Folder, fresh_key
from bot.settings import load
from tests.files.s3 import BOX, KEY_ID, REGION, S3, SECRET, s3


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FileStore]:
    if request.param == "folder":
        yield Folder(tmp_path / "files")
        return
    with s3() as url:
        bucket = Bucket(url, BOX, REGION, KEY_ID, SECRET)
        yield bucket
        bucket.close()


def test_what_is_put_comes_back_and_goes(store: FileStore) -> None:
    keys = sorted(fresh_key() for _ in range(3))
    for key in keys:
        store.put(key, key.encode() * 100)
    assert [store.get(key) for key in keys] == [key.encode() * 100 for key in keys]
    listed = list(store.listed())
    assert [key for key, _ in listed] == keys
    assert all(abs(datetime.now(UTC) - at) < timedelta(minutes=5) for _, at in listed)
    store.delete(keys[0])
    store.delete(keys[0])
    with pytest.raises(BotError, match=r"files\.missing"):
        store.get(keys[0])


def test_what_others_keep_in_the_bucket_is_never_listed(store: FileStore) -> None:
    if isinstance(store, Bucket):  # what is listed and not known is swept away
        S3.kept["logs/2026.gz"] = b"x"
        store.put(key := fresh_key(), b"y")
        assert [name for name, _ in store.listed()] == [key]


def test_a_wrong_secret_is_told_and_not_taken_for_a_missing_file(store: FileStore) -> None:
    if isinstance(store, Bucket):
        wrong = Bucket(store.address.rpartition("/")[0], BOX, REGION, KEY_ID, "another")
        with pytest.raises(BotError, match=r"files\.away"):
            wrong.get("x")
        wrong.close()


@pytest.mark.parametrize("key", ["../secret.key", "/etc/passwd", "", "a/../../x"])
def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    (tmp_path / "secret.key").write_text("geheim", encoding="utf-8")
    with pytest.raises(BotError, match=r"files\.missing"):
        Folder(tmp_path / "files").get(key)


def test_only_our_own_user_reads_the_folder(tmp_path: Path) -> None:
    store = Folder(tmp_path / "files")
    store.put("ab/c", b"x")
    assert (tmp_path / "files" / "ab" / "c").stat().st_mode & 0o077 == 0


def test_the_settings_choose_the_store(tmp_path: Path) -> None:
    base = {"SECRET_KEY": "k" * 40, "BOT_DATA_DIR": str(tmp_path)}
    assert isinstance(open_store(load(base)), Folder)
    with pytest.raises(Misconfigured, match="BOT_S3_BUCKET"):
        open_store(load({**base, "BOT_S3_URL": "https://s3.example.vn"}))
    whole = {"BOT_S3_URL": "https://s3.example.vn", "BOT_S3_BUCKET": "b", "BOT_S3_KEY": "k", "BOT_S3_SECRET": "s"}
    made = open_store(load({**base, **whole}))
    assert isinstance(made, Bucket)
    made.close()


def test_doubles_count_only_on_this_machine(tmp_path: Path) -> None:
    base = {"SECRET_KEY": "k" * 40, "BOT_DATA_DIR": str(tmp_path), "PORT": "8123"}
    assert local_origins(load(base), simulator=False) == []
    assert local_origins(load(base), simulator=True) == ["http://127.0.0.1:8123"]
    near = load({**base, "ZALO_API_URL": "http://127.0.0.1:9100/zalo"})
    assert local_origins(near, simulator=False) == ["http://127.0.0.1:9100"]
    assert local_origins(load({**base, "ZALO_API_URL": "http://10.0.0.5:9100"}), simulator=False) == []
