import asyncio
import threading
from dataclasses import replace

import pytest

from auditing.errors import StoreUnavailable
from auditing.store.groupcommit import GroupCommit

pytestmark = pytest.mark.anyio


async def test_all_who_wait_at_once_share_a_commit(log, complaint, answer):
    sizes = []
    commits = GroupCommit(log.write, on_group=sizes.append)
    contents = [replace(complaint, ticket_id=str(number)) for number in range(50)]
    recorded = await asyncio.gather(*(commits.submit(log.entry(each, answer(each))) for each in contents))
    assert len({each.prediction_id for each in recorded}) == 50
    assert sizes == [50]
    await asyncio.to_thread(commits.close)


async def test_a_group_is_bounded_and_keeps_the_order():
    groups = []

    def write(items):
        groups.append(list(items))
        return [item * 10 for item in items]

    commits = GroupCommit(write, largest_group=4)
    results = await asyncio.gather(*(commits.submit(number) for number in range(10)))
    assert results == [number * 10 for number in range(10)]
    assert groups == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    await asyncio.to_thread(commits.close)


async def test_each_gets_its_own_exception():
    commits = GroupCommit(lambda items: [ValueError(item) if item % 2 else item for item in items])
    results = await asyncio.gather(*(commits.submit(number) for number in range(4)), return_exceptions=True)
    assert [repr(result) for result in results] == ["0", "ValueError(1)", "2", "ValueError(3)"]
    await asyncio.to_thread(commits.close)


async def test_a_defect_in_writing_reaches_those_who_wait_and_the_next_group_is_written(caplog):
    attempts = []

    def write(items):
        attempts.append(items)
        if len(attempts) == 1:
            raise KeyError("secret of a complaint")
        return items

    commits = GroupCommit(write)
    with pytest.raises(KeyError):
        await commits.submit("first")
    assert await commits.submit("second") == "second"
    assert "secret" not in caplog.text
    await asyncio.to_thread(commits.close)


async def test_closing_writes_what_is_waiting_and_refuses_the_rest():
    begun, may_go_on = threading.Event(), threading.Event()

    def write(items):
        begun.set()
        may_go_on.wait(10)
        return items

    commits = GroupCommit(write, largest_group=2)
    waiting = [commits.submit(number) for number in range(5)]
    await asyncio.to_thread(begun.wait, 10)
    closing = asyncio.create_task(asyncio.to_thread(commits.close))
    await asyncio.sleep(0.05)
    with pytest.raises(StoreUnavailable):
        commits.submit(6)
    may_go_on.set()
    await closing
    assert await asyncio.gather(*waiting) == [0, 1, 2, 3, 4]
    commits.close()


async def test_what_was_submitted_in_the_moment_of_closing_is_refused_not_forgotten():
    commits = GroupCommit(lambda items: items)
    future = commits.submit(1)
    commits.close()
    with pytest.raises(StoreUnavailable):
        await future


async def test_a_client_that_hangs_up_does_not_disturb_the_others():
    may_go_on = threading.Event()

    def write(items):
        may_go_on.wait(10)
        return items

    commits = GroupCommit(write)
    gone, stays = commits.submit("gone"), commits.submit("stays")
    await asyncio.sleep(0)
    gone.cancel()
    may_go_on.set()
    assert await stays == "stays"
    await asyncio.to_thread(commits.close)


async def test_a_long_queue_is_refused():
    may_go_on = threading.Event()

    def write(items):
        may_go_on.wait(10)
        return items

    commits = GroupCommit(write, longest_queue=3)
    waiting = [commits.submit(number) for number in range(3)]
    await asyncio.sleep(0.05)
    with pytest.raises(StoreUnavailable):
        commits.submit(3)
    may_go_on.set()
    await asyncio.gather(*waiting)
    await asyncio.sleep(0)
    assert await commits.submit(4) == 4
    await asyncio.to_thread(commits.close)


def test_the_end_of_an_event_loop_does_not_end_the_writer():
    may_go_on = threading.Event()

    def write(items):
        may_go_on.wait(10)
        return items

    commits = GroupCommit(write)

    async def leave():
        commits.submit("left behind")
        await asyncio.sleep(0.05)

    async def stay():
        return await commits.submit("here")

    asyncio.run(leave())
    may_go_on.set()
    assert asyncio.run(stay()) == "here"
    commits.close()
