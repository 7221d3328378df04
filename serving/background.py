"""What runs beside the requests of a service: the look at the alias, the challenger, the watch."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from serving.challenger import Challenger
from serving.following import Follower
from serving.watch import Watch


@asynccontextmanager
async def keeping_up(
    follower: Follower | None,
    challenger: Challenger | None,
    watch: Watch,
    loading: "asyncio.Task[None] | None",
    every: float,
) -> AsyncIterator[None]:
    """Follow the alias every so many seconds, once the first model is loaded, ask the challenger, and watch.

    `every` 0 leaves the alias to those who ask for a look.
    """
    following = None
    if follower is not None and follower.can_follow and every:
        following = asyncio.create_task(_follow(follower, loading, every))
    if challenger is not None:
        challenger.start()
    watch.start()
    try:
        yield
    finally:
        if following is not None:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
        await asyncio.to_thread(watch.stop)
        if challenger is not None:
            await asyncio.to_thread(challenger.stop)


async def _follow(follower: Follower, loading: "asyncio.Task[None] | None", every: float) -> None:
    if loading is not None:
        await asyncio.wait([loading])
    while True:
        await asyncio.sleep(every)
        await asyncio.to_thread(follower.look)
