"""How long until the service is ready, with everything compiled before."""

from statistics import median
from typing import Any

from tests.benchmarks.services import our_service
from tests.benchmarks.world import World


def measure(world: World) -> dict[str, Any]:
    """Seconds from the start of the process to a ready answer; the first start, which may compile, does not count."""
    seconds = []
    for _ in range(world.sizes.starts + 1):
        with our_service(world.home, world.work) as serving:
            seconds.append(serving.seconds)
    return {"seconds": median(seconds[1:]), "first": seconds[0], "all": seconds[1:]}
