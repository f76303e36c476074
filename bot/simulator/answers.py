"""What a call is told: an answer, a refusal, or nothing at all."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Response, request

JSON = "application/json; charset=utf-8"
HTML = b"<!doctype html><title>502</title><h1>Bad gateway</h1>"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call is told. A `body` of bytes goes as it is, anything else as JSON."""

    body: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def raw(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


class Refused(Exception):
    """The call breaks a rule of the contract; `answer` says so in the platform's own way."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.status)


def cut() -> Response:
    """Break the connection. A WSGI application cannot, so waitress is asked; elsewhere half an answer goes out."""
    channel = getattr(request.environ.get("waitress.client_disconnected"), "__self__", None)
    if channel is not None:
        with contextlib.suppress(OSError):  # the client may be faster
            channel.socket.shutdown(socket.SHUT_RDWR)
    return Response(b"{", headers={"Content-Length": "500"})
