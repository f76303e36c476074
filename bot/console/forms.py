"""Fields as the console uses them: text in NFC, faults as codes that content/console.toml puts into words."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from wtforms import Form as PlainForm
from wtforms import PasswordField, SelectMultipleField, StringField, TextAreaField, widgets
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the stubs are a release behind
from wtforms.validators import InputRequired, Length, Optional

__all__ = ["Form", "boxes", "line", "options", "paragraph", "secret"]


def tidy(value: str | None) -> str:
    """NFC, outer spaces away, one kind of line end; control characters dropped."""
    plain = unicodedata.normalize("NFC", value or "").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(letter for letter in plain if letter in "\n\t" or unicodedata.category(letter) != "Cc").strip()


def _one_line(value: str | None) -> str:
    return " ".join(tidy(value).split())


class Form(PlainForm):
    """As WTForms has it, but the empty form of a GET is none: boxes that are ticked would show unticked."""

    def process(
        self, formdata: Any = None, obj: Any = None, data: Any = None, extra_filters: Any = None, **kwargs: Any
    ) -> None:
        super().process(formdata or None, obj, data, extra_filters, **kwargs)


class _Text:
    """A field whose content is asked for as text: "" when nothing came."""

    data: Any

    @property
    def text(self) -> str:
        return self.data or ""


class Line(_Text, StringField):
    pass


class Paragraph(_Text, TextAreaField):
    pass


class Secret(_Text, PasswordField):
    pass


def line(most: int, *, needed: bool = True, filters: tuple[Callable[[Any], Any], ...] = ()) -> Line:
    first = InputRequired("form.needed") if needed else Optional()
    return Line(
        filters=(_one_line, *filters), validators=[first, Length(max=most, message="form.too_long")], default=""
    )


def paragraph(most: int, *, needed: bool = False) -> Paragraph:
    first = InputRequired("form.needed") if needed else Optional()
    return Paragraph(filters=(tidy,), validators=[first, Length(max=most, message="form.too_long")], default="")


def secret(*, needed: bool = True) -> Secret:
    return Secret(
        validators=[InputRequired("form.needed") if needed else Optional(), Length(max=200, message="form.too_long")]
    )


def options(pairs: Iterable[tuple[object, str]]) -> Any:
    """Value and label of each entry of a list, as WTForms wants them."""
    return [SelectChoice(value, label) for value, label in pairs]


def boxes() -> SelectMultipleField:
    """Several of many, as check boxes: no key to hold down, fit for a thumb."""
    return SelectMultipleField(
        coerce=int,
        widget=widgets.ListWidget(prefix_label=False),
        option_widget=widgets.CheckboxInput(),
        validate_choice=True,
    )
