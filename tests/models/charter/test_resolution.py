"""The model's offices and the charter's in one answer, and the route with its basis."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given as supposing
from hypothesis import settings
from hypothesis import strategies as st

from features.complaint import Complaint
from models.calibration import Calibration
from models.charter.articles import Office, OfficeKind, Request, Validity
from models.charter.demo import demo_charter
from models.charter.duty import DAY_OFF
from models.charter.requests import requests_of
from models.charter.resolution import Resolver
from models.charter.route import CharterVersion, RouteState
from models.charter.trust import SHIPPED, OfficeScores, Trust
from models.decision import Coverage, Floor, Policy, Precision, Sets
from models.fitted import Head
from models.prediction import Candidate, Contrast, Decision, HeadAnswer, ModelVersion, PredictionSet, Triage

WHEN = datetime(2026, 5, 6, 3, tzinfo=UTC)
VERSION = CharterVersion("demo", "1")
DOMAINS = ("ADV", "FDS", "OOS", "PRC", "SEQ")
OFFICES = ("O01", "O07", "O11", "T01", "T02", "X00")


@pytest.fixture(scope="module")
def resolver():
    return Resolver(demo_charter(), VERSION)


def head(target, classes):
    policy = Policy(
        Precision("maximum coverage @ precision >= 0.95"), Floor("confidence >= 0.20"), (0.9,) * len(classes), ()
    )
    return Head(target, classes, {}, Calibration(3.0, -0.9, 0.15), policy)


def spread(classes, likely):
    rest = (1 - sum(likely.values())) / max(1, len(classes) - len(likely))
    return [likely.get(label, rest) for label in classes]


def answer(of, probabilities):
    order = np.argsort(-np.array(probabilities), kind="stable")
    best, *others = [Candidate(of.classes[i], of.classes[i], float(probabilities[i])) for i in order[:4]]
    contrast = Contrast(others[0].code, 1.0, 0.5, 0.5)
    return HeadAnswer(best.code, best.name, best.confidence, Decision.SUGGEST, tuple(others), contrast)


def asked(text, domain, office, *, offices=OFFICES, heads=("domain", "office"), **fields):
    """What a model with these probabilities would hand on."""
    complaint = Complaint(text=text, **fields)
    both = {"domain": (head("domain", DOMAINS), domain), "office": (head("office", offices), office)}
    told = {name: spread(of.classes, likely) for name, (of, likely) in both.items() if name in heads}
    answers = {name: answer(both[name][0], told[name]) for name in told}
    probabilities = np.concatenate([told[name] for name in told]).astype(np.float32)
    scores = OfficeScores(tuple(both[name][0] for name in told), probabilities, Trust(SHIPPED))
    triage = Triage(
        ModelVersion("m", "1"), complaint, answers.get("domain"), answers.get("office"), (), ("office_low_margin",), ()
    )
    return triage, scores, complaint


def test_the_place_of_the_merchant_decides_between_stations(resolver):
    ticket = asked("买到过期食品", {"FDS": 0.9}, {"T01": 0.4, "T02": 0.4}, address="桥西大道5号")
    triage, found = resolver.resolve(*ticket, WHEN)
    assert triage.office.code == found.route.lead.code == "T02"
    assert found.route.state is RouteState.ROUTED
    assert found.route.lead.confidence == triage.office.confidence
    assert triage.office.name == "桥西市场监管所"
    assert any("商家地址" in each.zh and "桥西大道" in each.zh for each in found.route.basis)
    assert found.route.place.field == "address"


def test_without_a_place_where_one_is_needed_the_operator_is_given_a_question(resolver):
    found = resolver.resolve(*asked("买到过期食品", {"FDS": 0.9}, {"T01": 0.4, "T02": 0.4}), WHEN)[1]
    assert found.route.state is RouteState.NEEDS_PLACE
    assert found.route.needs
    # who has it meanwhile, by the rule
    assert found.route.lead.code == "O03"


def test_who_has_a_ticket_only_meanwhile_has_it_so_however_sure_that_is(resolver):
    triage, found = resolver.resolve(*asked("买到过期食品", {"FDS": 0.99}, {"O03": 0.99}, offices=("O03", "T01")), WHEN)
    assert (triage.office.code, triage.office.decision) == ("O03", Decision.AUTO)
    assert (found.route.state, found.route.lead.code) == (RouteState.NEEDS_PLACE, "O03")
    assert found.route.needs


def test_a_station_that_the_model_is_sure_of_is_not_asked_for_its_place(resolver):
    triage, scores, complaint = asked("买到过期食品", {"FDS": 0.9}, {"T01": 0.99})
    by_model = Trust((2.0, -2.0, *[0.0] * (len(SHIPPED) - 2)))
    triage, found = resolver.resolve(triage, scores._replace(trust=by_model), complaint, WHEN)
    assert (triage.office.code, triage.office.decision) == ("T01", Decision.AUTO)
    assert (found.route.state, found.route.needs) == (RouteState.ROUTED, ())


def test_an_ambiguous_name_is_asked_about_by_name(resolver):
    found = resolver.resolve(*asked("在桥西买到过期食品", {"FDS": 0.9}, {"T01": 0.4, "T02": 0.4}), WHEN)[1]
    assert found.route.state is RouteState.NEEDS_PLACE
    assert "桥西" in found.route.needs[0].zh


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"address": "东亭街道和桥西大道交叉口"}, "商家地址"), ({"title": "东亭街道的店，还是桥西大道的"}, "标题")],
)
def test_places_of_several_stations_in_one_field_are_asked_about_by_name(resolver, fields, field):
    ticket = asked("买到过期食品", {"FDS": 0.9}, {"T01": 0.4, "T02": 0.4}, **fields)
    route = resolver.resolve(*ticket, WHEN)[1].route
    assert route.state is RouteState.NEEDS_PLACE
    (question,) = route.needs
    assert question.zh.startswith(f"{field}提到“东亭街道”（东亭市场监管所）、“桥西大道”（桥西市场监管所）")
    assert "东亭街道 (东亭市场监管所), 桥西大道 (桥西市场监管所)" in question.en
    # nothing says which: the rule tells who has it meanwhile, and no place is claimed
    assert (route.lead.code, route.place) == ("O03", None)
    assert not any("东亭街道" in each.zh for each in route.basis)


def test_an_answer_that_hangs_on_the_first_of_several_places_is_not_sent_by_itself(resolver):
    likely = {"FDS": 0.99}, {"T01": 0.99}
    sure = resolver.resolve(*asked("买到过期食品", *likely, address="东亭街道"), WHEN)[0].office
    hint = resolver.resolve(*asked("买到过期食品", *likely, address="东亭街道和桥西大道交叉口"), WHEN)
    assert (sure.code, sure.decision) == ("T01", Decision.AUTO)
    assert (hint[0].office.code, hint[0].office.decision) == ("T01", Decision.SUGGEST)
    assert hint[0].office.confidence >= 0.9
    assert hint[1].route.state is RouteState.NEEDS_PLACE


def test_places_of_several_stations_are_not_asked_about_where_nothing_hangs_on_them(resolver):
    both = {"address": "东亭街道和桥西大道交叉口"}
    line = resolver.resolve(*asked("举报广告", {"ADV": 0.9}, {"O11": 0.6}, **both), WHEN)[1].route
    assert (line.state, line.lead.code) == (RouteState.ROUTED, "O11")
    # places of one station are one place
    one = asked("买到过期食品", {"FDS": 0.9}, {"T01": 0.4, "T02": 0.4}, address="东亭街道东亭菜市场")
    assert resolver.resolve(*one, WHEN)[1].route.lead.code == "T01"


def test_who_names_the_station_answers_what_the_text_leaves_open(resolver):
    complaint = Complaint(text="买到过期食品", address="东亭街道和桥西大道交叉口")
    assert resolver.resolve_given("FDS", None, complaint, WHEN).route.state is RouteState.NEEDS_PLACE
    named = resolver.resolve_given("FDS", "T03", complaint, WHEN).route
    assert (named.state, named.lead.code, named.place) == (RouteState.ROUTED, "T03", None)
    assert not any("东亭街道" in each.zh for each in named.basis)


def test_rule_and_domain_are_in_the_basis(resolver):
    found = resolver.resolve(*asked("举报广告", {"ADV": 0.9}, {"O11": 0.6}), WHEN)[1]
    assert found.route.lead.code == "O11"
    rule = found.route.tracks[0].rule
    assert any(f"rule {rule}" in each.en and "domain ADV, report" in each.en for each in found.route.basis)


def test_a_matter_of_others_asks_for_coordination_and_names_candidates(resolver):
    found = resolver.resolve(*asked("快递丢了", {"OOS": 0.9}, {"X00": 0.8}), WHEN)[1]
    assert found.route.state is RouteState.NEEDS_COORDINATION
    assert "POST" in [party.code for party in found.route.departments]
    assert "邮政管理" in found.route.needs[0].zh


def test_what_another_department_leaves_to_us_stays_ours(resolver):
    found = resolver.resolve(*asked("物业公司在东亭街道乱收费", {"OOS": 0.6, "PRC": 0.35}, {"X00": 0.8}), WHEN)[1]
    assert found.route.state is RouteState.NEEDS_COORDINATION
    assert "T01" in [party.code for party in found.route.assisting]
    assert any("PRC" in each.zh for each in found.route.basis)


def test_in_a_mixed_matter_our_lead_stays_and_the_department_assists(resolver):
    found = resolver.resolve(*asked("东亭街道的物业公司乱收费", {"PRC": 0.9}, {"T01": 0.6}), WHEN)[1]
    assert found.route.state is RouteState.ROUTED
    assert found.route.lead.code == "T01"
    assert "PROP" in [party.code for party in found.route.assisting]
    assert found.route.departments == ()


def test_on_a_day_off_food_does_not_wait_and_advertising_does(resolver):
    holiday = datetime(2026, 10, 1, 3, tzinfo=UTC)
    food, advertising = asked("买到过期食品", {"FDS": 0.9}, {"T01": 0.4}), asked("广告", {"ADV": 0.9}, {"O11": 0.6})

    assert resolver.resolve(*food, holiday)[1].route.basis[-1] == DAY_OFF
    assert DAY_OFF not in resolver.resolve(*food, WHEN)[1].route.basis
    assert DAY_OFF not in resolver.resolve(*advertising, holiday)[1].route.basis


def test_a_saturday_that_is_worked_is_no_day_off(resolver):
    lift = asked("电梯困人", {"SEQ": 0.9}, {"O07": 0.6})

    assert resolver.resolve(*lift, datetime(2026, 5, 16, 3, tzinfo=UTC))[1].route.basis[-1] == DAY_OFF
    assert DAY_OFF not in resolver.resolve(*lift, datetime(2026, 5, 9, 3, tzinfo=UTC))[1].route.basis


def test_the_day_off_is_the_day_in_china(resolver):
    food = asked("买到过期食品", {"FDS": 0.9}, {"T01": 0.4})

    assert resolver.resolve(*food, datetime(2026, 9, 30, 16, tzinfo=UTC))[1].route.basis[-1] == DAY_OFF
    assert DAY_OFF not in resolver.resolve(*food, datetime(2026, 9, 30, 15, tzinfo=UTC))[1].route.basis


def test_a_complaint_that_is_a_report_as_well_has_two_tracks(resolver):
    text = "东亭街道的店登假广告，要求退还预付款，请查处"
    assert len(requests_of(text, "ADV")) == 2
    found = resolver.resolve(*asked(text, {"ADV": 0.9}, {"O11": 0.6}), WHEN)[1]
    assert {track.kind for track in found.route.tracks} == {Request.COMPLAINT, Request.REPORT} == set(found.kinds)
    assert {track.lead.code for track in found.route.tracks} == {"T01", "O11"}


def test_a_model_without_an_office_head_is_routed_by_domain_and_place(resolver):
    triage, found = resolver.resolve(*asked("买到过期食品，在东亭街道", {"FDS": 0.9}, {}, heads=("domain",)), WHEN)
    assert found.route.lead.code == triage.office.code == "T01"
    assert triage.office.decision is Decision.SUGGEST


def test_a_model_without_a_domain_head_is_routed_by_office_and_place(resolver):
    ticket = asked("买到过期食品，在东亭街道", {}, {"T01": 0.4, "T02": 0.45}, heads=("office",))
    assert resolver.resolve(*ticket, WHEN)[1].route.lead.code == "T01"


def test_a_silent_model_leaves_the_ticket_to_a_person(resolver):
    triage, scores, complaint = asked("买", {"FDS": 0.9}, {"T01": 0.9})
    silence = HeadAnswer(None, None, 0.0, Decision.ABSTAIN, (), None)
    triage = triage._replace(domain=silence, office=silence)
    found = resolver.resolve(triage, scores, complaint, WHEN)
    assert found[0] is triage
    assert found[1].route.state is RouteState.UNSURE
    assert found[1].route.lead is None


def test_a_domain_named_by_hand_is_routed_without_a_model(resolver):
    complaint = Complaint(text="电梯坏了")
    assert resolver.resolve_given("SEQ", None, complaint, WHEN).route.lead.code == "O07"
    assert resolver.resolve_given("FDS", "T03", complaint, WHEN).route.lead.code == "T03"
    assert resolver.resolve_given("FDS", None, complaint, WHEN).route.state is RouteState.NEEDS_PLACE
    assert resolver.resolve_given("no such domain", None, complaint, WHEN).route.state is RouteState.UNSURE


def test_offices_that_the_charter_does_not_know_leave_the_models_answer_alone(resolver):
    ticket = asked("买到过期食品，在东亭街道", {"FDS": 0.9}, {"甲": 0.7}, offices=("甲", "乙"))
    triage, found = resolver.resolve(*ticket, WHEN)
    assert triage is ticket[0]
    assert found.route.lead.code == "甲"
    assert "章程不适用" in found.route.basis[0].zh


def test_an_office_without_a_label_is_reached_by_the_charter_alone(resolver):
    without = tuple(office for office in OFFICES if office != "O07")
    triage, found = resolver.resolve(*asked("电梯坏了", {"SEQ": 0.95}, {"O01": 0.5}, offices=without), WHEN)
    assert found.route.lead.code == triage.office.code == "O07"
    # its probability was never measured, so it is not sent by itself
    assert triage.office.decision is Decision.SUGGEST


def changed(charter, *offices):
    codes = {office.code for office in offices}
    return replace(charter, offices=(*(each for each in charter.offices if each.code not in codes), *offices))


def test_a_renamed_office_answers_under_its_new_name():
    charter, last = demo_charter(), Validity(until=datetime(2026, 1, 1, tzinfo=UTC).date())
    old = Office("O11", "广告监督管理科", OfficeKind.LINE, validity=last, successors=("O21",))
    new = Office("O21", "广告和网络监管科", OfficeKind.LINE)
    triage, _ = Resolver(changed(charter, old, new), VERSION).resolve(
        *asked("举报广告", {"ADV": 0.9}, {"O11": 0.95}), WHEN
    )
    assert (triage.office.code, triage.office.name) == ("O21", "广告和网络监管科")
    assert "O11" not in [each.code for each in triage.office.alternatives]


def test_a_split_offices_tickets_go_where_the_charter_sends_them():
    charter, last = demo_charter(), Validity(until=datetime(2026, 1, 1, tzinfo=UTC).date())
    old = Office("O07", "特种设备安全监察科", OfficeKind.LINE, validity=last, successors=("O27", "O28"))
    lifts, rides = Office("O27", "电梯科", OfficeKind.LINE), Office("O28", "游乐设施科", OfficeKind.LINE)
    split = changed(charter, old, lifts, rides)
    rules = [replace(rule, lead="O28") if "SEQ" in rule.domains else rule for rule in split.responsibilities]
    resolver = Resolver(replace(split, responsibilities=tuple(rules)), VERSION)
    triage, _ = resolver.resolve(*asked("设备坏了", {"SEQ": 0.9}, {"O07": 0.9}), WHEN)
    assert triage.office.code == "O28"
    assert triage.office.confidence > 0.5


def test_the_contrast_stays_only_with_the_pair_that_it_is_about(resolver):
    kept, _ = resolver.resolve(*asked("设备坏了", {"SEQ": 0.9}, {"O07": 0.9, "O01": 0.08}), WHEN)
    assert kept.office.contrast is None or kept.office.contrast.against == kept.office.alternatives[0].code
    moved, _ = resolver.resolve(*asked("过期食品", {"FDS": 0.9}, {"T01": 0.5, "T02": 0.4}, address="桥西大道"), WHEN)
    assert moved.office.code == "T02"
    assert moved.office.contrast is None


def test_doubts_are_those_of_the_combined_answer(resolver):
    triage, _ = resolver.resolve(*asked("设备坏了", {"SEQ": 0.97}, {"O07": 0.97}), WHEN)
    assert "office_low_margin" not in triage.doubts


@supposing(
    domain=st.sampled_from(DOMAINS),
    weight=st.floats(0.0, 1.0),
    office=st.sampled_from(OFFICES),
    text=st.sampled_from(
        ["", "东亭街道", "在桥西买", "家住荷塘街道", "快递", "广告科", "投诉并举报", "石渡镇和柳坞村"]
    ),
    address=st.sampled_from(["", "桥西大道1号", "外地"]),
)
@settings(max_examples=200, deadline=None)
def test_every_ticket_has_a_combined_answer_that_is_a_distribution(resolver, domain, weight, office, text, address):
    ticket = asked(text, {domain: weight}, {office: weight}, address=address)
    triage, found = resolver.resolve(*ticket, WHEN)
    confidences = [triage.office.confidence, *(each.confidence for each in triage.office.alternatives)]
    assert confidences == sorted(confidences, reverse=True)
    assert 0 < sum(confidences) <= 1 + 1e-6
    assert found.route.basis
    assert (found.route.state is RouteState.NEEDS_PLACE) <= bool(found.route.needs)
    assert found.charter == VERSION


BOUND = Sets(Coverage("smallest set @ coverage >= 0.95"), 0.02)


def with_set(triage, *codes, more=0):
    return triage._replace(office=triage.office._replace(set=PredictionSet(0.95, codes, more)))


def test_the_set_of_a_version_that_knows_a_charter_is_of_the_combination(resolver):
    triage, scores, complaint = asked("举报广告", {"ADV": 0.9}, {"O11": 0.5, "O01": 0.3, "T01": 0.15})
    scores = scores._replace(trust=Trust(SHIPPED, "digest", BOUND))
    office = resolver.resolve(with_set(triage, "O11", "O01"), scores, complaint, WHEN)[0].office
    ranked = [(office.code, office.confidence), *[(each.code, each.confidence) for each in office.alternatives]]
    assert office.set.codes == tuple(code for code, share in ranked if share >= 0.02)
    all_in = scores._replace(trust=Trust(SHIPPED, "digest", replace(BOUND, least=1e-9)))
    everybody = resolver.resolve(triage, all_in, complaint, WHEN)[0].office.set
    roster = resolver.roster(WHEN.date(), scores.heads)
    assert len(everybody.codes) + everybody.more == len(roster.offices)


def test_the_tiers_of_a_version_that_knows_a_charter_are_of_the_combination(resolver):
    triage, scores, complaint = asked("举报广告", {"ADV": 0.9}, {"O11": 0.6})
    office = resolver.resolve(triage, scores, complaint, WHEN)[0].office
    assert (office.code, office.decision) == ("O11", Decision.SUGGEST)
    alone = scores.heads[1].policy
    measured = replace(alone, thresholds=tuple(office.confidence if o == "O11" else np.inf for o in OFFICES))
    trust = Trust(SHIPPED, "digest", policy=measured)
    domain, _ = scores.heads
    scores = scores._replace(heads=trust.tiers_of(scores.heads), trust=trust)
    assert scores.heads[0] is domain
    assert scores.heads[1].policy == measured
    assert resolver.resolve(triage, scores, complaint, WHEN)[0].office.decision is Decision.AUTO


def test_a_version_from_before_combined_answers_had_tiers_keeps_those_of_its_head():
    policy = head("office", OFFICES).policy
    trust = Trust(SHIPPED, "digest", BOUND, policy)
    written = trust.to_manifest(OFFICES)
    assert Trust.from_manifest(written, OFFICES) == trust
    del written["policy"]
    older = Trust.from_manifest(written, OFFICES)
    assert older == Trust(SHIPPED, "digest", BOUND)
    heads = (head("office", OFFICES),)
    assert older.tiers_of(heads) is heads


def test_without_a_measured_set_the_models_own_stays_where_the_charter_leaves_its_answer(resolver):
    triage, scores, complaint = asked("举报广告", {"ADV": 0.9}, {"O11": 0.6})
    kept = resolver.resolve(with_set(triage, "O11", "O01", more=2), scores, complaint, WHEN)[0].office
    assert kept.code == "O11"
    assert kept.set == PredictionSet(0.95, ("O11", "O01"), 2)


def test_without_a_measured_set_there_is_none_where_the_charter_moved_the_office(resolver):
    triage, scores, complaint = asked("买到过期食品", {"FDS": 0.9}, {"T01": 0.45, "T02": 0.35}, address="桥西大道5号")
    moved = resolver.resolve(with_set(triage, "T01", "T02"), scores, complaint, WHEN)[0].office
    assert moved.code == "T02"
    assert moved.set is None


def test_a_set_is_in_the_offices_of_the_day():
    charter = demo_charter()
    last = Validity(until=WHEN.date().replace(day=1))
    gone = {"O11": ("O31",), "O07": ("O31",)}
    offices = [
        replace(office, validity=last, successors=gone[office.code]) if office.code in gone else office
        for office in charter.offices
    ]
    merged = Resolver(replace(charter, offices=(*offices, Office("O31", "广告与价格科", OfficeKind.LINE))), VERSION)
    triage, scores, complaint = asked("举报广告", {"ADV": 0.9}, {"O11": 0.7})
    office = merged.resolve(with_set(triage, "O11", "O07", "T01"), scores, complaint, WHEN)[0].office
    # the model knows O11 by its old code, and both have become one
    assert office.code == "O31"
    assert office.set == PredictionSet(0.95, ("O31", "T01"), 0)
