"""Plays a transcript of tests/dialogues against the real engine, texts and knowledge, and writes down what happens.

A transcript is a text file that an officer can read and correct:

    ## a title                     a new person, whom the bot has met before
    given: newcomer; subscribed    what is known at the start; see GIVEN
    time: 2026-11-24 09:00         in the union's zone; it stands still until the next `time:` or `wait:`
    wait: 40 minutes
    member: DỪNG                   what the person writes; several lines in a row wait together
    member: (image) máy của em     an attachment, with words or without
    press: Nhận lại                a button of the bot's last message
    event: follow                  any other kind of event
    staff: speaks                  somebody of the union writes in the platform's inbox

After it stand the bot's messages, their buttons in square brackets, and after * what the turn causes:

    bot: Dạ, em đã tắt thông báo.
         [Nhận lại]
         * consent: no; cancel what waits

A line that ends in … may go on, over several lines too. "bot: (silent)" means no message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.clock import VIETNAM
from bot.conversation.engine import Engine, Outcome, Standing
from bot.messages import Attachment, Button, Inbound, InboundKind
from bot.talk import (
    AddToInitiative,
    Answered,
    AnswerSurvey,
    CallOff,
    Campaign,
    CancelRegistration,
    ChangeInitiative,
    ClaimInitiative,
    Consent,
    DropDraft,
    DropFiles,
    Effect,
    Event,
    ExportMe,
    Follow,
    ForgetMe,
    HandIn,
    HandOver,
    KeepDraft,
    LinkStaff,
    MakeLinkCode,
    Missed,
    Person,
    Rated,
    Register,
    SendForm,
    SetUnit,
    TakeBack,
    Unlink,
    UseLinkCode,
    WithdrawInitiative,
)
from tests.handlers import initiatives

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=VIETNAM)
INDENT = "     "
ACTS = ("given", "time", "wait", "member", "press", "event", "staff")
CAMPAIGN = Campaign(
    "science_day",
    "ngày Khoa học và Công nghệ Việt Nam 18/5",
    ("18 / 5", "ngay khoa hoc"),
    says="Lễ tôn vinh lúc 8 giờ sáng 18/5 tại hội trường công đoàn tỉnh.",
)
COURSE = Event(7, "Lớp an toàn hàn điện", "", "Nhà văn hóa lao động", "08:00 20/05/2027", "17:00 18/05/2027", left=12)
GIVEN: dict[str, Callable[[Standing], Standing]] = {
    "newcomer": lambda one: replace(one, memory={}),
    "subscribed": lambda one: replace(one, person=replace(one.person, subscribed=True)),
    "workplace known": lambda one: replace(one, person=replace(one.person, unit="Công ty Hoa Mai", unit_asked=True)),
    "messenger": lambda one: replace(one, platform="messenger"),
    "campaign loaded": lambda one: replace(one, facts={**one.facts, "campaigns": (CAMPAIGN,)}),
    "campaign not loaded": lambda one: replace(one, facts={**one.facts, "campaigns": (replace(CAMPAIGN, says=""),)}),
    "course open": lambda one: replace(one, facts={**one.facts, "events": (COURSE,)}),
    "course registered": lambda one: replace(one, facts={**one.facts, "events": (replace(COURSE, registered=True),)}),
    "figures": lambda one: replace(
        one, person=replace(one.person, stored={"messages": 12, "since": datetime(2026, 5, 17, 23, tzinfo=UTC)})
    ),
}
GIVEN |= {word: initiatives.given(change) for word, change in initiatives.GIVEN.items()}
EFFECTS: dict[type[Effect], Callable[..., str]] = {
    Consent: lambda it: f"consent: {'yes' if it.given else 'no'}",
    SetUnit: lambda it: f"workplace: {it.said or 'skipped'}",
    HandOver: lambda it: f"hand over{' at once' if it.urgent else ''}: {it.reason}",
    TakeBack: lambda _: "the bot speaks again",
    Missed: lambda _: "not answered, for the officers",
    ForgetMe: lambda _: "forget the person",
    Rated: lambda it: f"thumbs {'up' if it.good else 'down'}: {it.answer}",
    ExportMe: lambda _: "export",
    CallOff: lambda _: "cancel what waits",
    AnswerSurvey: lambda it: f"answer {it.announcement}: {it.words or it.choice}",
    Follow: lambda it: f"{'follow' if it.on else 'no longer follow'} {it.topic}",
    Register: lambda it: f"register for {it.event} as {it.name}",
    CancelRegistration: lambda it: f"cancel the registration for {it.event}",
    MakeLinkCode: lambda _: "make a code for linking",
    UseLinkCode: lambda it: f"link by {it.code}",
    Unlink: lambda _: "unlink",
    LinkStaff: lambda it: f"a colleague's chat, by {it.code}",
    KeepDraft: lambda it: f"kept, with {len(it.files)} file" if it.files else "kept",
    DropDraft: lambda _: "the draft is gone",
    HandIn: lambda it: f"handed in: {it.code}",
    AddToInitiative: lambda it: (
        f"added to {it.code}: {', '.join([*it.fields, *['words'] * bool(it.answer), *['a file' for _ in it.files]])}"
    ),
    DropFiles: lambda it: f"files of {it.code} taken back",
    ChangeInitiative: lambda it: f"changed: {it.code}",
    WithdrawInitiative: lambda it: f"withdrawn: {it.code}",
    SendForm: lambda it: f"the filled form of {it.code}",
    ClaimInitiative: lambda it: f"claimed: {it.code}",
}


@dataclass(slots=True)
class Stage:
    """One person's conversation. Keeps what delivery would keep between turns."""

    engine: Engine
    standing: Standing = field(
        default_factory=lambda: Standing(
            person=Person(id=1), memory={"met": True}, platform="zalo", facts={"initiatives": initiatives.KNOWN}
        )
    )
    now: datetime = NOW
    buttons: tuple[Button, ...] = ()

    def act(self, acts: list[tuple[str, str]]) -> list[str]:
        """Do what stands on a run of lines and give the bot's lines."""
        heard: list[Inbound] = []
        for name, said in acts:
            if name == "given":
                for word in said.split("; "):
                    self.standing = GIVEN[word](self.standing)
            elif name == "time":
                self.now = datetime.fromisoformat(said).replace(tzinfo=VIETNAM)
            elif name == "wait":
                self.now += timedelta(minutes=int(said.split()[0]))
            elif name == "staff":
                self.standing = replace(self.standing, staff_until=self.now.astimezone(UTC) + timedelta(minutes=30))
            else:
                heard.append(self._event(name, said))
        return [line for turn in self._turns(heard) for line in _lines(self._answer(turn))]

    def _event(self, name: str, said: str) -> Inbound:
        at = self.now.astimezone(UTC)
        if name == "press":
            payload = next((button.payload for button in self.buttons if button.title == said), None)
            assert payload or said.startswith("@@"), f"no such button is shown: {said}"
            return Inbound(InboundKind.CHOICE, "u", at, text=said, payload=payload or said)
        if name == "event":
            kind, _, text = said.partition(" ")
            return Inbound(InboundKind(kind), "u", at, text=text)
        attached = re.fullmatch(r"\((\w+)\) ?(.*)", said)
        if attached:
            file = Attachment(attached.group(1))
            return Inbound(InboundKind.ATTACHMENT, "u", at, text=attached.group(2), attachments=(file,))
        return Inbound(InboundKind.TEXT, "u", at, text=said)

    def _turns(self, heard: list[Inbound]) -> Iterator[list[Inbound]]:
        turn: list[Inbound] = []
        for event in heard:
            if turn and not self.engine.merges(turn[0], event):
                yield turn
                turn = []
            turn.append(event)
        if turn:
            yield turn

    def _answer(self, turn: list[Inbound]) -> Outcome:
        outcome = self.engine.answer(turn, self.standing, self.now.astimezone(UTC))
        shown = [say.buttons for say in outcome.says if say.buttons]
        self.buttons = shown[-1] if shown else ()
        memory = {name: value for name, value in outcome.memory.items() if name != "menu"}
        if self.buttons and self.standing.platform == "zalo":
            memory["menu"] = [[button.title, button.payload] for button in self.buttons]
        self.standing = replace(self.standing, memory=memory)
        for effect in outcome.effects:
            self.standing = self._apply(effect)
        return outcome

    def _apply(self, effect: Effect) -> Standing:
        one, person = self.standing, self.standing.person
        if (known := initiatives.after(one.facts["initiatives"], effect)) is not None:
            return replace(one, facts={**one.facts, "initiatives": known})
        match effect:
            case Consent():
                return replace(one, person=replace(person, subscribed=effect.given))
            case SetUnit():
                return replace(one, person=replace(person, unit=effect.said, unit_asked=True))
            case HandOver():
                return replace(one, person=replace(person, with_staff=True))
            case TakeBack():
                return replace(one, staff_until=None)
            case ForgetMe():
                return Standing(person=Person(id=1), memory={}, platform=one.platform, facts=one.facts)
        return one


