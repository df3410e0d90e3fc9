"""Refresh requests: one at a time, and the last one always."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any

import pytest

from codeodds.lsp.features import refresh as refresh_module
from codeodds.lsp.features.refresh import Refresher


class Asked:
    """The requests that were sent, for a test to answer."""

    def __init__(self) -> None:
        self.futures: list[Future[Any]] = []
        self.news = asyncio.Event()

    def ask(self) -> Future[Any]:
        self.futures.append(Future())
        self.news.set()
        return self.futures[-1]

    async def until(self, times: int) -> None:
        async with asyncio.timeout(30):
            while len(self.futures) < times:
                self.news.clear()
                await self.news.wait()


async def test_what_comes_while_the_client_works_leads_to_one_more_request() -> None:
    asked = Asked()
    refresher = Refresher(asked.ask)
    for _ in range(5):
        refresher.want()
    await asked.until(1)
    for _ in range(5):
        refresher.want()
    asked.futures[0].set_result(None)
    await asked.until(2)
    asked.futures[1].set_result(None)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(asked.futures) == 2
    refresher.want()
    await asked.until(3)
    asked.futures[2].set_result(None)


async def test_a_client_that_refuses_or_does_not_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh_module, "ANSWER_WITHIN_S", 0.01)
    asked = Asked()
    refresher = Refresher(asked.ask)
    refresher.want()
    await asked.until(1)
    asked.futures[0].set_exception(ValueError("no"))
    refresher.want()
    await asked.until(2)
    refresher.want()
    await asked.until(3)
    assert not asked.futures[1].cancelled()
