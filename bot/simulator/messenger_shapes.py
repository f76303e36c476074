"""Messenger's request bodies, member by member, after the contract; and what a wrong one is told."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Discriminator, Field, StringConstraints, Tag, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from bot.simulator.shapes import Digits, HttpsUrl, Id, Shape, one_of, place, words

MAX_TEXT = 1999  # "less than 2000 characters"
MAX_TITLE, MAX_PAYLOAD, MAX_TEMPLATE_TEXT, MAX_ELEMENT, MAX_METADATA = 20, 1000, 640, 80, 999
MAX_REQUEST = 65
MAX_PARAMETER, MAX_BODY = 1000, 1024  # neither is in the contract: the stricter of what similar products of Meta take
DEAD_TAGS = frozenset({"CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"})

Title: TypeAlias = Annotated[str, words(MAX_TITLE)]
Payload: TypeAlias = Annotated[str, words(MAX_PAYLOAD)]


class Recipient(Shape):
    id: Digits | None = None
    user_ref: Id | None = None
    comment_id: Id | None = None
    post_id: Id | None = None
    notification_messages_token: Id | None = None
    one_time_notif_token: Id | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        one_of(self, *type(self).model_fields)
        return self


class TextReply(Shape):
    content_type: Literal["text"]
    title: Title
    payload: Payload
    image_url: HttpsUrl | None = None


class ContactReply(Shape):
    content_type: Literal["user_phone_number", "user_email"]


class WebUrl(Shape):
    type: Literal["web_url"]
    title: Title
    url: HttpsUrl
    webview_height_ratio: Literal["compact", "tall", "full"] | None = None


class Postback(Shape):
    type: Literal["postback"]
    title: Title
    payload: Payload


class PhoneNumber(Shape):
    type: Literal["phone_number"]
    title: Title
    payload: Annotated[str, StringConstraints(pattern=r"^\+\d{8,15}$")]


class DefaultAction(Shape):
    type: Literal["web_url"]
    url: HttpsUrl


Button = Annotated[WebUrl | Postback | PhoneNumber, Field(discriminator="type")]
Buttons: TypeAlias = Annotated[list[Button], Field(min_length=1, max_length=3)]
ElementText: TypeAlias = Annotated[str, words(MAX_ELEMENT)]


class ButtonTemplate(Shape):
    template_type: Literal["button"]
    text: Annotated[str, words(MAX_TEMPLATE_TEXT)]
    buttons: Buttons


class Element(Shape):
    title: ElementText
    subtitle: ElementText | None = None
    image_url: HttpsUrl | None = None
    default_action: DefaultAction | None = None
    buttons: Buttons | None = None

    @model_validator(mode="after")
    def _more_than_a_title(self) -> Self:
        if self.subtitle is None and self.image_url is None and self.default_action is None and self.buttons is None:
            raise PydanticCustomError("title_alone", "an element needs more than a title")
        return self


class GenericTemplate(Shape):
    template_type: Literal["generic"]
    elements: Annotated[list[Element], Field(min_length=1, max_length=10)]


class MediaElement(Shape):
    media_type: Literal["image", "video"]
    attachment_id: Digits | None = None
    url: Annotated[str, StringConstraints(pattern=r"^https://(www\.)?facebook\.com/")] | None = None
    buttons: Buttons | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        one_of(self, "attachment_id", "url")
        return self


class MediaTemplate(Shape):
    template_type: Literal["media"]
    elements: Annotated[list[MediaElement], Field(min_length=1, max_length=1)]


class OptInRequest(Shape):
    """Asks a person to agree to marketing messages."""

    template_type: Literal["notification_messages"]
    title: Annotated[str, words(MAX_REQUEST)]
    payload: Payload
    image_url: HttpsUrl | None = None
    notification_messages_timezone: (
        Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z]+/[A-Za-z_/]+$")] | None
    ) = None
    notification_messages_cta_text: Literal["ALLOW", "GET", "GET_UPDATES", "OPT_IN", "SIGN_UP"] | None = None


class TemplateAttachment(Shape):
    type: Literal["template"]
    payload: Annotated[
        ButtonTemplate | GenericTemplate | MediaTemplate | OptInRequest, Field(discriminator="template_type")
    ]


class Source(Shape):
    url: HttpsUrl | None = None
    attachment_id: Digits | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        one_of(self, "attachment_id", "url")
        return self


class MediaAttachment(Shape):
    type: Literal["image", "audio", "video", "file"]
    payload: Source


class Language(Shape):
    code: Id


class TextParameter(Shape):
    type: Literal["text"]
    text: Annotated[str, words(MAX_PARAMETER)]

    @model_validator(mode="after")
    def _one_line(self) -> Self:
        if any(char in self.text for char in "\n\t"):
            raise PydanticCustomError("one_line", "a parameter is one line")
        return self


class BodyComponent(Shape):
    type: Literal["body"]
    parameters: Annotated[list[TextParameter], Field(min_length=1)]


class UtilityTemplate(Shape):
    """An approved template, filled: positional parameters of its body."""

    name: Id
    language: Language
    components: Annotated[list[BodyComponent], Field(max_length=1)] | None = None

    @property
    def values(self) -> list[str]:
        return [one.text for component in self.components or () for one in component.parameters]


class BodyText(Shape):
    type: Literal["BODY"]
    text: Annotated[str, words(MAX_BODY)]
    example: dict[str, Any] | None = None


class TemplateButtons(Shape):
    type: Literal["BUTTONS"]
    buttons: Annotated[list[dict[str, Any]], Field(min_length=1)]


class NewTemplate(Shape):
    """The body of `message_templates`: what a person hands in for approval."""

    name: Id
    language: Id
    category: str
    components: Annotated[
        list[Annotated[BodyText | TemplateButtons, Field(discriminator="type")]], Field(min_length=1, max_length=2)
    ]

    @property
    def body(self) -> BodyText | None:
        return next((one for one in self.components if isinstance(one, BodyText)), None)


class Message(Shape):
    text: Annotated[str, words(MAX_TEXT)] | None = None
    attachment: Annotated[TemplateAttachment | MediaAttachment, Field(discriminator="type")] | None = None
    template: UtilityTemplate | None = None
    quick_replies: Annotated[
        list[Annotated[TextReply | ContactReply, Field(discriminator="content_type")]],
        Field(min_length=1, max_length=13),
    ] | None = None  # fmt: skip
    metadata: Annotated[str, StringConstraints(max_length=MAX_METADATA)] | None = None

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        one_of(self, "text", "attachment", "template")
        return self


class Quote(Shape):
    mid: Id


class SendMessage(Shape):
    """A message to somebody."""

    recipient: Recipient
    messaging_type: Literal["RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"]
    message: Message
    tag: str | None = None
    notification_type: Literal["REGULAR", "SILENT_PUSH", "NO_PUSH"] | None = None
    reply_to: Quote | None = None
    persona_id: Digits | None = None

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if (self.messaging_type == "MESSAGE_TAG") != (self.tag is not None):
            raise PydanticCustomError("tag", "tag goes with messaging_type MESSAGE_TAG, and only with it")
        if (self.messaging_type == "UTILITY") != (self.message.template is not None):
            raise PydanticCustomError("utility", "message.template goes with messaging_type UTILITY, and only with it")
        return self


class Delivery(Shape):
    subscription_token: Id


class PaidMessage(Shape):
    """The body of an advertising account's `messages`: a marketing message to one subscriber."""

    message_id: Digits
    messenger_delivery_data: Delivery
    message: Message

    @model_validator(mode="after")
    def _no_template(self) -> Self:
        if self.message.template is not None or self.message.quick_replies is not None:
            raise PydanticCustomError("paid", "a marketing message is a text or an attachment")
        return self


