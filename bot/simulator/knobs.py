"""What can be set on a double while it runs. The defaults are the platforms' own figures."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]
Count = Annotated[int, Field(ge=0, le=100_000_000)]


class Knobs(BaseModel):
    """Settings of one double."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    latency_ms: Annotated[float, Field(ge=0, le=60_000)] = 0  # how long every answer takes
    echo: Share = 1  # which share of our own sends is echoed
    delivered: Share = 1  # ... and gets a delivery receipt
    read: Share = 0  # ... and a read receipt, for people whose phone is not on the page
    repeats: tuple[Seconds, ...] = ()  # pauses before each repeat of a webhook that was not taken
    deadline_s: Annotated[float, Field(gt=0, le=60)] = 5  # how long a webhook waits for its 200
    window_s: Count = 86_400  # how long after a person's last act the account may write


class ZaloKnobs(Knobs):
    repeats: tuple[Seconds, ...] = (30, 300, 900, 1800, 3600)
    deadline_s: Annotated[float, Field(gt=0, le=60)] = 2
    window_s: Count = 7 * 86_400
    free_s: Count = 48 * 3600  # messages within this time after the last act cost nothing
    per_minute: Count = 4000
    welcomes: Count = 3  # messages to a follower who has never written
    sub_quota: Count = 500  # the package's own allowance after the free time
    billing: bool = True  # the billing account has money for what goes beyond
    articles_a_month: Count = 4  # articles to all followers; what a package allows differs
    night: bool = True  # refuse promotions and articles between 22:00 and 06:00 in Vietnam
    buttons: bool = False  # take the buttons and lists that v3 does not document


class MessengerKnobs(Knobs):
    repeats: tuple[Seconds, ...] = (1, 2, 5, 10, 30, 60, 120, 300, 600, 600, 600, 600, 600)  # an hour in all
    per_second: Count = 300
    calls_per_engaged: Count = 200
    engaged: Count = 1000  # people besides the made-up ones who count for the daily allowance
    proof_required: bool = False
    campaign_money: bool = True  # the paid campaign has budget left
    human_agent: bool = False  # the app has the Human Agent feature
    mids: Share = 0.5  # which share of delivery receipts names the messages
