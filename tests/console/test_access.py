"""Every route with every role and with none; another unit's rows by no address and no form."""

from __future__ import annotations

from itertools import chain

import pytest
from werkzeug.routing import AnyConverter, Rule

from bot.console import access
from bot.console.access import ROLES, SCREENS, May
from bot.store.staff import Role
from tests.console.conftest import Office, Visitor

OPEN = {"static", "library", "missing"} | {name for name, need in SCREENS.items() if need is May.SIGN_IN}


def _routes(office: Office) -> list[tuple[str, str, str]]:
    """Endpoint, method and an address of every route of the console."""
    adapter = office.app.url_map.bind("localhost")
    found = []
    for rule in office.app.url_map.iter_rules():
        if not rule.endpoint.startswith("console."):
            continue
        values = {name: _some(rule, name) for name in rule.arguments}
        address = adapter.build(rule.endpoint, values).removeprefix("/console")
        found += [
            (rule.endpoint.removeprefix("console."), method, address)
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]
    return found


def _some(rule: Rule, name: str) -> str:
    """A value that the address takes: the first of a closed list, else one that is nobody's."""
    converter = rule._converters[name]
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    return "identity" if name == "name" else "1"


def _ask(visitor: Visitor, method: str, address: str) -> int:
    return (visitor.get(address) if method == "GET" else visitor.post(address)).status_code


def test_every_route_stands_in_the_table(office: Office) -> None:
    routes = {endpoint for endpoint, _, _ in _routes(office)}
    assert len(routes) > 20
    assert routes == set(SCREENS)


def test_nobody_gets_anything_without_signing_in(office: Office) -> None:
    stranger = office.visitor()
    for endpoint, method, address in _routes(office):
        if endpoint not in OPEN:
            status = _ask(stranger, method, address)
            assert status == (302 if method == "GET" else 401), (endpoint, method)


def test_no_form_is_taken_without_the_token_of_this_browser(office: Office) -> None:
    inside, elsewhere = office.join(Role.ADMINISTRATOR, "quan.tri"), office.visitor()
    forms = [(endpoint, address) for endpoint, method, address in _routes(office) if method != "GET"]
    assert len(forms) > 60
    for endpoint, address in forms:
        if endpoint in {"static", "library"}:
            continue
        for form in ({}, {"csrf_token": elsewhere.token()}):
            status = inside.client.post(f"/console{address}", data=form).status_code
            assert status == 400, (endpoint, status)
    assert inside.inside  # not even the sign-out


@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_what_the_table_gives_it(office: Office, role: Role) -> None:
    unit = office.unit("Công đoàn phường A")
    visitor = office.join(role, "nguoi.thu", (unit,) if role is Role.UNIT else ())
    for endpoint, method, address in _routes(office):
        # the last two would end the very session that asks
        if endpoint in OPEN or endpoint in {"sign_in.out", "me.new_phone"}:
            continue
        need = access.needed(endpoint, method)
        status = _ask(visitor, method, address)
        assert (status == 403) == (need not in ROLES[role]), (endpoint, method, status)
        assert status < 500, (endpoint, method)
    assert visitor.inside


def test_the_roles_differ_as_meant() -> None:
    assert May.MANAGE_STAFF in ROLES[Role.ADMINISTRATOR]
    assert not any(May.MANAGE_STAFF in ROLES[role] for role in set(Role) - {Role.ADMINISTRATOR})
    assert not any(May.SEND in ROLES[role] for role in (Role.REVIEWER, Role.READER))
    assert not ROLES[Role.UNIT] & {May.CHANGE_SETTINGS, May.CHANGE_CONTENT, May.IMPORT_UNITS}
    used = chain.from_iterable(need if isinstance(need, tuple) else (need,) for need in SCREENS.values())
    assert set(May) - set(used) <= {May.SEND}  # later screens ask for it


@pytest.fixture
def two_parks(office: Office) -> dict[str, int]:
    province = office.unit("Tỉnh")
    mine = office.unit("Khu công nghiệp A", province)
    factory = office.unit("Công ty Trong", mine)
    theirs = office.unit("Khu công nghiệp B", province)
    return {"province": province, "mine": mine, "factory": factory, "theirs": theirs}


def test_a_unit_officer_sees_their_units_and_those_below(office: Office, two_parks: dict[str, int]) -> None:
    officer = office.join(Role.UNIT, "can.bo", (two_parks["mine"],))
    page = officer.get("/units").text
    assert "Khu công nghiệp A" in page
    assert "Công ty Trong" in page
    assert "Khu công nghiệp B" not in page
    assert "Khu công nghiệp B" not in officer.get(f"/units/{two_parks['factory']}").text
    assert "Khu công nghiệp B" not in officer.get("/units/add").text


@pytest.mark.parametrize("address", ["/units/{}", "/units/{}/poster"])
@pytest.mark.parametrize("which", ["theirs", "province"])
def test_another_units_pages_do_not_exist_for_them(
    office: Office, two_parks: dict[str, int], address: str, which: str
) -> None:
    officer = office.join(Role.UNIT, "can.bo", (two_parks["mine"],))
    assert officer.get(address.format(two_parks[which])).status_code == 404
    assert officer.get(address.format(two_parks["factory"])).status_code == 200


def test_no_form_reaches_another_unit(office: Office, two_parks: dict[str, int]) -> None:
    officer = office.join(Role.UNIT, "can.bo", (two_parks["mine"],))
    theirs, factory = two_parks["theirs"], two_parks["factory"]
    assert officer.post(f"/units/{theirs}", {"name": "Của tôi"}).status_code == 404
    good = {"name": "Công ty Trong", "parent": two_parks["mine"], "successor": 0, "in_charge": 0}
    assert officer.post(f"/units/{factory}", {**good, "parent": theirs}).status_code == 422
    assert officer.post(f"/units/{factory}", {**good, "successor": theirs}).status_code == 422
    assert officer.post("/units/add", {**good, "name": "Mới", "parent": theirs}).status_code == 422
    assert officer.post("/units/add", {**good, "name": "Mới", "parent": 0}).status_code == 422
    assert officer.post("/units/add", {**good, "name": "Mới"}).status_code == 302
    reader = office.join(Role.READER, "nguoi.xem")
    assert "Công ty Trong" in reader.get("/units").text
    assert reader.post(f"/units/{factory}", good).status_code == 403


def test_the_top_unit_of_an_officer_stays_where_it_hangs(office: Office, two_parks: dict[str, int]) -> None:
    officer = office.join(Role.UNIT, "can.bo", (two_parks["mine"],))
    form = {"name": "Khu công nghiệp A mới", "parent": two_parks["province"], "successor": 0, "in_charge": 0}
    assert officer.post(f"/units/{two_parks['mine']}", form).status_code == 302
    assert officer.post(f"/units/{two_parks['mine']}", {**form, "parent": 0}).status_code == 422


def test_an_officer_without_units_sees_none(office: Office, two_parks: dict[str, int]) -> None:
    officer = office.join(Role.UNIT, "can.bo")
    assert officer.get(f"/units/{two_parks['factory']}").status_code == 404
    assert "Chưa có đơn vị nào" in officer.get("/units").text


def test_a_reader_named_for_one_unit_sees_only_that(office: Office, two_parks: dict[str, int]) -> None:
    reader = office.join(Role.READER, "nguoi.xem", (two_parks["theirs"],))
    assert reader.get(f"/units/{two_parks['theirs']}").status_code == 200
    assert reader.get(f"/units/{two_parks['mine']}").status_code == 404
