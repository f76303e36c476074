"""What a made-up person can do, on either platform."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Short = Annotated[str, StringConstraints(max_length=1000)]


class Act(BaseModel):
    """One act. Which fields count depends on `act`; a double refuses what its platform does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    act: Literal[
        "text",
        "tap",  # Zalo: a button; it comes as a text equal to its payload
        "quick_reply",  # Messenger
        "postback",  # Messenger: a template's button or the menu
        "start",  # Messenger: Get Started
        "referral",  # Messenger: a link with `payload` as its ref
        "follow",
        "unfollow",
        "chat_now",
        "image",
        "sticker",
        "audio",
        "file",
        "location",
        "unknown",  # an attachment of a type that nobody knows
        "reaction",  # to the message `mid`
        "optin",  # Messenger: agrees to the request with this `title`
        "optin_stop",  # ... and stops it in Messenger's own menu
        "edit",  # Messenger: the own message `mid` now says `text`
        "staff",  # an officer writes `text` to the person in the platform's own inbox
        "thread_taken",  # Messenger: another app took the thread
        "thread_passed",  # ... and gave it back
        "withdraw",  # Zalo: the person withdraws all consent
        "block",
        "unblock",
        "wait",  # `hours` go by
    ]
    text: Annotated[str, StringConstraints(max_length=20_000)] = ""
    payload: Short = ""
    title: Short = ""
    mid: Short = ""
    hours: float = 0
    anonymous: bool = False  # Zalo: a visitor of a website's chat box, without an account
