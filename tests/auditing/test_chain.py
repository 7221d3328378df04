"""One row that is not as it was written is found, in each chain, whatever was done to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import delete, insert, select, update

from auditing.log.accesses import AccessLog, Action
from auditing.log.events import Outcome, OutcomeStatus
from auditing.log.history import Attributed, EventLog
from auditing.log.verify import Damage, verify
from auditing.store.chain import CHAINS, COVERED, DIGESTED, FIRST, Head, canonical, follow
from auditing.store.database import open_engine, prepare
from auditing.store.migrate import configuration

ROWS = 12
MOMENT = datetime(2026, 10, 3, 14, tzinfo=UTC)


@pytest.fixture
def history(log, complaint, answer):
    """A log with `ROWS` rows in each chain."""
    contents = [replace(complaint, ticket_id=f"T-{number}") for number in range(ROWS)]
    recorded = log.write([log.entry(each, answer(each)) for each in contents[:5]])
    recorded += log.write([log.entry(each, answer(each)) for each in contents[5:]])
    events = EventLog(log.engine)
    outcomes = [Outcome(each.prediction_id, OutcomeStatus.ACCEPTED, "O04", "12345", MOMENT) for each in recorded]
    # each change of a case is an access too
    events.write([Attributed(outcome, "k_1") for outcome in outcomes])
    return log.engine


def faults(engine, chain):
    """(damage, seq, last) of every fault of `chain`; the others have none."""
    reports = {report.chain: report for report in verify(engine)}
    assert not [report for name, report in reports.items() if name != chain and report.faults]
    return [(fault.damage, fault.seq, fault.last) for fault in reports[chain].faults]


def renumber(connection, table, *changes):
    """Give rows other numbers, all at once."""
    for number, _ in changes:
        connection.execute(update(table).where(table.c.seq == number).values(seq=-number))
    for number, new in changes:
        connection.execute(update(table).where(table.c.seq == -number).values(seq=new))


def copy_of(connection, table, seq):
    row = dict(connection.execute(select(table).where(table.c.seq == seq)).one()._mapping)
    unique = {"predictions": "prediction_id", "events": "idempotency"}.get(table.name)
    return row | ({unique: "forged"} if unique else {})


def test_what_was_written_verifies(history):
    reports = verify(history)
    assert [(report.chain, report.rows, report.faults) for report in reports] == [
        ("predictions", ROWS, ()),
        ("events", ROWS, ()),
        ("accesses", ROWS, ()),
    ]
    assert all(report.head.length == ROWS for report in reports)


def test_an_empty_log_verifies(log):
    assert {report.head for report in verify(log.engine)} == {Head(0, FIRST)}
    assert not any(report.faults for report in verify(log.engine))


@pytest.mark.parametrize(
    ("chain", "column", "seq"),
    [(chain, column, 6) for chain, covered in COVERED.items() for column in covered]
    + [(chain, covered[-1], seq) for chain, covered in COVERED.items() for seq in (1, ROWS)],
)
def test_a_row_with_one_changed_value_is_named(history, chain, column, seq):
    table = CHAINS[chain]
    value = {"revision": 77, "domain_confidence": 0.123, "office_confidence": 0.123}.get(column, "changed")
    if column in ("at", "created_at", "occurred_at"):
        value = MOMENT - timedelta(days=400)
    with history.begin() as connection:
        connection.execute(update(table).where(table.c.seq == seq).values({column: value}))
    found = faults(history, chain)
    assert (Damage.EDITED, seq, seq) in found
    assert {each[1] for each in found} == {seq}


@pytest.mark.parametrize(("chain", "text"), [(chain, text) for chain, texts in DIGESTED.items() for text in texts])
def test_a_changed_text_is_named_and_so_is_one_that_no_retention_has_emptied(history, chain, text):
    table = CHAINS[chain]
    for seq, value in ((3, "changed"), (5, "") if chain == "predictions" else (5, "added")):
        with history.begin() as connection:
            connection.execute(update(table).where(table.c.seq == seq).values({text: value}))
    assert faults(history, chain) == [(Damage.TEXT, 3, 3), (Damage.TEXT, 5, 5)]


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("gone", [[1], [6], [ROWS], [4, 5, 6], [ROWS - 1, ROWS], [*range(1, ROWS + 1)]])
def test_missing_rows_are_named_the_last_ones_too(history, chain, gone):
    with history.begin() as connection:
        connection.execute(delete(CHAINS[chain]).where(CHAINS[chain].c.seq.in_(gone)))
    assert faults(history, chain) == [(Damage.MISSING, gone[0], gone[-1])]


@pytest.mark.parametrize("chain", CHAINS)
def test_a_missing_row_is_missed_although_the_others_were_renumbered(history, chain):
    table = CHAINS[chain]
    with history.begin() as connection:
        connection.execute(delete(table).where(table.c.seq == 6))
        renumber(connection, table, *[(number, number - 1) for number in range(7, ROWS + 1)])
    assert faults(history, chain) == [(Damage.EDITED, 6, 6), (Damage.MISSING, ROWS, ROWS)]


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize(("one", "other"), [(1, 2), (5, 6), (3, 9), (ROWS - 1, ROWS)])
def test_two_rows_that_changed_places_are_named(history, chain, one, other):
    with history.begin() as connection:
        renumber(connection, CHAINS[chain], (one, other), (other, one))
    found = faults(history, chain)
    assert {(Damage.MOVED, one, one), (Damage.MOVED, other, other)} <= set(found)
    assert {damage for damage, _, _ in found} == {Damage.MOVED}


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("place", [1, 6, ROWS + 1])
def test_a_row_that_was_put_in_is_named(history, chain, place, linked):
    table = CHAINS[chain]
    with history.begin() as connection:
        row = copy_of(connection, table, 4)
        renumber(connection, table, *[(number, number + 1) for number in range(place, ROWS + 1)])
        if linked:
            before = connection.scalar(select(table.c.chain).where(table.c.seq == place - 1)) or FIRST
            row["chain"] = follow(before, canonical(chain, [row[column] for column in COVERED[chain]]))
        connection.execute(insert(table), row | {"seq": place})
    found = faults(history, chain)
    assert (Damage.INSERTED, place, place) in found
    assert {seq for _, seq, _ in found} <= {place, ROWS + 1}


@pytest.mark.parametrize("chain", CHAINS)
def test_a_chain_that_was_rewritten_as_a_whole_does_not_have_the_head_that_was_written_down(history, chain):
    heads = {report.chain: [report.head] for report in verify(history)}
    table = CHAINS[chain]
    with history.begin() as connection:
        link = FIRST
        for row in connection.execute(select(table).order_by(table.c.seq)).all():
            values = [row._mapping[column] for column in COVERED[chain]]
            values[-1] = values[-1] if row.seq > 3 else "forged"
            link = follow(link, canonical(chain, values))
            forged = {COVERED[chain][-1]: values[-1], "chain": link}
            connection.execute(update(table).where(table.c.seq == row.seq).values(forged))
        connection.exec_driver_sql(f"UPDATE chain_heads SET link = '{link}' WHERE name = '{chain}'")
    assert Damage.TEXT in {damage for damage, *_ in faults(history, chain)} or not faults(history, chain)
    assert (Damage.EDITED, ROWS) in [
        (fault.damage, fault.seq) for report in verify(history, heads) for fault in report.faults
    ]


def test_a_chain_goes_on_while_it_is_verified_and_heads_written_down_stay_good(history, log, complaint, answer):
    heads = {report.chain: [report.head] for report in verify(history)}
    later = replace(complaint, ticket_id="later")
    log.write([log.entry(later, answer(later))])
    AccessLog(history).record("k_1", Action.VIEW)
    assert not any(report.faults for report in verify(history, heads))


def test_the_canonical_bytes_and_links_are_these_for_ever(history):
    # a reader in another language can follow the chain from what is written here
    row = canonical("accesses", [MOMENT, "k_1", "view", None, "打开"])
    assert row == '["accesses","2026-10-03T14:00:00+00:00","k_1","view",null,"打开"]'.encode()
    assert follow(FIRST, row) == "56181de036db897ba125201c7e0543df3ec48005729b618d690a9ca6f4166c1e"


def test_every_column_is_covered_by_its_chain():
    for chain, table in CHAINS.items():
        assert {*COVERED[chain], *DIGESTED[chain], "seq", "chain"} == set(table.columns.keys())


def test_a_row_of_another_number_is_named_where_numbers_have_no_gaps(history):
    with history.begin() as connection:
        renumber(connection, CHAINS["events"], (ROWS, ROWS + 5))
    assert faults(history, "events") == [(Damage.EDITED, ROWS + 5, ROWS + 5)]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_rows_from_before_there_were_chains_are_chained_by_the_migration(tmp_path, log, complaint, answer):
    contents = [replace(complaint, ticket_id=str(number)) for number in range(3)]
    log.write([log.entry(each, answer(each)) for each in contents])
    engine = open_engine(f"sqlite:///{tmp_path / 'old.db'}")
    config = configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(f"ATTACH '{tmp_path / 'caselog.db'}' AS new")
        names = ", ".join(row[1] for row in connection.exec_driver_sql("PRAGMA main.table_info(predictions)"))
        connection.exec_driver_sql(f"INSERT INTO main.predictions ({names}) SELECT {names} FROM new.predictions")
    prepare(engine)
    assert verify(engine)[0] == verify(log.engine)[0]
    assert verify(engine)[0].rows == 3
    engine.dispose()
