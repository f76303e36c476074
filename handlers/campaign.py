"""The union's yearly campaigns: what is on this year, from what officers loaded, and hearing about it."""

import re

from bot.talk import Campaign as OneCampaign
from bot.talk import Follow, Kind, Reply, Say, Turn

#: Asks for this year's programme; the meaning of the day is a question like others.
_THIS_YEAR = re.compile(r"\b(nam nay|co gi|chuong trinh|hoat dong gi|to chuc gi|dien ra|lich)\b")


class Campaign:
    name = "campaign"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        known: tuple[OneCampaign, ...] = turn.facts.get("campaigns", ())
        action, _, key = turn.choice.partition(":")
        if action == "campaign":
            return _pressed(turn, known, key)
        if not turn.text or turn.choice or not _THIS_YEAR.search(turn.plain):
            return None
        meant = next((one for one in known if any(word in turn.plain for word in one.asked)), None)
        # what nobody loaded is left to the documents: they say what is known of every year
        return _told(turn, meant) if meant is not None and meant.says else None


def _pressed(turn: Turn, known: tuple[OneCampaign, ...], key: str) -> Reply | None:
    wish, _, name = key.rpartition(":")
    one = next((one for one in known if one.key == name), None)
    if one is None:
        return None
    if wish == "follow":
        return _followed(turn, one)
    if wish == "unfollow":
        says = (Say(turn.texts("campaign.unfollowed", campaign=one.name)),)
        return Reply(says=says, effects=(Follow(one.key, on=False),), kind=Kind.UNSUBSCRIBE)
    return _told(turn, one)


def _told(turn: Turn, one: OneCampaign) -> Reply:
    text = one.says or turn.texts("campaign.not_loaded", campaign=one.name)
    wish = (
        turn.button("Thôi theo dõi", f"campaign:unfollow:{one.key}")
        if one.followed
        else turn.button("Theo dõi", f"campaign:follow:{one.key}")
    )
    return Reply(says=(Say(turn.texts.fill(text), (wish,)),), kind=Kind.QUESTION)


def _followed(turn: Turn, one: OneCampaign) -> Reply:
    """To be told takes the yes to announcements too; following alone is none."""
    agreed = turn.person.subscribed
    text = turn.texts("campaign.followed" if agreed else "campaign.consent_first", campaign=one.name)
    buttons = () if agreed else (turn.button("Nhận thông báo", "subscription"),)
    return Reply(says=(Say(text, buttons),), effects=(Follow(one.key),), kind=Kind.SUBSCRIBE)
