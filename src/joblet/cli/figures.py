"""Numbers with their units, as people read them. Pure."""

from __future__ import annotations

from joblet.cli.render import duration_text

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
STEP = 1024.0
WHOLE = 100
"""From here on a number has no decimal: three digits say enough."""


def bytes_text(count: float | None) -> str:
    """Return a size in the unit that fits it; empty if it is not known."""
    if count is None:
        return ""
    number = 0
    while count >= STEP and number < len(UNITS) - 1:
        count, number = count / STEP, number + 1
    unit = UNITS[number]
    is_exact = unit == "B" or round(count, 1) >= WHOLE
    return f"{count:.0f} {unit}" if is_exact else f"{count:.1f} {unit}"


def rate_text(count: float | None) -> str:
    """Return bytes a second; empty if that is not known."""
    return "" if count is None else f"{bytes_text(count)}/s"


def percent_text(percent: float | None) -> str:
    """Return a percentage to a tenth; empty if it is not known."""
    return "" if percent is None else f"{percent:.1f}%"


def age_text(seconds: float) -> str:
    """Return a long time in its two largest units, such as 3d4h or 5m20s."""
    days, rest = divmod(int(seconds), 86400)
    if days:
        hours = rest // 3600
        return f"{days}d{hours}h" if hours else f"{days}d"
    return duration_text(float(rest - rest % 60 if rest >= 3600 else rest))  # noqa: PLR2004  an hour


def clock_text(seconds: float) -> str:
    """Return a duration as a clock shows it: `0:07`, `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
