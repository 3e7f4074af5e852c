"""A server's anchors: written when it begins, every few minutes, and when it ends; each is in the log too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from patron.errors import PatronError
from patron.governance.audit.chain import head_of
from patron.surfaces.api.problems import LOG
from patron.surfaces.api.serving import Serving

_MINUTE = 60


@asynccontextmanager
async def anchoring(serving: Serving) -> AsyncIterator[None]:
    """Anchor while this lasts, and once more at its end, when everything is written."""
    again = asyncio.create_task(_again_and_again(serving)) if serving.anchors else None
    try:
        yield
    finally:
        if again:
            again.cancel()
        await _anchor(serving)


async def _again_and_again(serving: Serving) -> None:
    while serving.anchors:
        await _anchor(serving)
        await asyncio.sleep(serving.anchors.minutes * _MINUTE)


async def _anchor(serving: Serving) -> None:
    """Write the head; one that could not be written is told in the log, and stops nothing."""
    try:
        head = await asyncio.to_thread(head_of, serving.state)
        LOG.info("audit head %s:%s", head.place, head.hash)
        if serving.anchors:
            await asyncio.to_thread(serving.anchors.write, head)
    except PatronError as error:
        LOG.error("%s: %s", type(error).__name__, error)
