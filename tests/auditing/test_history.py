import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from auditing.errors import (
    MayNotForward,
    MayNotRule,
    ReasonIncomplete,
    ReasonMissing,
    RecordRefused,
    ReviewIncomplete,
    TicketReturned,
    UnknownEvent,
    UnknownPrediction,
    UnknownReason,
)
from auditing.log.accesses import AccessLog, Action
from auditing.log.events import (
    Outcome,
    OutcomeStatus,
    Review,
    ReviewStatus,
    Role,
    excluded_offices,
    in_force,
    is_hard_case,
    return_reasons,
)
from auditing.log.history import Attributed, EventLog
from auditing.log.identity import TICKET_LENGTH
from auditing.log.returns import leave_out, settle
from auditing.log.verify import verify
from models.charter.route import Party, RouteState
from models.prediction import Candidate, Contrast, Decision, Evidence, HeadAnswer

MOMENT = datetime(2026, 10, 3, 14, tzinfo=UTC)


@pytest.fixture
def events(log):
    events = EventLog(log.engine)
    yield events
    events.close()


@pytest.fixture
def prediction_id(log, complaint, answer):
    (recorded,) = log.write([log.entry(complaint, answer(complaint))])
    return recorded.prediction_id


@pytest.fixture
def returned(prediction_id):
    """A return by the canteen office, for a reason that needs nothing more."""
    return Outcome(prediction_id, OutcomeStatus.RETURNED, "O04", "office:O04", MOMENT, reason_code="R02")


@pytest.fixture
def review(prediction_id):
    """Make a review, a minute after the one before."""
    moments = iter(range(100))

    def review(status, role=Role.REVIEWER, actor="li", **more):
        return Review(prediction_id, status, actor, role, MOMENT + timedelta(minutes=next(moments)), **more)

    return review


def test_an_outcome_is_kept_with_the_access_of_who_sent_it(log, events, returned):
    appended = events.append(replace(returned, note="属地不符", target="柳坞所"), "k_1")
    assert not appended.repeated
    (event,) = events.of_prediction(returned.prediction_id)
    assert event == appended.event
    assert (event.seq, event.status, event.office_code, event.note) == (1, "returned", "O04", "属地不符")
    assert event.body == {"target": "柳坞所"}
    (access,) = AccessLog(log.engine).of_prediction(returned.prediction_id)
    assert (access.who, access.action, access.detail) == ("k_1", Action.CHANGE, "outcome returned 1")


def test_the_same_outcome_sent_again_is_the_same_event(events, returned):
    first = events.append(returned, "k_1")
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=8)))
    again = events.append(replace(returned, occurred_at=elsewhere, note="改过的说明"), "k_2")
    assert (again.event, again.repeated) == (first.event, True)
    both = events.write([Attributed(replace(returned, actor="office:O05"), "k_1")] * 2)
    assert [each.repeated for each in both] == [False, True]
    assert len(events.of_prediction(returned.prediction_id)) == 2


def test_other_actors_states_and_moments_are_other_events(events, returned):
    for other in (
        returned,
        replace(returned, actor="office:O05"),
        replace(returned, status=OutcomeStatus.ACCEPTED),
        replace(returned, occurred_at=MOMENT + timedelta(seconds=1)),
    ):
        assert not events.append(other, "k_1").repeated


def test_one_outcome_sent_by_many_at_once_is_one_event(log, returned):
    logs = [EventLog(log.engine) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        appended = list(pool.map(lambda each: each.append(returned, "k_1"), logs))
    assert [each.repeated for each in appended].count(False) == 1
    assert not any(report.faults for report in verify(log.engine))


@pytest.mark.anyio
async def test_outcomes_that_wait_together_are_written_together_and_stay_chained(log, events, returned):
    many = [replace(returned, actor=f"office:{number}") for number in range(50)]
    appended = await asyncio.gather(*(events.submit(each, "k_1") for each in many))
    assert sorted(each.event.seq for each in appended) == list(range(1, 51))
    assert not any(report.faults for report in verify(log.engine))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"reason_code": None}, ReasonMissing),
        ({"reason_code": "R99"}, UnknownReason),
        ({"reason_code": "R16"}, ReasonIncomplete),
        ({"reason_code": "R01"}, ReasonIncomplete),
        ({"status": OutcomeStatus.REROUTED}, MayNotForward),
        ({"prediction_id": "p_" + "0" * 44}, UnknownPrediction),
        ({"occurred_at": MOMENT.replace(tzinfo=None)}, RecordRefused),
    ],
)
def test_what_breaks_a_rule_is_refused_alone(events, returned, change, refusal):
    good = replace(returned, actor="office:O05")
    results = events.write([Attributed(replace(returned, **change), "k_1"), Attributed(good, "k_1")])
    assert type(results[0]) is refusal
    assert [event.actor for event in events.of_ticket(returned.prediction_id)] == ["office:O05"]


