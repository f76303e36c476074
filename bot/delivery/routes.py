"""Which way may reach this person now: the platforms' windows and ways, which content/rules dates."""

from __future__ import annotations

from bot.platforms.rules import FOLDER, HUMAN_AGENT, Rules, Window, Windows

RULES = FOLDER / "windows.toml"

__all__ = ["HUMAN_AGENT", "RULES", "Rules", "Window", "Windows"]
