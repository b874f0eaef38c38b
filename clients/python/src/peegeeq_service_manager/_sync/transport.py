"""One call: its address, credentials, time limit, and whether it is sent again. Knows no endpoint."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx

from .._errors import ServiceManagerError, refusal
from .._events import Reader, Update, is_final
from .._retry import reconnect_wait, wait_before
from ._wait import wait

SILENCE = 45.0
"""Seconds after which a silent stream is taken for dead: the manager says something every 15."""

Token = str | Callable[[], str]
Query = Mapping[str, Any]


class Transport:
    """Sends requests to one manager. Redirections are not followed, proxies of the environment not used."""

    def __init__(
        self,
        base_url: str,
        timeout: float,
        retries: int,
        token: Token | None,
        headers: Mapping[str, str] | None,
        verify: ssl.SSLContext | bool,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.timeout = timeout
        self._retries = retries
        self._token = token
        self._headers = dict(headers or {})
        self._http = httpx.Client(verify=verify, trust_env=False, follow_redirects=False)

    def close(self) -> None:
        self._http.close()

    def headers(self, more: Mapping[str, str]) -> dict[str, str]:
        token = self._token() if callable(self._token) else self._token
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return {"Accept": "application/json", **self._headers, **bearer, **more}

    def json(self, method: str, path: str, *, query: Query | None = None, body: Any = None, accept: Sequence[int] = ()) -> Any:
        content = self.content(method, path, query=query, body=body, accept=accept)
        try:
            return json.loads(content) if content else None
        except ValueError as error:
            raise ServiceManagerError("unreadable", f"the answer to {path} is not JSON") from error

    def content(self, method: str, path: str, *, query: Query | None = None, body: Any = None, accept: Sequence[int] = ()) -> bytes:
        deadline = time.monotonic() + self.timeout
        retries = self._retries if method == "GET" else 0
        number = 0
        while True:
            try:
                return self._once(method, path, query or {}, body, accept, deadline)
            except ServiceManagerError as error:
                pause = wait_before(number, error) if number < retries else None
                if pause is None or time.monotonic() + pause >= deadline:
                    raise
            number += 1
            wait(pause)

    def _once(self, method: str, path: str, query: Query, body: Any, accept: Sequence[int], deadline: float) -> bytes:
        content = None if body is None else json.dumps(body).encode()
        headers = self.headers({} if content is None else {"Content-Type": "application/json"})
        outcome = None if method == "GET" else "unknown"
        try:
            request = self._http.build_request(
                method, self.base_url + path, params=_said(query), content=content, headers=headers, timeout=self._left(deadline)
            )
            response = self._http.send(request, stream=True)
            try:
                pieces = bytearray()
                for piece in response.iter_bytes():
                    pieces += piece
                    self._left(deadline)
            finally:
                response.close()
        except httpx.TimeoutException as error:
            raise ServiceManagerError("timeout", f"no answer of {self.base_url} within {self.timeout:g} s", outcome=outcome) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise ServiceManagerError("unreachable", f"cannot reach the manager at {self.base_url}: {reason}", outcome=outcome) from error
        if not response.is_success and response.status_code not in accept:
            raise refusal(response.status_code, response.reason_phrase, response.headers, bytes(pieces))
        return bytes(pieces)

    def _left(self, deadline: float) -> float:
        left = deadline - time.monotonic()
        if left <= 0:
            raise httpx.ReadTimeout("the time for this call is over")
        return left

    def updates(self, query: Query, since: str | None) -> Iterator[Update]:
        """Events until the caller stops listening; taken up again where a connection broke."""
        failures = 0
        while True:
            error: ServiceManagerError | None = None
            try:
                for update in self._stream(query, since):
                    failures, since = 0, update["id"] or since
                    yield update
            except ServiceManagerError as caught:
                if is_final(caught):
                    raise
                error = caught
            wait(reconnect_wait(failures, error))
            failures += 1

    def _stream(self, query: Query, since: str | None) -> Iterator[Update]:
        headers = self.headers({"Accept": "text/event-stream", **({"Last-Event-ID": since} if since else {})})
        limit = httpx.Timeout(self.timeout, read=SILENCE)
        url = self.base_url + "/api/v1/updates"
        try:
            with self._http.stream("GET", url, params=_said(query), headers=headers, timeout=limit) as response:
                if not response.is_success:
                    raise refusal(response.status_code, response.reason_phrase, response.headers, response.read())
                reader = Reader()
                for line in response.iter_lines():
                    update = reader.line(line)
                    if update is not None:
                        yield update
        except httpx.HTTPError as error:
            raise ServiceManagerError("unreachable", f"the stream of updates broke: {error or type(error).__name__}") from error


def _said(query: Query) -> dict[str, str]:
    """Parameters that are said, as they are written in an address."""
    written = {True: "true", False: "false"}
    return {name: written[value] if isinstance(value, bool) else str(value) for name, value in query.items() if value is not None}
