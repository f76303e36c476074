"""Where somebody works stands in one place: the chat sets it, officers mend it, and the audience is chosen by it."""

from __future__ import annotations

import pytest

from bot.announcements import preflight
from bot.store import persons as person_store
from bot.store import units, workplaces
from bot.store.units import Unit
from tests.announcements.conftest import WRITER, Office


@pytest.fixture
def places(office: Office) -> dict[str, int]:
    def add(name: str, parent: int | None = None) -> int:
        made = Unit(name=name, parent_id=parent)
        return office.database.write(lambda connection: units.save(connection, office.hands(), WRITER, made))

    park = add("Khu công nghiệp Phước Đông")
    return {"park": park, "mill": add("Công ty Hoa Mai", park), "other": add("Công ty Sao Sáng")}


def reached(office: Office, *chosen: int, unclear: bool = False) -> tuple[int, int]:
    one = office.one(office.draft(body="Họp.", audience={"units": list(chosen), "unclear": unclear}))
    found = preflight.check(office.announcing, one)
    return found.people(), found.unclear


def test_what_a_member_said_chooses_them(office: Office, places: dict[str, int]) -> None:
    first, second, third = office.people("zalo", 3)
    for person, said in ((first, "cty hoa mai"), (second, "Công ty Hoa Mai"), (third, "chỗ chị Tư")):
        office.database.write(lambda connection, p=person, s=said: person_store.change(connection, p, unit_said=s))  # type: ignore[misc]
    office.database.write(lambda connection: workplaces.settle(connection, office.hands()))
    with office.database.read() as connection:
        clear = {p for p in (first, second, third) if (one := person_store.get(connection, p)) and one.unit_id}
    assert reached(office, places["mill"])[0] == reached(office, places["park"])[0] == len(clear)
    assert second in clear
    assert third not in clear
    assert reached(office, places["park"], unclear=True) == (3, 3 - len(clear))


def test_what_an_officer_mended_chooses_them(office: Office, places: dict[str, int]) -> None:
    (person,) = office.people("zalo", 1)
    assert reached(office, places["other"]) == (0, 0)
    for unit, people in ((places["other"], 1), (places["mill"], 0), (None, 0)):
        office.database.write(
            lambda connection, unit=unit: workplaces.correct(connection, office.hands(), WRITER, person, unit)  # type: ignore[misc]
        )
        assert reached(office, places["other"]) == (people, 0)
