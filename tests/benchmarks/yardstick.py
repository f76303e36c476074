"""What the bot is compared with in the same run: plain Flask that replies inside the request and keeps nothing.

`python -m tests.benchmarks.yardstick PORT PLATFORM_URL APP_SECRET`: one process, no queue, no database.
"""

from __future__ import annotations

import hashlib
import hmac
import sys

import requests
from flask import Flask, Response, request
from waitress import serve


def app(platform_url: str, secret: str) -> Flask:
    made = Flask(__name__)

    @made.get("/health/ready")
    def ready() -> str:
        return ""

    @made.post("/webhooks/messenger")
    def receive() -> Response:
        mine = "sha256=" + hmac.new(secret.encode(), request.get_data(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(mine, request.headers.get("X-Hub-Signature-256", "")):
            return Response(status=401)
        for entry in request.get_json()["entry"]:
            for event in entry["messaging"]:
                if "message" in event:
                    answer = {"recipient": event["sender"], "message": {"text": "Dạ em chào anh/chị ạ."}}
                    requests.post(f"{platform_url}/v25.0/me/messages", json=answer, timeout=10)
        return Response()

    return made


if __name__ == "__main__":
    port, url, secret = sys.argv[1:]
    serve(app(url, secret), host="127.0.0.1", port=int(port), threads=16)