class SendAction(Shape):
    """A sender action: alone, without a message."""

    recipient: Recipient
    sender_action: Literal["mark_seen", "typing_on", "typing_off"]


class Greeting(Shape):
    locale: Annotated[str, StringConstraints(pattern=r"^(default|[a-z]{2}_[A-Z]{2})$")]
    text: Annotated[str, words(160)]


class GetStarted(Shape):
    payload: Payload


MenuTitle: TypeAlias = Annotated[str, words(30)]


class MenuLink(Shape):
    type: Literal["web_url"]
    title: MenuTitle
    url: HttpsUrl
    webview_height_ratio: Literal["compact", "tall", "full"] | None = None


class MenuPostback(Shape):
    type: Literal["postback"]
    title: MenuTitle
    payload: Payload


class Menu(Shape):
    locale: Annotated[str, StringConstraints(pattern=r"^(default|[a-z]{2}_[A-Z]{2})$")]
    composer_input_disabled: bool = False
    call_to_actions: Annotated[
        list[Annotated[MenuLink | MenuPostback, Field(discriminator="type")]], Field(min_length=1, max_length=20)
    ]


class Question(Shape):
    question: Annotated[str, words(80)]
    payload: Payload


class IceBreakers(Shape):
    locale: Annotated[str, StringConstraints(pattern=r"^(default|[a-z]{2}_[A-Z]{2})$")]
    call_to_actions: Annotated[list[Question], Field(min_length=1, max_length=4)]


