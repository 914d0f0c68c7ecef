"""From two readings of a counter to what it counts now. Pure."""

from __future__ import annotations


def rate(before: float, after: float, seconds: float) -> float:
    """Return how much a counter grows a second; 0 if it was set back in between."""
    return max(0.0, after - before) / seconds


def percent(part: float, whole: float) -> float:
    """Return a part in percent; 0 of nothing."""
    return 100.0 * part / whole if whole else 0.0
