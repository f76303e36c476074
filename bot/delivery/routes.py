"""Which way may reach this person now: the platforms' windows, which content/rules/windows.toml dates."""

from __future__ import annotations

from bot.platforms.rules import FOLDER, Window, Windows

RULES = FOLDER / "windows.toml"

__all__ = ["RULES", "Window", "Windows"]
