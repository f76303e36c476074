"""The form in content/forms with the officers' edits over it, and the rules of handing in: rounds, platforms."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.errors import BotError
from bot.library.load import CONTENT
from bot.talk import FormField

Words = Annotated[str, Field(max_length=600)]
#: Without these nothing can be handed in: officers may change their words and order, not take them out.
CORE = {"what": "text", "before": "text", "result": "text", "use": "use", "place": "place", "author": "author"}
MOST_NEEDED = 6  # the seventh turn confirms


class Item(BaseModel):
    """One field as the file has it; `bot.talk.FormField` is what the chat sees of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
    label: Annotated[str, Field(min_length=1, max_length=80)]
    ask: Annotated[str, Field(min_length=1, max_length=400)]
    kind: Literal["text", "use", "place", "author", "phone", "money", "people"] = "text"
    needed: bool = False


class Round(BaseModel):
    """A time in which initiatives are taken in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)]
    opens: date
    closes: date  # the last day

    @model_validator(mode="after")
    def _in_order(self) -> Round:
        if self.closes < self.opens:
            raise ValueError("closes before it opens")
        return self


class Form(BaseModel):
    """content/forms/initiative.toml. Every value may be edited in the console (area "initiatives" of the options)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: tuple[Item, ...]
    consent: Words
    consent_version: Annotated[str, Field(max_length=20)] = "1"
    rounds: tuple[Round, ...] = ()  # none: always open
    closed: Words = ""  # what is said when no round is open; "" = the shipped sentence
    messenger_personal: bool = True  # False: personal data is asked on Zalo only
    reviewers: bool = False  # the rubric of two reviewers
    criteria: tuple[str, ...] = ("Tính mới", "Hiệu quả", "Khả năng nhân rộng")
    trades: tuple[str, ...] = ("May mặc, da giày", "Cơ khí, điện", "Cao su, nông nghiệp", "Y tế", "Giáo dục", "Khác")
    columns: tuple[str, ...] = ()  # of the Excel list, in the officers' order; () = the shipped ones
    draft_days: int = Field(default=60, ge=1, le=365)  # an untouched draft is deleted after so many days

    @model_validator(mode="after")
    def _whole(self) -> Form:
        kinds = {item.key: item.kind for item in self.field}
        if len(kinds) != len(self.field):
            raise ValueError("two fields have the same key")
        for key, kind in CORE.items():
            if kinds.get(key) != kind:
                raise ValueError(f"field {key} of kind {kind} is missing")
        if sum(item.needed for item in self.field) > MOST_NEEDED:
            raise ValueError(f"more than {MOST_NEEDED} needed fields")
        return self

    @classmethod
    def open(cls, edits: Mapping[str, Any] | None = None, folder: Path = CONTENT) -> Form:
        """Read the file with edits over it. Raises BotError("content.faulty")."""
        path = folder / "forms" / "initiative.toml"
        try:
            return cls.model_validate({**tomllib.loads(path.read_text(encoding="utf-8")), **(edits or {})})
        except (tomllib.TOMLDecodeError, ValidationError, OSError) as error:
            first = error.errors(include_url=False)[0]["msg"] if isinstance(error, ValidationError) else error
            raise BotError("content.faulty", first=f"{path.name}: {first}", faults=1) from None

    @cached_property
    def fields(self) -> tuple[FormField, ...]:
        """In the order of the chat: what is needed first. Made once: a changed form is validated anew, never copied."""
        made = [FormField(item.key, item.label, item.ask, item.kind, item.needed) for item in self.field]
        return tuple(sorted(made, key=lambda one: not one.needed))

    def label(self, key: str) -> str:
        return next((item.label for item in self.field if item.key == key), key)

    def round_on(self, day: date) -> Round | None:
        return next((one for one in self.rounds if one.opens <= day <= one.closes), None)

    def is_open(self, day: date) -> bool:
        return not self.rounds or self.round_on(day) is not None
