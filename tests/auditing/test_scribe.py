import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from auditing.errors import RecordRefused, StoreUnavailable, TicketReturned
from auditing.log.caselog import CaseLog
from auditing.log.events import Outcome, OutcomeStatus
from auditing.log.history import EventLog
from auditing.log.identity import TICKET_LENGTH, Identifier
from auditing.log.verify import verify
from auditing.store.database import open_engine, writing

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request):
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
def apart(prepared):
    log = CaseLog(open_engine(prepared), Identifier(b"k" * 32), apart=0.2)
    log.prepare()
    return log


@pytest.fixture
def contents(complaint):
    return [replace(complaint, ticket_id=f"T-{number}") for number in range(11)]


async def closed(log):
    await asyncio.to_thread(log.close)


def process_of(log):
    return log._scribe._process


async def test_what_is_appended_together_is_recorded_in_order_and_chained(apart, contents, answer):
    entries = [apart.entry(each, answer(each)) for each in contents]
    recorded = await asyncio.gather(*map(apart.append, entries))
    assert [each.prediction_id for each in recorded] == [each.prediction_id for each in entries]
    assert [each.answer for each in recorded] == [each.answer for each in entries]
    again = await apart.append(entries[3])
    assert (again.repeated, again.answer) == (True, entries[3].answer)
    assert all(not report.faults for report in verify(apart.engine))
    assert not apart.troubled
    await closed(apart)


async def test_a_bad_record_fails_alone(apart, contents, answer):
    entries = [apart.entry(each, answer(each)) for each in contents]
    entries[2] = entries[2]._replace(source=None)
    outcomes = await asyncio.gather(*map(apart.append, entries), return_exceptions=True)
    assert [type(each) is RecordRefused for each in outcomes] == [number == 2 for number in range(len(entries))]
    assert outcomes[2].prediction_id == entries[2].prediction_id
    await closed(apart)


async def test_nothing_answered_is_lost_when_the_process_is_killed_and_another_takes_its_place(apart, contents, answer):
    first, second, third = (apart.entry(each, answer(each)) for each in contents[:3])
    recorded = await apart.append(first)
    os.kill(process_of(apart).pid, signal.SIGKILL)
    with pytest.raises(StoreUnavailable):
        await apart.append(second)
    assert apart.find(recorded.prediction_id).answer == recorded.answer
    assert (await apart.append(third)).revision == 1
    assert (await apart.append(second)).revision == 1
    await closed(apart)


async def test_a_return_is_known_before_the_answer_is_made_anew(apart, complaint, answer):
    recorded = await apart.append(apart.entry(complaint, answer(complaint)))
    events = EventLog(apart.engine)
    moment = apart.find(recorded.prediction_id).created_at
    returned = Outcome(
        recorded.prediction_id, OutcomeStatus.RETURNED, "O04", "office:O04", moment, reason_code="R02"
    )  # fmt: skip
    await asyncio.to_thread(events.append, returned, "k_1")
    changed = replace(complaint, text="另有新情况")
    with pytest.raises(TicketReturned):
        await apart.append(apart.entry(changed, answer(changed)))
    assert apart.returns.of(recorded.prediction_id[:TICKET_LENGTH]) == ("O04",)
    assert (await apart.append(apart.entry(changed, answer(changed), ("O04",)))).revision == 2
    events.close()
    await closed(apart)


async def test_what_comes_while_a_group_is_written_goes_together_when_it_is_on_the_disk(prepared, contents, answer):
    sizes = []
    log = CaseLog(open_engine(prepared), Identifier(b"k" * 32), apart=30.0, on_group=sizes.append)
    log.prepare()
    first, *others = [log.entry(each, answer(each)) for each in contents[:4]]
    with writing(log.engine):
        # the process waits for its turn
        waiting = [log.append(first)]
        for entry in others:
            await asyncio.sleep(0.01)
            waiting.append(log.append(entry))
    assert [each.revision for each in await asyncio.gather(*waiting)] == [1] * 4
    assert sizes == [1, 3]
    await closed(log)


@pytest.mark.parametrize(("count", "length"), [(12, 15_000), (600, 10)])
async def test_large_texts_and_large_groups_are_recorded_whole(apart, complaint, answer, count, length):
    many = [replace(complaint, ticket_id=f"T-{number}", text="长" * length) for number in range(count)]
    recorded = await asyncio.gather(*(apart.append(apart.entry(each, answer(each))) for each in many))
    assert [each.revision for each in recorded] == [1] * count
    assert len({each.prediction_id for each in recorded}) == count
    await closed(apart)


async def test_closing_ends_the_process_and_refuses_what_comes_later(apart, complaint, answer):
    process = process_of(apart)
    waiting = apart.append(apart.entry(complaint, answer(complaint)))
    await closed(apart)
    assert (await waiting).revision == 1
    assert process.poll() == 0
    with pytest.raises(StoreUnavailable):
        apart.append(apart.entry(complaint, answer(complaint)))


async def test_who_waits_for_a_locked_store_hears_of_it_and_the_log_recovers(apart, contents, answer):
    first, second = (apart.entry(each, answer(each)) for each in contents[:2])
    await apart.append(first)
    if apart.engine.dialect.name == "sqlite":
        with apart.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable):
                await apart.append(second)
            assert apart.troubled
        assert (await apart.append(second)).revision == 1
        assert not apart.troubled
    await closed(apart)


def test_the_process_that_writes_loads_nothing_that_only_triage_needs():
    program = (
        "import sys; import auditing.log.scribe_process; "
        "sys.exit(', '.join(sys.modules.keys() & {'numpy', 'numba', 'pydantic', 'alembic'}) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