@pytest.mark.parametrize(
    "change",
    [
        {"reason_code": "R16", "note": "其他原因"},
        {"reason_code": "R01", "target": "城管局"},
        {"reason_code": "R01", "note": "应由城管局办理"},
        {"status": OutcomeStatus.REROUTED, "actor": "centre"},
        {"status": OutcomeStatus.REROUTED, "actor": "centre:zhang"},
        {"status": OutcomeStatus.CLOSED, "reason_code": None},
    ],
)
def test_what_the_rules_ask_for_is_enough(events, returned, change):
    assert not events.append(replace(returned, **change), "k_1").repeated


def test_the_reasons_are_the_sixteen_of_the_list():
    reasons = return_reasons()
    assert list(reasons) == [f"R{number:02}" for number in range(1, 17)]
    assert {code for code, reason in reasons.items() if "必填" in reason.rule} == {
        code for code, reason in reasons.items() if reason.needs
    }


def test_personal_data_in_a_note_is_masked(events, returned):
    event = events.append(replace(returned, note="请联系13800000000", target="13800000001"), "k_1").event
    assert event.note == "请联系" + "*" * 11
    assert event.body == {"target": "*" * 11}


@pytest.mark.parametrize(
    ("status", "more", "refusal"),
    [
        (ReviewStatus.CORRECTED, {}, ReviewIncomplete),
        (ReviewStatus.RULED, {"office_code": "O03"}, MayNotRule),
        (ReviewStatus.OVERRIDE, {"office_code": "O04"}, ReviewIncomplete),
        (ReviewStatus.UNDONE, {}, ReviewIncomplete),
        (ReviewStatus.UNDONE, {"undoes": 7}, UnknownEvent),
    ],
)
def test_a_review_says_what_it_is_about_and_who_may_say_it(events, review, status, more, refusal):
    with pytest.raises(refusal):
        events.append(review(status, **more), "u_1")


def test_what_is_taken_back_is_out_of_force_and_may_come_back(events, review, prediction_id):
    wrong = events.append(review(ReviewStatus.CORRECTED, office_code="O03"), "u_1").event
    undo = events.append(review(ReviewStatus.UNDONE, undoes=wrong.seq), "u_1").event
    assert in_force(events.of_prediction(prediction_id)) == ()
    events.append(review(ReviewStatus.UNDONE, undoes=undo.seq), "u_1")
    assert in_force(events.of_prediction(prediction_id)) == (wrong,)


def test_only_its_author_or_a_lead_takes_an_entry_back(events, review):
    entry = events.append(review(ReviewStatus.CONFIRMED), "u_1").event
    with pytest.raises(MayNotRule):
        events.append(review(ReviewStatus.UNDONE, actor="wang", undoes=entry.seq), "u_2")
    events.append(review(ReviewStatus.UNDONE, Role.LEAD, actor="wang", undoes=entry.seq), "u_2")


def test_an_entry_of_another_prediction_is_not_taken_back(log, events, review, complaint, answer):
    other = replace(complaint, ticket_id="T-2")
    (recorded,) = log.write([log.entry(other, answer(other))])
    entry = events.append(Outcome(recorded.prediction_id, OutcomeStatus.ACCEPTED, "O04", "12345", MOMENT), "k_1").event
    with pytest.raises(UnknownEvent):
        events.append(review(ReviewStatus.UNDONE, Role.ADMIN, undoes=entry.seq), "u_1")


def test_a_ticket_returned_twice_is_a_hard_case_until_it_is_ruled(events, returned, review, prediction_id):
    events.append(returned, "k_1")
    assert not events.hard_cases()
    second = replace(returned, office_code="O03", actor="office:O03")
    events.append(second, "k_1")
    assert list(events.hard_cases()) == [prediction_id[:TICKET_LENGTH]]
    events.append(review(ReviewStatus.RULED, Role.LEAD, office_code="O02"), "u_1")
    assert not events.hard_cases()
    assert not is_hard_case(events.of_ticket(prediction_id))


