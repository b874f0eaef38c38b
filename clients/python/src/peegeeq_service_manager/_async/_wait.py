"""Waiting."""

from __future__ import annotations

import asyncio


async def wait(seconds: float) -> None:
    await asyncio.sleep(seconds)