class Profile(Shape):
    """What `messenger_profile` takes; each member overwrites the one of its name."""

    greeting: list[Greeting] | None = None
    get_started: GetStarted | None = None
    persistent_menu: list[Menu] | None = None
    ice_breakers: list[IceBreakers] | None = None
    whitelisted_domains: list[HttpsUrl] | None = None

    @model_validator(mode="after")
    def _has_default(self) -> Self:
        for name in ("greeting", "persistent_menu", "ice_breakers"):
            entries = getattr(self, name)
            if entries is not None and not any(entry.locale == "default" for entry in entries):
                raise PydanticCustomError("no_default", "{name} needs an entry for the locale default", {"name": name})
        if not self.model_fields_set:
            raise PydanticCustomError("empty", "nothing to set")
        return self


class ProfileFields(Shape):
    fields: Annotated[list[str], Field(min_length=1)]


def _kind(body: Any) -> str:
    return "action" if isinstance(body, dict) and "sender_action" in body else "message"


SendBody: TypeAlias = Annotated[
    Annotated[SendMessage, Tag("message")] | Annotated[SendAction, Tag("action")], Discriminator(_kind)
]

_OVER = {"over_limit", "string_too_long"}


def complaint(error: ValidationError) -> tuple[int | None, str]:
    """Give Meta's subcode (of code 100) and words for the first fault of a body."""
    faults = error.errors(include_url=False, include_input=False)
    if any(fault["loc"] == ("action", "message") for fault in faults):
        return 2018014, "(#100) A message and a sender action cannot go together"
    first = faults[0]
    branch = first["loc"][0] if first["loc"] else ""
    kind, where = str(first["type"]), place(first["loc"][1:] if branch in {"message", "action"} else first["loc"])
    field = where.rpartition(".")[2]
    if kind in _OVER:
        limit = first.get("ctx", {}).get("limit") or first.get("ctx", {}).get("max_length")
        return None, f"(#100) Length of param {where} must be less than or equal to {limit}"
    if kind == "one_of" and field == "message":
        return 2018015, "(#100) Exactly one of text, attachment and template is needed"
    if kind == "empty" and field in {"payload", "url", "title"}:
        return {"payload": 2018040, "url": 2018041, "title": 2018053}[field], f"(#100) {where} is empty"
    return None, f"(#100) Param {where}: {first['msg']}"
