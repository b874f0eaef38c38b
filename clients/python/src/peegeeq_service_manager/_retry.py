"""Which calls are sent again, and when."""

from __future__ import annotations

import random

from ._errors import ServiceManagerError

FIRST_WAIT = 0.1
LONGEST_WAIT = 5.0
"""A longer wait is the caller's to decide."""


def wait_before(number: int, error: ServiceManagerError) -> float | None:
    """Seconds before repetition ``number`` (from 0) of a call that changes nothing; ``None``: it is not sent again."""
    if error.kind == "unreachable":
        return float(FIRST_WAIT * 2**number * random.uniform(0.5, 1.0))
    invited = error.status in (429, 503) and error.retry_after is not None and error.retry_after <= LONGEST_WAIT
    return error.retry_after if invited else None


def reconnect_wait(failures: int, error: ServiceManagerError | None) -> float:
    """Seconds before a stream is taken up again: half a second at first, at most fifteen."""
    wait: float = min(0.5 * 2 ** min(failures, 10), 15.0) * random.uniform(0.5, 1.0)
    return max(wait, (error.retry_after if error else None) or 0.0)
