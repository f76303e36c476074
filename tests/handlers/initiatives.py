"""What a transcript's person has to do with initiatives: the shipped form, some places, and what effects change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from bot.conversation.engine import Standing
from bot.initiatives.form import Form
from bot.talk import (
    AddToInitiative,
    ChangeInitiative,
    Effect,
    HandIn,
    Initiatives,
    Mine,
    Story,
    WithdrawInitiative,
)

FORM = Form.open()
PLACES = {
    "hoa mai": [(7, "Công đoàn Công ty TNHH Hoa Mai")],
    "tân châu": [(11, "Công đoàn xã Tân Châu"), (12, "Công đoàn xã Tân Châu Đông")],
}
OPTIONAL = tuple(item.key for item in FORM.field if not item.needed)


def _places(said: str) -> Sequence[tuple[int, str]]:
    return next((found for name, found in PLACES.items() if name in said.lower()), [])


KNOWN = Initiatives(
    form=FORM.fields,
    consent=FORM.consent,
    consent_version=FORM.consent_version,
    places=_places,
    fresh="SK-48273-3",
    pin="4821",
)
MINE = Mine("SK-11111-6", "Gá kẹp hàn", "in_review", missing=OPTIONAL, last_day=date(2027, 3, 1))
GIVEN: dict[str, Callable[[Initiatives], Initiatives]] = {
    "no round": lambda one: replace(one, closed="Đợt sau mở ngày 01/03/2027, {anh_chi} chờ giúp {em}."),
    "no personal data": lambda one: replace(one, personal=False, elsewhere="https://zalo.me/123"),
    "one initiative": lambda one: replace(one, mine=(MINE,)),
    "an idea": lambda one: replace(one, mine=(replace(MINE, idea=True, state="advised", last_day=None),)),
    "two initiatives": lambda one: replace(one, mine=(replace(MINE, code="SK-22222-5", title="Máng hứng"), MINE)),
    "asked by a reviewer": lambda one: replace(
        one, mine=(replace(MINE, state="needs_more", question="Bao nhiêu máy đang dùng cách này?"),)
    ),
    "an unfit one": lambda one: replace(
        one, mine=(replace(MINE, state="unfit", reason="Cách này ở đó đã có người làm."),)
    ),
    "another's code": lambda one: replace(one, states={"SK-33333-0": "filed"}),
    "a wrong code": lambda one: replace(one, wrong_code=True),
    "a story": lambda one: replace(
        one, stories=(Story(3, "Cơ khí, điện", "Gá kẹp hàn", "Trước hàn lệch, nay thẳng.", "Chị Hoa, Công ty Hoa Mai"),)
    ),
}


def given(change: Callable[[Initiatives], Initiatives]) -> Callable[[Standing], Standing]:
    return lambda one: replace(one, facts={**one.facts, "initiatives": change(one.facts["initiatives"])})


def after(known: Initiatives, effect: Effect) -> Initiatives | None:
    """What the topic is told after an effect; None when it concerns no initiative."""
    match effect:
        case HandIn() if not effect.helper:
            title = str(effect.fields.get("title") or effect.fields["what"])
            lacking = tuple(key for key in OPTIONAL if not effect.fields.get(key))
            idea = effect.fields.get("use_state") == "untried"
            made = Mine(effect.code, title, "received", idea, missing=lacking, readers=effect.readers)
            return replace(known, mine=(made, *known.mine))
        case AddToInitiative():
            return _with(known, effect.code, lambda one: _added(one, effect))
        case ChangeInitiative():
            return _with(known, effect.code, lambda one: _changed(one, effect))
        case WithdrawInitiative():
            return _with(known, effect.code, lambda one: replace(one, state="withdrawn"))
    return None


def _with(known: Initiatives, code: str, change: Callable[[Mine], Mine]) -> Initiatives:
    return replace(known, mine=tuple(change(one) if one.code == code else one for one in known.mine))


def _added(one: Mine, effect: AddToInitiative) -> Mine:
    missing = tuple(key for key in one.missing if key not in effect.fields)
    return replace(one, missing=missing, question="" if effect.answer else one.question)


def _changed(one: Mine, effect: ChangeInitiative) -> Mine:
    return replace(
        one,
        readers=effect.readers or one.readers,
        phone=effect.phone or one.phone,
        idea=one.idea and not effect.use,
    )
