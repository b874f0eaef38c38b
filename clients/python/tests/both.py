"""Both clients as one: the awaited one is driven by a loop, so that every test runs with each."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from peegeeq_service_manager import AsyncPeeGeeQServiceManagerClient, PeeGeeQServiceManagerClient


class Blocking:
    def __init__(self, *words: Any, **options: Any) -> None:
        self.client = PeeGeeQServiceManagerClient(*words, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def take(self, enough: Callable[[list[Any]], bool], **options: Any) -> list[Any]:
        told: list[Any] = []
        for update in self.client.updates(**options):
            told.append(update)
            if enough(told):
                break
        return told


class Awaited:
    def __init__(self, *words: Any, **options: Any) -> None:
        self.loop = asyncio.new_event_loop()
        self.client = AsyncPeeGeeQServiceManagerClient(*words, **options)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        return lambda *words, **options: (
            self.loop.run_until_complete(method(*words, **options)) if inspect.iscoroutinefunction(method) else method
        )

    def take(self, enough: Callable[[list[Any]], bool], **options: Any) -> list[Any]:
        async def listen() -> list[Any]:
            told: list[Any] = []
            async for update in self.client.updates(**options):
                told.append(update)
                if enough(told):
                    break
            return told

        return self.loop.run_until_complete(listen())


BOTH = [Blocking, Awaited]
