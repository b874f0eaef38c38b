"""Writes the blocking client from the awaited one. ``--check`` says whether the written one is stale."""

import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "src/peegeeq_service_manager"
FILES = ("transport.py", "client.py")
RULES = (
    (r"AsyncPeeGeeQ", "PeeGeeQ"),
    (r"AsyncTransport", "Transport"),
    (r"httpx\.AsyncClient", "httpx.Client"),
    (r"AsyncIterator", "Iterator"),
    (r"__aenter__", "__enter__"),
    (r"__aexit__", "__exit__"),
    (r"\baclose\b", "close"),
    (r"\baread\b", "read"),
    (r"\baiter_", "iter_"),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r", Awaitable\b", ""),
    (r"str \| Awaitable\[str\]", "str"),
    (r"import inspect\n", ""),
    (r"\n +if inspect\.isawaitable\(token\):\n +token = token\b", ""),
    (r"Awaited\.", "Blocking."),
)


def blocking(text: str) -> str:
    for pattern, replacement in RULES:
        text = re.sub(pattern, replacement, text)
    # The shorter names come in another order, and lines break elsewhere.
    text = re.sub(
        r"from collections\.abc import (.+)", lambda found: "from collections.abc import " + ", ".join(sorted(found[1].split(", "))), text
    )

    formatter = [sys.executable, "-m", "ruff", "format", "--quiet", "-"]
    return subprocess.run(formatter, input=text, capture_output=True, text=True, check=True, cwd=PACKAGE).stdout


def main() -> int:
    stale = False
    for name in FILES:
        target = PACKAGE / "_sync" / name
        text = blocking((PACKAGE / "_async" / name).read_text())
        if "--check" in sys.argv:
            stale |= not target.exists() or target.read_text() != text
        else:
            target.write_text(text)
    if stale:
        print("the blocking client is stale: run python tools/unasync.py", file=sys.stderr)
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
