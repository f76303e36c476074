"""Which way may reach this person now: the platforms' windows, which content/rules/windows.toml dates."""

from __future__ import annotations

from bot.platforms.rules import FOLDER, HUMAN_AGENT, Window, Windows

RULES = FOLDER / "windows.toml"

__all__ = ["HUMAN_AGENT", "RULES", "Window", "Windows"]
