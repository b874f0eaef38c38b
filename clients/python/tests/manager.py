"""A real manager for tests: started on a free port, stopped at the end."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

PROGRAM = os.environ.get("PEEGEEQ_SERVICE_MANAGER") or str(Path(__file__).parents[3] / "target/debug/peegeeq-service-manager")
T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def until(what: str, check: Callable[[], T], limit: float = 20.0) -> T:
    """Waits until ``check`` gives something; fails loudly when it never does."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.02)
    raise AssertionError(f"never seen: {what}")


class Manager:
    def __init__(self, folder: Path, *options: str, demo: bool = False, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = ["demo"] if demo else ["serve", f"-Ddata.dir={folder / 'data'}"]
        self._log = (folder / "manager.log").open("w")
        self._process = subprocess.Popen(
            [PROGRAM, *command, f"-Dservice.port={self.port}", *options], stdout=self._log, stderr=subprocess.STDOUT, cwd=folder
        )
        until("the manager answering", self._answers)

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise AssertionError(f"the manager did not start: {Path(self._log.name).read_text()}")
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)
        self._log.close()
