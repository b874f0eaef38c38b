"""Servers that answer as they are told, or misbehave on purpose."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Turn = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Seen:
    line: str
    headers: Mapping[str, str]
    body: bytes


def answer(status: int, body: Any, **headers: str) -> Turn:
    def turn(handler: BaseHTTPRequestHandler) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return turn


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(2)


class Serving:
    """Answers the n-th request with the n-th turn, the last one ever after."""

    def __init__(self, *turns: Turn) -> None:
        self.seen: list[Seen] = []
        self.over = threading.Event()
        serving = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                serving.seen.append(Seen(f"{self.command} {self.path}", dict(self.headers.items()), body))
                turns[min(len(serving.seen), len(turns)) - 1](self)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, format: str, *words: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def silence(self) -> None:
        self.over.wait(20)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
