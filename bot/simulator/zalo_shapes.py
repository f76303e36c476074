"""Zalo's request bodies, member by member, after sections 4 and 5 of the contract; and what a wrong one is told."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Discriminator, Field, StringConstraints, Tag, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from bot.simulator.shapes import Digits, HttpsUrl, Id, Shape, one_of, place, words

MAX_TEXT, MAX_BUTTONS, MAX_TITLE, MAX_SUBTITLE, MAX_PAYLOAD, MAX_SMS = 2000, 5, 100, 500, 1000, 160

Phone = Annotated[str, StringConstraints(pattern=r"^84\d{8,11}$")]
Title: TypeAlias = Annotated[str, words(MAX_TITLE)]
Subtitle: TypeAlias = Annotated[str, words(MAX_SUBTITLE)]


class Link(Shape):
    url: HttpsUrl


class Dial(Shape):
    phone_code: Phone


class Sms(Shape):
    phone_code: Phone
    content: Annotated[str, words(MAX_SMS)]


class OpenUrl(Shape):
    title: Title
    type: Literal["oa.open.url"]
    payload: Link


class Query(Shape):
    title: Title
    type: Literal["oa.query.show", "oa.query.hide"]
    payload: Annotated[str, words(MAX_PAYLOAD)]


class OpenPhone(Shape):
    title: Title
    type: Literal["oa.open.phone"]
    payload: Dial


class OpenSms(Shape):
    title: Title
    type: Literal["oa.open.sms"]
    payload: Sms


Button = Annotated[OpenUrl | Query | OpenPhone | OpenSms, Field(discriminator="type")]


class Picture(Shape):
    media_type: Literal["image"]
    url: HttpsUrl | None = None
    attachment_id: Id | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        one_of(self, "url", "attachment_id")
        return self


class Gif(Picture):
    media_type: Literal["gif"]  # type: ignore[assignment]
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]


class Sticker(Shape):
    media_type: Literal["sticker"]
    attachment_id: Id


class Media(Shape):
    template_type: Literal["media"]
    elements: Annotated[
        list[Annotated[Picture | Gif | Sticker, Field(discriminator="media_type")]], Field(min_length=1, max_length=1)
    ]


class InfoElement(Shape):
    title: Title
    subtitle: Subtitle
    image_url: HttpsUrl


class RequestInfo(Shape):
    template_type: Literal["request_user_info"]
    elements: Annotated[list[InfoElement], Field(min_length=1, max_length=1)]


class Buttons(Shape):
    buttons: Annotated[list[Button], Field(min_length=1, max_length=MAX_BUTTONS)]


class ListElement(Shape):
    title: Title
    subtitle: Subtitle | None = None
    image_url: HttpsUrl | None = None
    default_action: dict[str, Any] | None = None


class Listing(Shape):
    template_type: Literal["list"]
    elements: Annotated[list[ListElement], Field(min_length=1, max_length=5)]
    buttons: Annotated[list[Button], Field(max_length=MAX_BUTTONS)] | None = None


def _template_kind(payload: Any) -> str:
    if not isinstance(payload, dict):
        return ""
    return str(payload.get("template_type", "buttons"))


class Template(Shape):
    type: Literal["template"]
    payload: Annotated[
        Annotated[Media, Tag("media")]
        | Annotated[RequestInfo, Tag("request_user_info")]
        | Annotated[Buttons, Tag("buttons")]
        | Annotated[Listing, Tag("list")],
        Discriminator(_template_kind),
    ]


class FileToken(Shape):
    token: Id


class File(Shape):
    type: Literal["file"]
    payload: FileToken


class Message(Shape):
    text: Annotated[str, words(MAX_TEXT)] | None = None
    quote_message_id: Id | None = None
    attachment: Annotated[Template | File, Field(discriminator="type")] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.text is None and self.attachment is None:
            raise PydanticCustomError("empty", "message must have a text or an attachment")
        if self.undocumented and self.text is None and isinstance(self.attachment, Template):
            raise PydanticCustomError("empty", "text is required beside buttons")
        return self

    @property
    def undocumented(self) -> bool:
        """Tell whether it holds what version 3 does not document: buttons or a list."""
        return isinstance(self.attachment, Template) and isinstance(self.attachment.payload, Buttons | Listing)

    @property
    def buttons(self) -> list[Button]:
        if isinstance(self.attachment, Template) and isinstance(self.attachment.payload, Buttons | Listing):
            return self.attachment.payload.buttons or []
        return []


class Recipient(Shape):
    user_id: Digits


class Consultation(Shape):
    """The body of `message/cs`."""

    recipient: Recipient
    message: Message


class UserQuota(Shape):
    user_id: Digits


class OwnQuota(Shape):
    quota_owner: Literal["OA"]
    product_type: Literal["cs"]
    quota_type: Literal["sub_quota", "purchase_quota", "reward_quota"]


class TemplateMessage(Shape):
    """The body of `message/template`: no tracking_id here, unlike by phone number."""

    user_id: Digits
    template_id: Digits
    template_data: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")], str]


class ArticleElement(Shape):
    media_type: Literal["article"]
    attachment_id: Id


class ArticlePayload(Shape):
    template_type: Literal["media"]
    elements: Annotated[list[ArticleElement], Field(min_length=1, max_length=5)]


class ArticleTemplate(Shape):
    type: Literal["template"]
    payload: ArticlePayload


class ArticleMessage(Shape):
    attachment: ArticleTemplate


def _codes(pattern: str) -> StringConstraints:
    """Codes with commas between them."""
    return StringConstraints(pattern=rf"^(?:{pattern})(?:,(?:{pattern}))*$")


class Target(Shape):
    """Which followers: every member may be left out."""

    gender: Annotated[str, StringConstraints(pattern=r"^[012]$")] | None = None
    ages: Annotated[str, _codes("[0-7]")] | None = None
    locations: Annotated[str, _codes("[012]")] | None = None
    cities: Annotated[str, _codes(r"[0-9]|[1-5]\d|6[0-3]")] | None = None
    platform: Annotated[str, _codes("[123]")] | None = None


class Followers(Shape):
    target: Target


class Broadcast(Shape):
    """The body of version 2's `message` for an article to all followers."""

    recipient: Followers
    message: ArticleMessage


class Visitor(Shape):
    anonymous_id: Digits
    conversation_id: Digits


class ToVisitor(Shape):
    """The body of version 2's `message` for a visitor without an account."""

    recipient: Visitor
    message: Message


class Reaction(Shape):
    react_icon: Id
    react_message_id: Id


class React(Shape):
    """The body of version 2's `message` for a reaction."""

    recipient: Recipient
    sender_action: Reaction


_OVER = {"over_limit", "too_long", "string_too_long"}


def complaint(error: ValidationError) -> tuple[int, str]:
    """Give Zalo's code and words for the first fault of a body."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = place(first["loc"]) or "body"
    if first["type"] in _OVER:
        return -210, f"{where} is over the limit: {first['msg']}"
    if first["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        return -233, f"{where}: message type is not supported"
    return -201, f"{where} is invalid: {first['msg']}"
