"""Counting calls in fixed windows of time, as the platforms do."""

from __future__ import annotations

import threading


class Allowance:
    """So many calls in each window of `seconds`; the count starts anew with each window."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._window = -1
        self._used = 0
        self._lock = threading.Lock()

    def take(self, limit: int, now: float) -> tuple[bool, int]:
        """Count one call. Gives whether it is allowed and how many are left."""
        with self._lock:
            window = int(now // self._seconds)
            if window != self._window:
                self._window, self._used = window, 0
            self._used += 1
            return self._used <= limit, max(limit - self._used, 0)

    @property
    def used(self) -> int:
        return self._used
