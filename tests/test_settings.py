import stat
from pathlib import Path

import pytest

from bot.errors import Misconfigured
from bot.settings import load


def test_the_defaults_need_nothing() -> None:
    settings = load({})
    assert settings.on_sqlite
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("BOT_TIMEZONE", "Tây Ninh"),
        ("ZALO_API_URL", "openapi.zalo.me"),
        ("MESSENGER_API_VERSION", "25"),
        ("SECRET_KEY", "too-short-to-be-a-key"),
    ],
)
def test_a_wrong_value_is_named_but_never_shown(name: str, value: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        load({name: value})
    assert name in str(caught.value)
    assert value not in str(caught.value)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("k" * 40 + "\n")
    assert load({"SECRET_KEY_FILE": str(tmp_path / "secret")}).keys() == ("k" * 40,)


def test_an_unreadable_secret_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="SECRET_KEY_FILE"):
        load({"SECRET_KEY_FILE": str(tmp_path / "none")})


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    settings = load({"BOT_DATA_DIR": str(tmp_path / "data")})
    assert settings.keys() == settings.keys()
    assert stat.S_IMODE((tmp_path / "data" / "secret.key").stat().st_mode) == 0o600


def test_postgresql_refuses_a_key_of_its_own_making() -> None:
    settings = load({"DATABASE_URL": "postgres://bot@db/bot"})
    assert settings.url == "postgresql+psycopg://bot@db/bot"
    with pytest.raises(Misconfigured, match="SECRET_KEY"):
        settings.keys()


def test_keys_rotate_newest_first() -> None:
    assert load({"SECRET_KEY": f"{'n' * 32}, {'o' * 32}"}).keys() == ("n" * 32, "o" * 32)