def test_an_office_that_returned_a_ticket_is_left_out_until_a_review_lets_it_in(events, returned, review):
    name = returned.prediction_id
    events.append(returned, "k_1")
    events.append(replace(returned, office_code="O03", actor="office:O03"), "k_1")
    assert excluded_offices(events.of_ticket(name)) == ("O03", "O04")
    events.append(review(ReviewStatus.OVERRIDE, office_code="O04", note="经会商仍由该科办理"), "u_1")
    assert excluded_offices(events.of_ticket(name)) == ("O03",)


def test_an_answer_made_before_a_return_is_refused_and_the_next_one_has_another_id(
    log, events, returned, review, complaint, answer
):
    ticket = returned.prediction_id[:TICKET_LENGTH]
    early = log.entry(complaint, answer(complaint))
    events.append(returned, "k_1")
    (refused,) = log.write([early])
    assert type(refused) is TicketReturned
    assert log.returns.of(ticket) == ("O04",)
    (recorded,) = log.write([log.entry(complaint, answer(complaint), ("O04",))])
    assert recorded.prediction_id != returned.prediction_id
    assert recorded.prediction_id[:TICKET_LENGTH] == ticket
    assert (recorded.revision, recorded.repeated) == (1, False)
    events.append(review(ReviewStatus.OVERRIDE, office_code="O04", note="经会商"), "u_1")
    (refused,) = log.write([log.entry(complaint, answer(complaint), ("O04",))])
    assert type(refused) is TicketReturned
    (again,) = log.write([early])
    assert (again.prediction_id, again.repeated) == (returned.prediction_id, True)


@pytest.fixture
def two_heads(complaint, answer):
    triage = answer(complaint).triage
    office = HeadAnswer(
        "O04", "餐饮科", 0.9, Decision.AUTO, (Candidate("O03", "流通科", 0.06), Candidate("O02", "生产科", 0.03)),
        Contrast("O03", 2.0, 0.5, 0.5),
    )  # fmt: skip
    evidence = tuple(Evidence(target, "text", 0, 2, "昨晚", 0.4) for target in ("domain", "office"))
    return triage._replace(office=office, evidence=evidence)


def test_the_next_best_office_takes_the_place_of_one_that_returned(two_heads):
    left = leave_out(two_heads, ("O04",))
    assert (left.office.code, left.office.confidence, left.office.decision) == ("O03", 0.06, Decision.SUGGEST)
    assert [each.code for each in left.office.alternatives] == ["O02"]
    assert left.office.contrast is None
    assert [each.target for each in left.evidence] == ["domain"]
    assert left.doubts == ("returned_by:O04",)
    assert left.domain == two_heads.domain


def test_an_office_that_returned_is_no_alternative_either(two_heads):
    left = leave_out(two_heads, ("O03",))
    assert (left.office.code, left.office.decision, left.doubts) == ("O04", Decision.AUTO, ())
    assert [each.code for each in left.office.alternatives] == ["O02"]


def test_where_every_candidate_has_returned_the_ticket_a_person_decides(two_heads):
    left = leave_out(two_heads, ("O02", "O03", "O04"))
    assert (left.office.code, left.office.decision) == (None, Decision.ABSTAIN)


def test_a_model_without_offices_answers_as_before(complaint, answer):
    triage = answer(complaint).triage
    assert leave_out(triage, ("O04",)) is triage


def test_an_office_that_returned_neither_leads_nor_assists_again(two_heads, settled):
    given = settled(two_heads)
    route = given.resolution.route._replace(assisting=(Party("O03", "流通科"), Party("O02", "生产科")))
    given = given._replace(resolution=given.resolution._replace(route=route))
    left = settle(given, ("O04", "O02")).resolution.route
    assert (left.state, left.lead, left.assisting) == (RouteState.ROUTED, Party("O03", "流通科", 0.06), ())
    assert [track.lead.code for track in left.tracks] == ["O03"]
    assert "餐饮科已退回" in left.basis[0].zh


def test_where_all_have_returned_it_nobody_leads(two_heads, settled):
    left = settle(settled(two_heads), ("O02", "O03", "O04")).resolution.route
    assert (left.state, left.lead, left.tracks[0].lead) == (RouteState.UNSURE, None, None)


def test_another_office_that_returned_it_changes_nothing_about_the_lead(two_heads, settled):
    given = settled(two_heads)
    assert settle(given, ("O99",)) == given
