"""The whole application on either database, with one OA and one Page, and nothing running behind it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from bot.app import create_app
from bot.runtime import Runtime
from bot.settings import load
from tests.conftest import Hands

OA, PAGE, APP = "7300000000000000001", "1000001", "7000000000000000001"
SIGNING, SECRET, META = "example-oa-secret", "example-app-secret", "example-meta-secret"
PERSON = "7200000000000000001"


@pytest.fixture
def runtime(database_url: str, tmp_path: Path, hands: Hands) -> Iterator[Runtime]:
    made = Runtime(
        load(
            {
                "DATABASE_URL": database_url,
                "BOT_DATA_DIR": str(tmp_path),
                "SECRET_KEY": "k" * 40,
                "BOT_METRICS_TOKEN": "open-sesame",
                "ZALO_APP_ID": APP,
                "ZALO_APP_SECRET": SECRET,
                "ZALO_OA_ID": OA,
                "ZALO_OA_SECRET_KEY": SIGNING,
                "ZALO_ACCESS_TOKEN": "a",
                "ZALO_REFRESH_TOKEN": "r",
                "MESSENGER_APP_ID": "44",
                "MESSENGER_APP_SECRET": META,
                "MESSENGER_VERIFY_TOKEN": "verify-me",
                "MESSENGER_PAGE_ID": PAGE,
                "MESSENGER_PAGE_ACCESS_TOKEN": "p",
            }
        ),
        clock=hands,
    )
    yield made
    made.close()


@pytest.fixture
def client(runtime: Runtime) -> FlaskClient:
    return create_app(runtime).test_client()


def zalo(**change: Any) -> bytes:
    body = {
        "app_id": APP,
        "user_id_by_app": "7100000000000000001",
        "event_name": "user_send_text",
        "sender": {"id": PERSON},
        "recipient": {"id": OA},
        "message": {"msg_id": "a1b2c3d4e5f60718", "text": "Xin chào"},
        "timestamp": "1795489200000",
    }
    return json.dumps({**body, **change}, ensure_ascii=False).encode()


def sign_zalo(body: bytes, key: str = SIGNING, stamp: str = "1795489200000", term: str = APP) -> dict[str, str]:
    mac = hashlib.sha256(term.encode() + body + stamp.encode() + key.encode()).hexdigest()
    return {"X-ZEvent-Signature": f"mac={mac}", "Content-Type": "application/json"}


def messenger(*events: dict[str, Any], page: str = PAGE) -> bytes:
    batch = events or ({"mid": "m_1", "text": "Xin chào"},)
    entries = [
        {
            "id": page,
            "time": 1795489200000,
            "messaging": [
                {"sender": {"id": "777"}, "recipient": {"id": page}, "timestamp": 1795489200000 + n, "message": one}
            ],
        }
        for n, one in enumerate(batch)
    ]
    return json.dumps({"object": "page", "entry": entries}).replace("/", "\\/").encode()


def sign_messenger(body: bytes, key: str = META) -> dict[str, str]:
    mac = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={mac}", "Content-Type": "application/json"}
