"""The one error staff ever see: a code with facts; `content/errors.toml` says what it means and what to do."""

from __future__ import annotations


class BotError(Exception):
    """Something a person must know about. `code` has an entry in content/errors.toml; facts hold no member's data."""

    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.facts = facts
        super().__init__(code, facts)

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.code} ({told})" if told else self.code


class Misconfigured(BotError):
    """A setting, a variable or a command's argument is wrong: the start stops with its name."""
