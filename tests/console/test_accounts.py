"""Connecting an OA and a Page to the doubles from the console alone; what is missing; a dead token mended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import select

from bot.store import accounts as store
from bot.store import marks
from bot.store.schema import accounts
from bot.store.staff import Role
from tests.console.conftest import Office, Visitor
from tests.running import Doubles, doubles


@pytest.fixture(scope="module")
def platforms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doubles]:
    folder: Path = tmp_path_factory.mktemp("doubles")
    with doubles("http://127.0.0.1:9", folder) as played:
        yield played


@pytest.fixture
def world(office: Office, platforms: Doubles) -> dict[str, str]:
    """The keys an officer copies from the platforms' sites; the console's hosts are the doubles."""
    given = platforms.environment
    connecting = office.app.extensions["console"].connecting
    connecting.hosts = replace(
        connecting.hosts,
        real={
            "zalo": {"api_url": given["ZALO_API_URL"], "oauth_url": given["ZALO_OAUTH_URL"]},
            "messenger": {"api_url": given["MESSENGER_API_URL"], "api_version": given["MESSENGER_API_VERSION"]},
        },
    )
    platforms.control("POST", "reset", {})
    platforms.control("POST", "token", {"platform": "messenger", "state": "alive"})
    return given


def _page(world: dict[str, str], **more: str) -> dict[str, str]:
    return {
        "app_id": world["MESSENGER_APP_ID"], "app_secret": world["MESSENGER_APP_SECRET"],
        "external_id": world["MESSENGER_PAGE_ID"], "way": "paste", "access": world["MESSENGER_PAGE_ACCESS_TOKEN"],
        "name": "Trang tỉnh", "unit": "0", **more,
    }  # fmt: skip


def _oa(world: dict[str, str], **more: str) -> dict[str, str]:
    return {
        "app_id": world["ZALO_APP_ID"], "app_secret": world["ZALO_APP_SECRET"], "external_id": world["ZALO_OA_ID"],
        "signing": world["ZALO_OA_SECRET_KEY"], "way": "consent", "name": "OA tỉnh", "unit": "0", **more,
    }  # fmt: skip


def _state(office: Office, number: int = 1) -> tuple[str, str]:
    with office.database.read() as connection:
        row = connection.execute(select(accounts.c.state, accounts.c.state_code).where(accounts.c.id == number)).one()
    return row.state, row.state_code


def _shown(page: str, field: str) -> str:
    found = re.search(rf'id="{field}" readonly value="([^"]*)"', page)
    assert found
    return unescape(found.group(1))


def test_a_page_is_connected_its_fields_and_menu_set(
    office: Office, world: dict[str, str], platforms: Doubles, administrator: Visitor
) -> None:
    answer = administrator.post("/accounts/add?platform=messenger", _page(world))
    page = administrator.client.get(answer.headers["Location"]).text
    assert "Mọi bước đã xong" in page
    assert page.count("Hệ thống vừa tự đặt") >= 2
    assert _shown(page, "webhook") == "https://bot.example.vn/webhooks/messenger"
    assert len(_shown(page, "verify")) > 20
    assert platforms.control("GET", "state")["messenger"]["subscribed"]
    assert _state(office) == ("active", "")
    assert world["MESSENGER_APP_SECRET"] not in page
    assert world["MESSENGER_PAGE_ACCESS_TOKEN"] not in page


def test_an_oa_is_connected_by_consent(office: Office, world: dict[str, str], administrator: Visitor) -> None:
    answer = administrator.post("/accounts/add?platform=zalo", _oa(world))
    assert answer.status_code == 302
    assert _state(office) == ("held", "zalo.no_token")
    link = _consent_link(administrator)
    assert parse_qs(urlsplit(link).query)["code_challenge"]
    back = _agree(link)
    page = administrator.client.get(administrator.client.get(back).headers["Location"]).text
    assert "Mọi bước đã xong" in page
    assert _state(office) == ("active", "")
    assert "quá 10 phút" in administrator.client.get(back).text  # good once


def _consent_link(visitor: Visitor) -> str:
    found = re.search(r'href="([^"]+permission[^"]+)"', visitor.post("/accounts/1/consent").text)
    assert found
    return unescape(found.group(1))


def _agree(link: str) -> str:
    """What the OA's administrator does on the platform's page; the address they are sent back to."""
    # the doubles send a code to this machine only: the console's public name stands for it here
    near = link.replace("https%3A%2F%2Fbot.example.vn", "http%3A%2F%2F127.0.0.1%3A9")
    page = requests.get(near, timeout=10).text
    found = re.search(r'href="([^"]+agree[^"]+)"', page)
    assert found, page
    base = "{0.scheme}://{0.netloc}".format(urlsplit(link))
    told = requests.get(base + unescape(found.group(1)), timeout=10, allow_redirects=False).headers["Location"]
    parts = urlsplit(told)
    return f"{parts.path}?{parts.query}"


def test_another_session_cannot_finish_a_consent(office: Office, world: dict[str, str], administrator: Visitor) -> None:
    administrator.post("/accounts/add?platform=zalo", _oa(world))
    back = _agree(_consent_link(administrator))
    other = office.join(Role.ADMINISTRATOR, "nguoi.khac")
    assert other.client.get(back).status_code == 422
    assert other.client.get(back.replace("state=", "state=x")).status_code == 422
    assert _state(office) == ("held", "zalo.no_token")


def test_a_consent_that_took_too_long_is_over(office: Office, world: dict[str, str], administrator: Visitor) -> None:
    administrator.post("/accounts/add?platform=zalo", _oa(world))
    back = _agree(_consent_link(administrator))
    office.time.pass_by(minutes=11)
    assert "quá 10 phút" in administrator.client.get(back).text


def test_a_pasted_pair_connects_an_oa(
    office: Office, world: dict[str, str], platforms: Doubles, administrator: Visitor
) -> None:
    pair = platforms.control("POST", "token", {"platform": "zalo", "state": "alive"})
    form = _oa(world, way="paste", access=pair["access_token"], refresh=pair["refresh_token"])
    answer = administrator.post("/accounts/add?platform=zalo", form)
    assert "Mọi bước đã xong" in administrator.client.get(answer.headers["Location"]).text


def test_what_is_missing_is_said_in_words(world: dict[str, str], platforms: Doubles, administrator: Visitor) -> None:
    administrator.post("/accounts/add?platform=messenger", _page(world))
    platforms.control("POST", "token", {"platform": "messenger", "state": "dead"})
    page = administrator.post("/accounts/1/check").text
    assert "Mã khóa của trang không còn dùng được" in page
    assert "Kết nối lại" in page
    assert "messenger.190" not in page


def test_a_dead_token_is_replaced_and_the_account_sends_again(
    office: Office, world: dict[str, str], administrator: Visitor
) -> None:
    administrator.post("/accounts/add?platform=messenger", _page(world, access="EAAGdeaddeaddead"))
    office.database.write(lambda connection: store.change(connection, 1, state=store.HELD, state_code="messenger.190"))
    office.database.write(lambda connection: marks.raise_alarm(connection, "account:1", "messenger.190", office.time()))
    assert administrator.post("/accounts/1/tokens", {"access": "a b"}).status_code == 422
    answer = administrator.post("/accounts/1/tokens", {"access": world["MESSENGER_PAGE_ACCESS_TOKEN"]})
    assert "Mọi bước đã xong" in administrator.client.get(answer.headers["Location"]).text
    assert _state(office) == ("active", "")
    with office.database.read() as connection:
        assert not marks.open_alarms(connection)


def test_pausing_holds_until_an_officer_goes_on(office: Office, world: dict[str, str], administrator: Visitor) -> None:
    administrator.post("/accounts/add?platform=messenger", _page(world))
    administrator.post("/accounts/1/act", {"act": "pause"})
    assert _state(office) == ("held", "account.paused")
    administrator.post("/accounts/1/check")
    administrator.post("/accounts/1/tokens", {"access": world["MESSENGER_PAGE_ACCESS_TOKEN"]})
    assert _state(office) == ("held", "account.paused")
    assert "Cán bộ đã tạm dừng" in administrator.get("/accounts/1").text
    administrator.post("/accounts/1/act", {"act": "resume"})
    assert _state(office) == ("active", "")


def test_name_unit_and_rate_are_changed_within_bounds(
    office: Office, world: dict[str, str], administrator: Visitor
) -> None:
    unit = office.unit("Khu công nghiệp A")
    administrator.post("/accounts/add?platform=messenger", _page(world))
    form = {"name": "Trang KCN A", "unit": unit, "rate": "5", "human_agent": "y"}
    assert administrator.post("/accounts/1", form).status_code == 302
    with office.database.read() as connection:
        account = store.get(connection, 1)
    assert account is not None
    assert (account.name, account.unit_id, account.rate, account.human_agent) == ("Trang KCN A", unit, 5.0, True)
    shown = administrator.get("/accounts/1").text
    assert re.search(r'<input[^>]*checked[^>]*name="human_agent"|<input[^>]*name="human_agent"[^>]*checked', shown)
    assert administrator.post("/accounts/1", {**form, "rate": "1000"}).status_code == 422
    assert administrator.post("/accounts/1", {**form, "rate": "x"}).status_code == 422


def test_an_account_is_connected_once_and_can_come_back(world: dict[str, str], administrator: Visitor) -> None:
    assert administrator.post("/accounts/add?platform=messenger", _page(world)).status_code == 302
    again = administrator.post("/accounts/add?platform=messenger", _page(world))
    assert "Kênh này đã được kết nối" in again.text
    assert administrator.post("/accounts/1/act", {"act": "remove"}).status_code == 422
    administrator.post("/accounts/1/act", {"act": "remove", "sure": "yes"})
    assert administrator.get("/accounts/1").status_code == 404
    # the app is known: its secret need not be typed again
    assert administrator.post("/accounts/add?platform=messenger", _page(world, app_secret="")).status_code == 302


def test_new_keys_stand_before_the_old_ones(office: Office, world: dict[str, str], administrator: Visitor) -> None:
    administrator.post("/accounts/add?platform=zalo", _oa(world))
    administrator.post("/accounts/1/keys", {"signing": "khoa-moi-cua-oa"})
    keys = office.app.extensions["console"].directory.keys("zalo")
    assert keys[0].signing == ("khoa-moi-cua-oa", world["ZALO_OA_SECRET_KEY"])


@pytest.mark.parametrize(
    "change", [{"app_id": "abc"}, {"external_id": ""}, {"access": ""}, {"access": "hai dòng\nmã"}, {"app_secret": ""}]
)
def test_odd_input_is_refused_and_no_secret_comes_back(
    world: dict[str, str], administrator: Visitor, change: dict[str, str]
) -> None:
    answer = administrator.post("/accounts/add?platform=messenger", _page(world, **change))
    assert answer.status_code == 422
    assert world["MESSENGER_APP_SECRET"] not in answer.text
    assert world["MESSENGER_PAGE_ACCESS_TOKEN"] not in answer.text
