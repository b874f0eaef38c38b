"""Server-sent events, line by line, and what they tell."""

from __future__ import annotations

import json
from typing import Any

from ._errors import ServiceManagerError

EVENT_MAX = 64 * 1024 * 1024
"""An event larger than this is not the manager's."""

Update = dict[str, Any]
"""What is told: ``type`` says what (``snapshot``, ``change``, ``journal``, ``resync``), ``id`` is where to go on from."""


class Reader:
    """Takes the lines of a stream; gives each event when it is whole."""

    def __init__(self) -> None:
        self._data: list[str] = []
        self._size = 0
        self._event = ""
        self._id = ""

    def line(self, line: str) -> Update | None:
        if line == "":
            return self._end()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._size += len(value)
            if self._size > EVENT_MAX:
                raise ServiceManagerError("unreadable", "an event is larger than any the manager sends")
            self._data.append(value)
        elif field == "event":
            self._event = value
        elif field == "id":
            self._id = value
        return None

    def _end(self) -> Update | None:
        data, event = "\n".join(self._data), self._event or "message"
        self._data, self._event, self._size = [], "", 0
        if not data:
            return None
        try:
            fields = json.loads(data)
        except ValueError as error:
            raise ServiceManagerError("unreadable", "an event is not JSON") from error
        return {"type": event, **fields, "id": self._id}


def is_final(error: ServiceManagerError) -> bool:
    """What another try cannot change: a wrong parameter, a missing token, a manager without updates."""
    return 400 <= error.status < 500 and error.status not in (408, 429)
