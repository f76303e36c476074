"""Zalo's API names its headers with underscores, and waitress drops such headers: here they are let through.

Servers drop them because `a_b` and `a-b` look the same to an application. So that the double stays strict, the form
with a dash, which Zalo would not know, is put out of sight.
"""

from __future__ import annotations

import re
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser

#: How the headers are called on the wire, by the name under which they reach an application.
ON_THE_WIRE = {"Access-Token": "access_token", "Secret-Key": "secret_key", "Appsecret-Proof": "appsecret_proof"}

_NAMES = rb"access|secret|appsecret"
_ENDS = rb"token|key|proof"
_DASHED = re.compile(rb"(?im)^(" + _NAMES + rb")-(" + _ENDS + rb")(?=:)")
_UNDERSCORED = re.compile(rb"(?im)^(" + _NAMES + rb")_(" + _ENDS + rb")(?=:)")


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    def parse_header(self, header_plus: bytes) -> None:
        shown = _UNDERSCORED.sub(rb"\1-\2", _DASHED.sub(rb"x-not-\1-\2", header_plus))
        super().parse_header(shown)


class _Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = _Parser


def admit(server: Any) -> None:
    """Make a server of waitress's (from `create_server`, before `run`) keep Zalo's headers."""
    for part in [server, *getattr(server, "map", {}).values()]:
        if hasattr(part, "channel_class"):
            part.channel_class = _Channel
