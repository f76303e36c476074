"""Utility templates: the request as the contract shows it, and what is never sent."""

from __future__ import annotations

import pytest

from bot.messages import Approved
from bot.platforms.contract import Access
from bot.platforms.errors import Refusal
from bot.platforms.messenger import MessengerPlatform
from tests.platforms.conftest import Peer, Said
from tests.platforms.messenger.conftest import USER
from tests.platforms.messenger.test_sending import SENT, error, refused

REMINDER = Approved("nhac_su_kien", "vi", (("1", "chị Hoa\u0323"), ("2", "Lớp an toàn,\n 8 giờ sáng mai")))


def test_the_request_is_as_meta_wants_it(messenger: MessengerPlatform, access: Access, graph: Peer) -> None:
    graph.will(SENT)
    part = messenger.approved(REMINDER)
    assert messenger.send(access, USER, part.body, tag="out-7", started=lambda: True).message_id == "m_1"
    (seen,) = graph.seen
    assert seen.json == {
        "recipient": {"id": USER},
        "messaging_type": "UTILITY",
        "message": {
            "template": {
                "name": "nhac_su_kien",
                "language": {"code": "vi"},
                "components": [
                    {
                        "type": "body",
                        "parameters": [
                            {"type": "text", "text": "chị Hoạ"},
                            {"type": "text", "text": "Lớp an toàn, 8 giờ sáng mai"},
                        ],
                    }
                ],
            },
            "metadata": "out-7",
        },
    }


def test_late_changes_nothing_about_a_template(messenger: MessengerPlatform, access: Access, graph: Peer) -> None:
    """No tag may ever go with one."""
    graph.will(SENT)
    messenger.send(access, USER, messenger.approved(REMINDER).body, tag="out-7", started=lambda: True, late=True)
    assert graph.seen[0].json["messaging_type"] == "UTILITY"


def test_without_values_there_are_no_components(messenger: MessengerPlatform, access: Access, graph: Peer) -> None:
    graph.will(SENT)
    messenger.send(access, USER, messenger.approved(Approved("cam_on", "vi")).body, tag="out-7", started=lambda: True)
    assert graph.seen[0].json["message"]["template"] == {"name": "cam_on", "language": {"code": "vi"}}


@pytest.mark.parametrize(
    "faulty",
    [
        Approved("", "vi"),
        Approved("nhac", ""),
        Approved("nhac", "vi", (("1", "  "),)),
        Approved("nhac", "vi", (("1", ""),)),
    ],
)
def test_what_meta_would_certainly_refuse_is_not_made(messenger: MessengerPlatform, faulty: Approved) -> None:
    with pytest.raises(ValueError, match="template"):
        messenger.approved(faulty)


def test_a_template_that_is_not_there(messenger: MessengerPlatform, access: Access, graph: Peer) -> None:
    graph.will(Said(error(100, message="(#100) Message template nhac does not exist in vi"), 400))
    problem = refused(messenger, access, messenger.approved(REMINDER))
    assert (problem.refusal, problem.code, problem.alarm) == (Refusal.REJECTED, "messenger.100.template", True)
