"""Where the runner's events go: to structlog where the program has configured it, to `logging` elsewhere.

structlog's own default prints to standard output. A library must not: that
belongs to the program that embeds it. So events are records of the logger
`joblet`, at the level of each, until `structlog.configure` says otherwise (as
`joblet serve` does).
"""

from __future__ import annotations

import logging
from typing import Any, cast

import structlog

LOGGER_NAME = "joblet"

TO_LOGGING = (
    structlog.stdlib.filter_by_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.format_exc_info,
    structlog.processors.LogfmtRenderer(key_order=["event"]),
)


def get_logger() -> structlog.stdlib.BoundLogger:
    """Return a logger that finds out at each event where events go."""
    return cast(
        "structlog.stdlib.BoundLogger", structlog.wrap_logger(None, wrapper_class=cast("Any", _bound))
    )


def _bound(logger: Any, processors: Any, context: Any) -> Any:
    if structlog.is_configured():
        return structlog.get_config()["wrapper_class"](logger, processors, context)
    return structlog.stdlib.BoundLogger(logging.getLogger(LOGGER_NAME), TO_LOGGING, context)
