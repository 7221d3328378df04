"""The tri-colour board: which colour, which clocks run, what comes first, and that it follows the history."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from sqlalchemy import event as hooks
from sqlalchemy import select

from auditing.board.book import BoardBook
from auditing.board.clocks import (
    Stage,
    Ticking,
    Timing,
    next_to_end,
    promised,
    soon_from,
    stopped,
    timing,
    told,
)
from auditing.board.counts import Place, Shown, board, place_in, stage_of
from auditing.cases.book import CaseBook
from auditing.log.events import Event, Kind, Outcome, OutcomeStatus, Review, ReviewStatus, Role
from auditing.store.schema_board import board_counts
from features.complaint import Complaint
from models.prediction import Decision, HeadAnswer, ModelVersion, Triage

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
DISPATCH, RESPONSE, CHECK = "分送", "首次回应", "受理决定"


def clock(step, hours, stopped_at=None):
    return Ticking(step, NOW + hours * HOUR, "", provisional=False, local=True, stopped_at=stopped_at)


def event(seq, status, office="O1", hours=0, **more):
    kind = Kind.OUTCOME if isinstance(status, OutcomeStatus) else Kind.REVIEW
    at = NOW + hours * HOUR
    return Event(seq, at, kind, status, "p_1", "t", "office:x", at, office_code=office, **more)


@pytest.mark.parametrize(
    ("outcome", "still_running"),
    [
        (OutcomeStatus.REROUTED, [RESPONSE, CHECK]),
        (OutcomeStatus.RETURNED, [RESPONSE, CHECK]),
        (OutcomeStatus.ACCEPTED, [CHECK]),
        (OutcomeStatus.CLOSED, []),
    ],
)
def test_each_outcome_stops_the_clocks_whose_step_it_is(outcome, still_running):
    clocks = [clock(DISPATCH, 1), clock(RESPONSE, 20), clock(CHECK, 99)]
    found = stopped(clocks, [event(1, outcome)])
    assert [each.step for each in found if each.stopped_at is None] == still_running
    assert next_to_end(found) == (found[3 - len(still_running)] if still_running else None)


def test_an_outcome_that_is_taken_back_lets_the_clock_run_again():
    events = [event(1, OutcomeStatus.ACCEPTED), event(2, ReviewStatus.UNDONE, None, body={"undoes": 1})]
    assert stopped([clock(DISPATCH, 1)], events)[0].stopped_at is None


def test_a_clock_that_was_stopped_after_its_time_was_late():
    in_time, late = (stopped([clock(DISPATCH, 1)], [event(1, OutcomeStatus.ACCEPTED, hours=h)])[0] for h in (0, 2))
    assert (in_time.late, late.late) == (False, True)


def test_soon_is_the_last_quarter_and_at_most_a_day():
    assert soon_from(NOW, NOW + 2 * HOUR) == NOW + 1.5 * HOUR
    assert soon_from(NOW, NOW + 240 * HOUR) == NOW + 216 * HOUR
    assert soon_from(NOW, NOW - HOUR) == NOW - HOUR


def test_timing_is_told_to_the_second():
    due, warn = NOW + HOUR, NOW + 0.75 * HOUR
    moments = [NOW, warn - timedelta(seconds=1), warn, due - timedelta(seconds=1), due]
    assert [timing(due, warn, each) for each in moments] == ["running", "running", "soon", "soon", "overdue"]
    assert timing(None, None, NOW) is Timing.IDLE


def test_a_promise_is_not_moved_by_asking_again():
    def answer(hours, step=DISPATCH):
        return {"due": [{"step": step, "at": (NOW + hours * HOUR).isoformat(), "provisional": False, "local": True}]}

    first = promised(answer(2))
    assert [each.due for each in promised(answer(9), first)] == [NOW + 2 * HOUR]
    assert [each.step for each in promised(answer(9, RESPONSE), first)] == [DISPATCH, RESPONSE]
    assert promised({}) == promised({"due": None}) == ()


@pytest.mark.parametrize(
    ("events", "stage", "office"),
    [
        ([], Stage.NEW, "O1"),
        ([event(1, OutcomeStatus.REROUTED, "O2")], Stage.NEW, "O2"),
        ([event(1, OutcomeStatus.ACCEPTED, "O2")], Stage.IN_HAND, "O2"),
        ([event(1, OutcomeStatus.RETURNED)], Stage.NEW, ""),
        ([event(1, OutcomeStatus.RETURNED, "O2")], Stage.NEW, "O1"),
        ([event(1, OutcomeStatus.RETURNED), event(2, ReviewStatus.RULED, "O7")], Stage.NEW, "O7"),
        ([event(1, ReviewStatus.RULED, "O7"), event(2, OutcomeStatus.RETURNED, "O7")], Stage.NEW, "O1"),
        ([event(1, OutcomeStatus.CLOSED, "O2")], Stage.CLOSED, "O2"),
        ([event(1, OutcomeStatus.CLOSED, "O2", 1), event(2, OutcomeStatus.ACCEPTED, "O2", 0)], Stage.CLOSED, "O2"),
    ],
)
def test_stage_and_office_follow_what_happened(events, stage, office):
    found = told(events, "O1")
    assert (stage_of(found.status), found.office) == (stage, office)


def test_what_a_colour_means_can_be_said_otherwise():
    in_hand = frozenset({OutcomeStatus.ACCEPTED, OutcomeStatus.REROUTED})
    assert stage_of(OutcomeStatus.REROUTED, in_hand) is Stage.IN_HAND
    assert stage_of(OutcomeStatus.CLOSED, in_hand) is Stage.CLOSED


@pytest.mark.parametrize(
    "place", [Place(Timing.SOON, NOW, 7), Place(Timing.IDLE, None, 7), Place(Stage.CLOSED, NOW, 7)]
)
def test_a_place_is_read_back_from_an_address(place):
    assert place_in(place.written()) == place


@pytest.mark.parametrize("text", ["", "soon", "soon~~7", "idle~2026-01-01~1", "soon~2026-01-01~1", "x~~1", "idle~~-1"])
def test_a_place_that_nobody_gave_out_is_refused(text):
    assert place_in(text) is None


@pytest.fixture
def ask(log, settled):
    """Log an answer that promised these steps in so many hours, as the service writes it."""

    def ask(ticket, promises=(), *, office="O1", urgency=None, text="外卖有头发", received_at=NOW - 8 * HOUR, **more):
        complaint = Complaint(text=text, source="12345", ticket_id=ticket, received_at=received_at)
        head = HeadAnswer(office, office, 0.8, Decision.SUGGEST, (), None)
        triage = Triage(ModelVersion("complaint-triage", "1"), complaint, None, head, (), (), ())
        entry = log.entry(complaint, settled(triage))
        due = [
            {"step": step, "at": NOW + hours * HOUR, "basis": "本地", "provisional": False, "local": True}
            for step, hours in promises
        ]
        said = orjson.loads(entry.answer) | {"due": due, "urgency": {"level": urgency} if urgency else None} | more
        (recorded,) = log.write([entry._replace(answer=orjson.dumps(said))])
        return recorded.prediction_id

    return ask


@pytest.fixture
def happen(events):
    def happen(prediction_id, status, office="O1", hours=-1):
        reason = "R02" if status is OutcomeStatus.RETURNED else None
        at = NOW + hours * HOUR
        return events.append(Outcome(prediction_id, status, office, "centre", at, reason_code=reason), "k").event

    return happen


def shown(log, *arguments, **more):
    return [each.ticket_id for each in board(log.engine, NOW, *arguments, **more).tickets]


def test_overdue_comes_first_then_soon_due_then_the_rest_and_pages_follow_each_other(log, ask):
    for ticket, hours in {"later": 9, "week": 100, "gone": -1, "long gone": -5}.items():
        ask(ticket, [(DISPATCH, hours)])
    ask("soon", [(RESPONSE, 1)])
    ask("sooner", [(RESPONSE, 0.5), (CHECK, 99)])
    ask("without")
    BoardBook(log.engine).refresh()
    everything = ["long gone", "gone", "sooner", "soon", "later", "week", "without"]
    assert shown(log) == everything
    for size in (1, 2, 3, 7):
        found, after = [], None
        while True:
            page = board(log.engine, NOW, after=after, limit=size)
            found += [each.ticket_id for each in page.tickets]
            if page.after is None:
                break
            after = place_in(page.after.written())
        assert found == everything
    page = board(log.engine, NOW)
    assert (page.overdue, page.soon, page.capped) == (2, 2, False)
    assert shown(log, Shown(timing=Timing.SOON)) == ["sooner", "soon"]
    assert shown(log, Shown(timing=Timing.IDLE)) == ["without"]


def test_counts_filters_and_colours_follow_the_outcomes(log, ask, happen):
    ids = {name: ask(name, [(DISPATCH, 1)], urgency="P1" if name == "b" else "P2") for name in "abcd"}
    happen(ids["b"], OutcomeStatus.ACCEPTED, "O2")
    happen(ids["c"], OutcomeStatus.CLOSED, "O2", -3)
    happen(ids["d"], OutcomeStatus.CLOSED, "O2", -2)
    BoardBook(log.engine).refresh()
    counts = {each.office: each.stages for each in board(log.engine, NOW).counts}
    assert counts == {
        "O1": {Stage.NEW: 1, Stage.IN_HAND: 0, Stage.CLOSED: 0},
        "O2": {Stage.NEW: 0, Stage.IN_HAND: 1, Stage.CLOSED: 2},
    }
    assert shown(log) == ["a", "b"]
    assert shown(log, Shown(stage=Stage.CLOSED)) == ["d", "c"]
    assert shown(
        log, Shown(stage=Stage.CLOSED), limit=1, after=board(log.engine, NOW, Shown(stage=Stage.CLOSED), limit=1).after
    ) == ["c"]
    assert shown(log, Shown(stage=Stage.NEW)) == ["a"]
    assert shown(log, Shown(stage=Stage.IN_HAND)) == ["b"]
    assert shown(log, Shown(office="O2")) == ["b"]
    assert shown(log, Shown(urgency="P1")) == ["b"]
    assert shown(log, Shown(stage=Stage.CLOSED, timing=Timing.OVERDUE)) == []


def test_the_board_follows_later_events_and_is_the_same_made_anew(log, ask, happen, events):
    first = ask("a", [(DISPATCH, 1)])
    ask("b", [(DISPATCH, 2)], office="")
    book = BoardBook(log.engine)
    assert book.refresh() == 2
    happen(first, OutcomeStatus.RETURNED)
    assert book.refresh() == 1
    assert {each.office for each in board(log.engine, NOW).tickets} == {""}
    ruling = Review(first, ReviewStatus.RULED, "li", Role.LEAD, NOW, office_code="O9", domain_code="CAT")
    events.append(ruling, "u")
    happen(first, OutcomeStatus.ACCEPTED, "O9", 0)
    book.refresh()
    kept = board(log.engine, NOW)
    assert {each.office for each in kept.tickets} == {"", "O9"}
    book.rebuild()
    assert board(log.engine, NOW) == kept
    # the cases' marks are dropped with the cases: the board is taken in again, and counts nothing twice
    CaseBook(log.engine, b"k").rebuild()
    book.refresh()
    assert board(log.engine, NOW) == kept
    with log.engine.connect() as connection:
        assert sum(connection.scalars(select(board_counts.c.tickets))) == 2


def test_a_second_answer_to_a_ticket_neither_counts_twice_nor_moves_its_promise(log, ask):
    ask("a", [(DISPATCH, 1)])
    ask("a", [(DISPATCH, 9)], office="O2", text="外卖有头发，补充")
    BoardBook(log.engine).refresh()
    (ticket,) = board(log.engine, NOW).tickets
    assert (ticket.office, [each.due for each in ticket.clocks]) == ("O2", [NOW + HOUR])


def test_the_lead_of_the_route_has_the_ticket_before_the_models_office(log, ask):
    ask("a", route={"lead": {"code": "S01", "name": "东亭所"}})
    ask("b", route={"lead": None})
    BoardBook(log.engine).refresh()
    assert {each.ticket_id: each.office for each in board(log.engine, NOW).tickets} == {"a": "S01", "b": "O1"}


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize("part", [*Timing, Stage.CLOSED])
def test_no_page_reads_the_whole_board(log, ask, part):
    wanted = Shown(stage=Stage.CLOSED) if part is Stage.CLOSED else Shown(timing=part)
    told = []
    with log.engine.connect() as connection:
        hooks.listen(log.engine, "before_cursor_execute", lambda *said: told.append((said[2], said[3])))
        board(log.engine, NOW, wanted)
        for statement, parameters in told[:]:
            if "board_rows" in statement:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                assert any(
                    "USING INDEX ix_board" in row[3] or "USING COVERING INDEX ix_board" in row[3] for row in plan
                ), plan
                assert not any("TEMP B-TREE FOR ORDER" in row[3] for row in plan), plan
