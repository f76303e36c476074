"""The door: forms from elsewhere, sizes, headers, and forms filled with anything at all."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bot.console import words
from bot.store import audit as audit_store
from bot.store import options
from bot.store.staff import Role
from tests.console.conftest import PASSWORD, Office, Visitor

PAGES = ("/", "/me", "/staff", "/staff/invite", "/units", "/units/add", "/units/load", "/settings", "/audit")


def test_a_form_without_its_token_does_nothing(office: Office, administrator: Visitor) -> None:
    for token in ({}, {"csrf_token": ""}, {"csrf_token": "0" * 64}, {"csrf_token": "ệ"}):
        answer = administrator.client.post("/console/units/add", data={"name": "A", **token})
        assert answer.status_code == 400
        assert "tải lại trang" in answer.text


def test_another_browsers_token_does_not_fit(office: Office, administrator: Visitor) -> None:
    other = office.visitor()
    form = {"name": "A", "csrf_token": other.token()}
    assert administrator.client.post("/console/units/add", data=form).status_code == 400


def test_a_form_sent_from_another_site_is_refused(administrator: Visitor) -> None:
    answer = administrator.post("/units/add", {"name": "A"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 400


def test_signing_in_needs_the_token_too(office: Office, administrator: Visitor) -> None:
    form = {"login": administrator.login, "password": PASSWORD}
    assert office.app.test_client().post("/console/sign-in", data=form).status_code == 400


def test_a_form_sent_after_the_session_ended_can_be_sent_again(office: Office, administrator: Visitor) -> None:
    token = administrator.token()
    form = {"name": "Công đoàn A", "parent": 0, "successor": 0, "in_charge": 0, "csrf_token": token}
    office.time.pass_by(hours=2)
    late = administrator.client.post("/console/units/add", data=form)
    assert late.status_code == 401
    assert "thẻ khác" in late.text
    administrator.sign_in()
    assert administrator.client.post("/console/units/add", data=form).status_code == 302


@pytest.mark.parametrize("path", [*PAGES, "/sign-in", "/missing/page", "/static/console.css"])
def test_every_answer_carries_the_headers(administrator: Visitor, path: str) -> None:
    with administrator.get(path) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert ("no-store" in headers["Cache-Control"]) == (not path.startswith("/static"))


@pytest.mark.parametrize("path", [*PAGES, "/sign-in", "/sign-in/forgotten", "/settings/hours", "/settings/privacy"])
def test_pages_hold_nothing_inline_and_nothing_from_other_hosts(administrator: Visitor, path: str) -> None:
    answer = administrator.get(path)
    assert answer.status_code == 200
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=", answer.text)
    assert not re.search(r"(src|href)=\"(https?:)?//", answer.text)
    assert "form.unknown" not in answer.text
    assert "(mã " not in answer.text


def test_the_component_library_is_served_from_its_package(office: Office) -> None:
    for name in ("css/bootstrap.min.css", "js/bootstrap.min.js"):
        with office.visitor().get(f"/library/{name}") as answer:
            assert answer.status_code == 200
    assert office.visitor().get("/library/../__init__.py").status_code == 404


def test_forms_over_two_megabytes_are_refused_in_words(administrator: Visitor) -> None:
    answer = administrator.post("/units/add", {"name": "A", "aliases": "ă" * 1_100_000})
    assert answer.status_code == 413
    assert "2 MB" in answer.text


def test_a_missing_page_is_told_in_words(administrator: Visitor) -> None:
    answer = administrator.get("/khong-co")
    assert answer.status_code == 404
    assert "Không có trang này" in answer.text


def test_a_database_out_of_reach_is_told_in_words(office: Office, administrator: Visitor, tmp_path: Path) -> None:
    office.database.engine.dispose()
    for name in ("bot.db", "bot.db-wal", "bot.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "bot.db").mkdir()
    answer = administrator.get("/units")
    assert answer.status_code == 503
    assert "tạm thời không trả lời" in answer.text


def test_even_a_broken_table_is_told_in_words(office: Office, administrator: Visitor) -> None:
    office.database.write(lambda connection: connection.execute(text("DROP TABLE option_versions")).close())
    answer = administrator.get("/units")
    assert answer.status_code == 500
    assert "chưa có gì được lưu" in answer.text


def test_an_edit_that_no_longer_fits_does_not_lock_the_settings(office: Office, administrator: Visitor) -> None:
    office.database.write(
        lambda connection: options.put(connection, office.time(), None, "organisation", "of_another_version", 1)
    )
    assert administrator.get("/settings/identity").status_code == 200
    assert administrator.post("/settings/identity", {"name": "Liên đoàn Thử"}).status_code in {302, 422}


def test_every_act_and_role_has_its_words() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in Path("bot").rglob("*.py"))
    acts = set(re.findall(r'"((?:staff|sign_in|me|unit|units|option|content|audit)\.[a-z_]+)", "[a-z_]+"', source))
    assert len(acts) > 10
    assert not {act for act in acts if not words.known(f"audit.acts.{act}")}
    assert all(words.known(f"staff.roles.{role}") and words.known(f"staff.role_help.{role}") for role in Role)


def test_every_code_a_screen_may_show_has_its_sentence() -> None:
    files = [*Path("bot/console").rglob("*.py"), *Path("bot/store").glob("*.py"), *Path("bot/console").rglob("*.html")]
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    raised = set(re.findall(r'BotError\("((?:staff|unit|sheet|option|settings|content)\.[a-z_]+)"', source))
    faults = set(re.findall(r'"((?:form|password|account|sign_in|unit|staff|settings|text)\.[a-z_]+)"', source))
    acts = {entry for entry in faults if words.known(f"audit.acts.{entry}")}
    done = {f"done.{name}" for name in re.findall(r'done="([a-z_]+)"', source)}
    screens = {f"{name}.{view}" for name, view in re.findall(r"console\.([a-z_]+)\.([a-z_]+)", source)}
    assert len(raised | faults) > 25
    assert not {
        code
        for code in (raised | faults | done) - acts - screens - {"content.faulty", "staff.id"}
        if not words.known(code)
    }


# ---- whatever people and machines send ----

FIELDS = (
    "name", "login", "password", "again", "code", "recovery", "role", "units", "days", "parent", "successor", "kind",
    "in_charge", "valid_from", "valid_until", "aliases", "contact", "rows", "write", "email", "before", "proof",
    "hours__mon", "holidays", "retention__messages", "consent", "second_factor_for_all",
)  # fmt: skip
PATHS = (
    "/sign-in", "/sign-in/forgotten", "/staff/invite", "/staff/1", "/staff/1/leave", "/units/add", "/units/1",
    "/units/load", "/me/password", "/settings/hours", "/settings/identity", "/settings/privacy", "/settings/answers",
)  # fmt: skip


@pytest.fixture(scope="module")
def standing_office() -> Iterator[tuple[Office, Visitor]]:
    from tests.console import conftest  # noqa: PLC0415 - its fixtures are made per test, this one per file

    with tempfile.TemporaryDirectory() as folder:
        made = conftest.office.__wrapped__(Path(folder))  # type: ignore[attr-defined]
        office = next(made)
        administrator = office.join(Role.ADMINISTRATOR, "quan.tri")
        office.unit("Công đoàn A")
        yield office, administrator
        next(made, None)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(PATHS),
    form=st.dictionaries(
        st.sampled_from(FIELDS),
        st.one_of(st.text(max_size=60), st.sampled_from(["0", "1", "-1", "9" * 30, "[]", '[[1,{"Mã":1}]]', "=1+1"])),
        max_size=8,
    ),
)
def test_no_form_breaks_the_console(
    standing_office: tuple[Office, Visitor], path: str, form: dict[str, object]
) -> None:
    office, administrator = standing_office
    answer = administrator.post(path, form)
    assert answer.status_code in {200, 302, 401, 404, 409, 413, 422, 429}
    with office.database.read() as connection:
        assert audit_store.verify(connection).broken is None
    if not administrator.inside:  # it changed its own role, or waited in a lock
        office.time.pass_by(hours=1)
        administrator.sign_in()


@pytest.mark.parametrize("odd", ["9" * 30, "9" * 5000, "²", "-1"])
def test_numbers_that_no_row_has_lead_nowhere(administrator: Visitor, odd: str) -> None:
    for path in ("people", "announcements", "initiatives", "events", "units", "incidents", "staff"):
        assert administrator.get(f"/{path}/{odd}").status_code == 404
    for path in (
        f"people?unit={odd}&account={odd}&q={odd}&before=2026-11-24T00:00:00%2B00:00~{odd}",
        f"conversations?unit={odd}&account={odd}&start={odd}",
        f"conversations?tab=all&before=2026-11-24T00:00:00%2B00:00~{odd}",
        f"conversations?q=aaa&below={odd}",
        f"announcements?below={odd}",
        f"initiatives?unit={odd}&assigned={odd}&page={odd}",
        f"audit?below={odd}&staff={odd}",
    ):
        assert administrator.get(f"/{path}").status_code == 200, path
    assert administrator.post("/settings/routes", {"articles_a_month": odd}).status_code == 422
