"""What runs beside the requests of a service: looks at alias and charter, the challenger, the watch."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from serving.beside.challenger import Challenger
from serving.beside.charter_following import CharterFollower
from serving.beside.following import Follower
from serving.beside.watch import Watch


@asynccontextmanager
async def keeping_up(
    follower: Follower | None,
    charters: CharterFollower,
    challenger: Challenger | None,
    watch: Watch,
    loading: "asyncio.Task[None] | None",
    every: float,
) -> AsyncIterator[None]:
    """Follow the charter and, once the first model is loaded, the alias; ask the challenger, and watch.

    `every` is the seconds between two looks; 0 leaves them to those who ask for one.
    """
    following = []
    if every:
        following.append(asyncio.create_task(_follow(charters.look, None, every)))
        if follower is not None and follower.can_follow:
            following.append(asyncio.create_task(_follow(follower.look, loading, every)))
    if challenger is not None:
        challenger.start()
    watch.start()
    try:
        yield
    finally:
        for task in following:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await asyncio.to_thread(watch.stop)
        if challenger is not None:
            await asyncio.to_thread(challenger.stop)


async def _follow(look: Callable[[], object], loading: "asyncio.Task[None] | None", every: float) -> None:
    if loading is not None:
        await asyncio.wait([loading])
    while True:
        await asyncio.sleep(every)
        await asyncio.to_thread(look)
