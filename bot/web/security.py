"""Headers that every answer carries."""

from __future__ import annotations

from flask import Flask, Response

CSP = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "font-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": CSP,
}
_ON_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}


def harden(app: Flask, *, https: bool) -> None:
    """Set the headers; a page that needs others has set its own."""
    headers = [*_HEADERS.items(), *(_ON_HTTPS.items() if https else ())]

    @app.after_request
    def _headers(response: Response) -> Response:
        # `setdefault` would go through all headers for each
        set_already = {name.lower() for name, _ in response.headers}
        for name, value in headers:
            if name.lower() not in set_already:
                response.headers.add(name, value)
        return response