def _lines(outcome: Outcome) -> Iterator[str]:
    if not outcome.says:
        yield "bot: (silent)"
    for say in outcome.says:
        head, *rest = say.text.split("\n")
        yield f"bot: {head}"
        yield from (f"{INDENT}{line}" for line in rest if line)
        if say.buttons:
            yield INDENT + " ".join(f"[{button.title}]" for button in say.buttons)
    if told := [EFFECTS[type(effect)](effect) for effect in outcome.effects if not isinstance(effect, Answered)]:
        yield f"{INDENT}* {'; '.join(told)}"


def perform(engine: Engine, transcript: str) -> str:
    """The transcript as it really goes: the acts as written, everything of the bot's played anew."""
    stage = Stage(engine)
    out: list[str] = []
    acts: list[tuple[str, str]] = []

    def flush() -> None:
        if acts:
            out.extend(stage.act(acts))
            acts.clear()

    for line in transcript.splitlines():
        name, colon, said = line.partition(": ")
        if colon and name in ACTS:
            acts.append((name, said))
            out.append(line)
        elif line.startswith(("bot: ", INDENT)):
            flush()
        else:
            flush()
            if line.startswith("## "):
                stage = Stage(engine)
            out.append(line)
    flush()
    return "\n".join(out) + "\n"


def differences(written: str, played: str) -> list[str]:
    """The exchanges that go otherwise than written; a line that ends in … may go on, over several lines too."""
    pairs = zip(_exchanges(written), _exchanges(played), strict=True)
    return [f"written:\n{mine}\nplayed:\n{theirs}" for mine, theirs in pairs if not _matching(mine).fullmatch(theirs)]


def _exchanges(transcript: str) -> list[str]:
    """Cut before each act: acts stand in both, so the cuts do too."""
    return [piece.strip() for piece in re.split(rf"^(?=(?:{'|'.join(ACTS)}): )", transcript, flags=re.MULTILINE)]


def _matching(written: str) -> re.Pattern[str]:
    return re.compile(".*?".join(re.escape(piece) for piece in re.split(r"…(?=\n|$)", written)), re.DOTALL)
