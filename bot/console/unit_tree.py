"""Units in the order of their tree, for lists and choices."""

from __future__ import annotations

from collections.abc import Mapping

from bot.store.units import Unit

STEP = "\u2003"  # an em space a level: a select shows no other indent


def in_order(known: Mapping[int, Unit]) -> list[tuple[int, Unit]]:
    """Each unit with its depth, right under the one above it; what stands in no tree comes last."""
    children: dict[int | None, list[Unit]] = {}
    for unit in known.values():
        children.setdefault(unit.parent_id if unit.parent_id in known else None, []).append(unit)
    found: list[tuple[int, Unit]] = []
    waiting = [(0, unit) for unit in reversed(children.get(None, []))]
    while waiting:
        depth, unit = waiting.pop()
        found.append((depth, unit))
        waiting += [(depth + 1, child) for child in reversed(children.get(unit.id, []))]
    return found


def choices(known: Mapping[int, Unit]) -> list[tuple[int, str]]:
    return [(unit.id, STEP * depth + unit.name) for depth, unit in in_order(known)]
