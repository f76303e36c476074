"""The texts, menus and the organisation's file: filled in, never empty, and all that topics ask for is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.announcements.people import STATES
from bot.errors import BotError
from bot.library.load import CONTENT
from bot.library.organisation import SUBJECTS, Organisation
from bot.library.search import Library
from bot.library.texts import Texts, _read, faults, text_faults
from bot.talk import FILES
from handlers.decline import CALM, ELSEWHERE, NEARBY

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = {key: text for _, key, text in _read(CONTENT)}
FILES_WITH_KEYS = "|".join(sorted({key.partition(".")[0] for key in SHIPPED}))
#: Keys put together in code.
MADE = {f"decline.{subject}" for subject in ELSEWHERE | NEARBY | CALM | {"idle"}} | {
    f"attachments.{kind}" for kind in FILES
}
MADE |= {f"events.{became}" for became in ("registered", "full", "closed", "gone")}
MADE |= {f"linking.{became}" for became in ("linked", "tester", "wrong")}
MADE |= {f"announcement.state_{state}" for state in STATES}


def keys_in_code() -> set[str]:
    """What is handed to `texts` anywhere, and every key that stands in a topic's table."""
    named = rf"\"((?:{FILES_WITH_KEYS})\.\w+)\""
    places = [(path, rf"texts\(\s*{named}") for path in (ROOT / "bot").rglob("*.py")]
    places += [
        (path, named) for path in [*(ROOT / "handlers").glob("*.py"), ROOT / "bot" / "conversation" / "engine.py"]
    ]
    return {key for path, pattern in places for key in re.findall(pattern, path.read_text(encoding="utf-8"))}


def test_every_key_a_topic_uses_is_there_and_every_text_is_used() -> None:
    hint = {"delivery.number_hint"}  # asked for by runtime without a topic
    assert keys_in_code() | MADE | hint == SHIPPED.keys()


def test_every_menu_a_topic_shows_is_there(texts: Texts) -> None:
    assert all(texts.choices(key) for key in ("main", "questions", *(f"near_{subject}" for subject in NEARBY)))


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.open(Organisation.open())


FACTS = {
    "campaign": "Tháng Công nhân",
    "event": "Lớp hàn",
    "title": "Lớp hàn",
    "place": "hội trường",
    "closes": "mai",
    "left": 3,
    "code": "12345678",
    "when": "mai",
    "channel": "Zalo",
    "unit": "X",
    "most": 5,
    "noun": "hình",
    "messages": 3,
    "since": "nay",
    "opens": "07:30 mai",
    "url": "https://a.vn",
    "until": "31/12/2026",
}


@pytest.mark.parametrize("key", sorted(SHIPPED))
def test_every_text_can_be_said(texts: Texts, key: str) -> None:
    said = texts(key, **FACTS)
    assert "{" not in said
    assert not re.search(r":\s*$|\s[,.;:]|\(\s*\)|“\s*”", said, re.MULTILINE) or key.startswith(
        ("menu.", "decline.idle", "questions.which", "privacy.kept", "smalltalk.hello")
    )


@pytest.mark.parametrize("key", sorted(SHIPPED))
def test_members_hear_nothing_stiff_or_wrong(key: str) -> None:
    low = SHIPPED[key].casefold()
    assert not [
        word for word in ("cơ sở", "quý khách", "vui lòng liên hệ", "bạn", "anh/chị", "không hiểu") if word in low
    ]


def test_no_fault_in_what_is_shipped() -> None:
    assert faults(answers=Library.open().answers) == []


def test_a_line_without_its_value_is_left_out(texts: Texts) -> None:
    assert texts("person.phone") == ""
    assert texts("subscription.on", unit="") == "Anh/chị đang nhận thông báo của công đoàn.\nMuốn thôi, nhắn DỪNG."
    rich = Texts.open(Organisation.open(edits={"phone": "0276 000 000"}))
    assert rich("person.phone") == "Cần nói chuyện, anh/chị gọi 0276 000 000."


def test_a_fact_nobody_gave_is_a_slip_and_not_an_empty_line(texts: Texts) -> None:
    with pytest.raises(KeyError):
        texts("person.closed")


def test_an_unknown_key_is_refused(texts: Texts) -> None:
    with pytest.raises(KeyError):
        texts("person.nothing")
    with pytest.raises(KeyError):
        texts.choices("nothing")


def test_edits_lie_over_the_files() -> None:
    edited = Texts.open(
        Organisation.open(edits={"bot_word": "mình", "member_word": "bạn"}),
        texts={"menu.menu": "{Em} giúp {anh_chi}:"},
        menus={"main": [{"title": "Một", "action": "ask"}]},
    )
    assert edited("menu.menu") == "Mình giúp bạn:"
    assert [(button.title, button.payload) for button in edited.choices("main")] == [("Một", "@@1:ask")]
    assert edited.choices("questions")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x" * 641, "641 characters"),
        ("  ", "empty"),
        ("hoa\u0300", "NFC"),
        ("{nobody}", "no such name: {nobody}"),
        ("{em", "braces"),
    ],
)
def test_each_fault_of_a_text_is_told(text: str, said: str) -> None:
    assert any(said in fault for fault in text_faults(text))


def test_faults_name_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "x.toml").write_text('# one\na = "{em}"\nb = "{nobody}"\n', encoding="utf-8")
    (tmp_path / "organisation.toml").write_text("phone = 3\n", encoding="utf-8")
    (tmp_path / "menus.toml").write_text(
        '[[m]]\ntitle = "Một tựa đề dài quá hai mươi chữ"\naction = "answer:none"\n[[m]]\ntitle = "x"\n',
        encoding="utf-8",
    )
    found = "\n".join(faults(tmp_path, answers=["I"]))
    for said in ("texts/x.toml:3", "phone", "at most 20", "no such answer: none", "either an action or a url"):
        assert said in found


def contact_lines(organisation: Organisation) -> Iterator[str]:
    return (organisation.words[f"contact_{subject}"] for subject in SUBJECTS)


def test_contacts_fall_back_to_the_union_at_work() -> None:
    bare = Organisation()  # type: ignore[call-arg, unused-ignore]
    assert set(contact_lines(bare)) == {"công đoàn nơi anh/chị làm việc"}
    assert bare.overlaid({"ask_today": "Công đoàn phường"}).words["contact_pay"] == "Công đoàn phường"


def test_no_phone_number_is_invented() -> None:
    shipped = Organisation.open()
    assert (shipped.phone, shipped.email, shipped.address, shipped.hours) == ("", "", "", {})
    assert not any(re.search(r"\d{4,}", line) for line in contact_lines(shipped))


@pytest.mark.parametrize(
    "edits",
    [
        {"hours": {"monday": ["07:30-11:30"]}},
        {"hours": {"mon": ["11:30-07:30"]}},
        {"nothing": 1},
        {"contacts": {"x": "y"}},
    ],
)
def test_a_wrong_edit_is_refused_with_its_place(edits: dict[str, object]) -> None:
    with pytest.raises(BotError, match=next(iter(edits))):
        Organisation.open(edits=edits)
