"""What both platforms' request bodies are made of. Written after the contracts, never after the adapters."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError


class Shape(BaseModel):
    """An object of a request: types are not converted, unknown members are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def units(text: str) -> int:
    """Count as the stricter of the possible readings of "characters" does: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def _worded(limit: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not unicodedata.is_normalized("NFC", text):
            raise PydanticCustomError("not_nfc", "must be in Unicode NFC")
        if not text.strip():
            raise PydanticCustomError("empty", "must not be empty")
        if units(text) > limit:
            raise PydanticCustomError("over_limit", "must be at most {limit} characters", {"limit": limit})
        return text

    return check


def words(limit: int) -> AfterValidator:
    """Give the check of a text that people see: NFC, not blank, at most `limit` characters."""
    return AfterValidator(_worded(limit))


def _link(url: str) -> str:
    if not url.startswith("https://") or len(url) < 12 or any(char.isspace() for char in url):
        raise PydanticCustomError("not_https", "must be an https:// address")
    return url


HttpsUrl = Annotated[str, StringConstraints(max_length=2048), AfterValidator(_link)]
Digits = Annotated[str, StringConstraints(pattern=r"^\d{1,32}$")]
Id = Annotated[str, StringConstraints(min_length=1, max_length=512)]


def place(location: tuple[int | str, ...]) -> str:
    """Write where in a body a fault is: `message.attachment.payload`, without the names of union branches."""
    return ".".join(str(step) for step in location if not str(step).startswith("="))


def one_of(shape: BaseModel, *names: str) -> None:
    """Raise unless exactly one of the members is given."""
    if sum(getattr(shape, name) is not None for name in names) != 1:
        raise PydanticCustomError("one_of", "exactly one of {names} is needed", {"names": ", ".join(names)})
