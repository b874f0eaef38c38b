"""What can go wrong with a call, and on which side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

ErrorKind = Literal["refused", "timeout", "unreachable", "unreadable"]
"""The manager said no; no answer in time; no connection, or it broke; an answer that is not the manager's."""


class ServiceManagerError(Exception):
    """A call that gave no answer that can be used. Its text is a sentence for people."""

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        status: int = 0,
        body: Any = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        outcome: str | None = None,
    ) -> None:
        super().__init__(message)
        envelope = body if isinstance(body, dict) else {}
        details = envelope.get("details")
        self.kind: ErrorKind = kind
        self.status = status
        """Status code; 0 without an answer."""
        self.details: list[dict[str, Any]] = details if isinstance(details, list) else []
        """Field by field, when several things are wrong with a request."""
        self.request_id: str | None = envelope.get("requestId") or request_id
        """Finds the request in the manager's log."""
        self.retry_after = retry_after
        """Seconds after which another try makes sense."""
        self.outcome: str | None = outcome or envelope.get("outcome")
        """``unknown``: the request may have been acted on although it failed."""
        self.body = body
        """The answer as it was sent: some refusals carry more than the envelope."""


def refusal(status: int, phrase: str, headers: Mapping[str, str], content: bytes) -> ServiceManagerError:
    """The refusal in an answer, as the guide's client words it: ``HTTP 404: …``."""
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    said = body.get("error") if isinstance(body, dict) else None
    seconds = headers.get("retry-after", "")
    return ServiceManagerError(
        "refused" if isinstance(said, str) else "unreadable",
        f"HTTP {status}: {said or phrase or 'no reason given'}",
        status=status,
        body=body,
        request_id=headers.get("x-request-id"),
        retry_after=float(seconds) if seconds.isdecimal() else None,
    )
