"""The compiled pool against its formula written out, and the offices of a day beside a model's labels."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given as supposing
from hypothesis import settings
from hypothesis import strategies as st

from features.complaint import Complaint
from models.charter.articles import Office, OfficeKind, Request, Validity
from models.charter.demo import demo_charter
from models.charter.division import Circumstances
from models.charter.due import Deadlines
from models.charter.places import PlaceFinder
from models.charter.pool import MATCHES, opinions, pooled
from models.charter.roster import Roster
from models.charter.routing import Router
from models.charter.trust import LEAST_DUTY, LEAST_SAID, SHIPPED, Match, Trust
from models.charter.wording import Wording
from models.decision import Floor, Policy, Precision
from models.fitted import Head

DAY = date(2026, 5, 6)
DOMAINS, OFFICES = ("ADV", "FDS", "PRC", "gone"), ("O01", "O11", "T01", "T02", "somebody else")


def head(target, classes):
    policy = Policy(
        Precision("maximum coverage @ precision >= 0.95"), Floor("confidence >= 0.20"), (0.9,) * len(classes), ()
    )
    return Head(target, classes, {}, None, policy)


HEADS = (head("domain", DOMAINS), head("office", OFFICES))


@pytest.fixture(scope="module")
def roster():
    return roster_of(demo_charter())


def roster_of(charter):
    return Roster(charter, Router(charter, DAY, Wording(charter), Deadlines(charter)), DAY, HEADS)


@pytest.fixture(scope="module")
def finder():
    return PlaceFinder(demo_charter())


def told(roster, finder, probabilities, text, kinds=(Request.COMPLAINT,)):
    sighting = finder.sight(Complaint(text=text))
    place = sighting.place.station if sighting.place else None
    return roster.told(np.array(probabilities, np.float32), Circumstances(kinds, None, place), sighting)


def matches_of(roster, arguments):
    matches = np.empty((len(roster.offices), MATCHES))
    opinions(*arguments, matches)
    return {
        code: dict(zip(Match, row, strict=True)) for code, row in zip(roster.offices, matches.tolist(), strict=True)
    }


def likely(domain=None, office=None):
    domains, offices = np.full(len(DOMAINS), 0.1), np.full(len(OFFICES), 0.1)
    if domain:
        domains[DOMAINS.index(domain)] = 0.7
    if office:
        offices[OFFICES.index(office)] = 0.6
    return np.concatenate([domains, offices])


@supposing(
    values=st.lists(st.floats(1e-9, 1.0), min_size=9, max_size=9),
    text=st.sampled_from(["", "东亭街道", "荷塘街道和柳坞镇", "广告监督管理科"]),
    kinds=st.sampled_from([(Request.COMPLAINT,), (Request.REPORT,), (Request.COMPLAINT, Request.REPORT)]),
)
@settings(max_examples=100, deadline=None)
def test_the_compiled_pool_is_the_softmax_of_weighted_matches(roster, finder, values, text, kinds):
    arguments = told(roster, finder, values, text, kinds)
    matches = np.empty((len(roster.offices), MATCHES))
    opinions(*arguments, matches)
    scores = matches @ np.array(SHIPPED)
    expected = np.exp(scores - scores.max())
    expected /= expected.sum()
    *found, passing = pooled(*arguments, np.array(SHIPPED), 0.05)
    assert (expected >= 0.0501).sum() <= passing <= (expected >= 0.0499).sum()
    for number, share in zip(found[::2], found[1::2], strict=True):
        assert share == pytest.approx(expected[number], rel=1e-4)
    assert sorted(found[1::2], reverse=True) == found[1::2]
    assert found[1] == pytest.approx(expected.max(), rel=1e-4)


def test_matches_are_the_logarithms_of_what_model_and_charter_say(roster, finder):
    found = matches_of(roster, told(roster, finder, likely("ADV", "O11"), "", (Request.REPORT,)))
    assert found["O11"][Match.MODEL] == pytest.approx(np.log(0.6), abs=1e-5)
    assert found["O11"][Match.DUTY] == pytest.approx(np.log(0.7 + LEAST_DUTY), abs=1e-5)
    assert found["T01"][Match.DUTY] == pytest.approx(np.log(LEAST_DUTY), abs=1e-5)
    assert found["T01"][Match.REACH] > np.log(0.1)
    # of an office without a label the charter alone speaks
    assert found["O12"][Match.MODEL] == found["O12"][Match.DUTY]
    assert min(each[Match.MODEL] for each in found.values()) >= np.log(LEAST_SAID)


def test_two_kinds_share_the_duty(roster, finder):
    found = matches_of(roster, told(roster, finder, likely("ADV"), "东亭街道", (Request.COMPLAINT, Request.REPORT)))
    assert found["O11"][Match.DUTY] == pytest.approx(np.log(0.35 + LEAST_DUTY), abs=1e-3)
    assert found["T01"][Match.DUTY] > np.log(0.35)


def test_the_place_is_at_home_in_one_territory_and_away_from_the_others(roster, finder):
    found = matches_of(roster, told(roster, finder, likely(), "在东亭街道"))
    assert (found["T01"][Match.HOME_TEXT], found["T01"][Match.AWAY_TEXT]) == (1, 0)
    assert (found["T02"][Match.HOME_TEXT], found["T02"][Match.AWAY_TEXT]) == (0, 1)
    assert (found["O11"][Match.HOME_TEXT], found["O11"][Match.AWAY_TEXT]) == (0, 0)
    mixed = matches_of(roster, told(roster, finder, likely(), "荷塘街道和荷塘广场和柳坞镇"))
    assert (mixed["T03"][Match.HOME_MIXED], mixed["T04"][Match.AWAY_MIXED], mixed["T03"][Match.HOME_TEXT]) == (1, 1, 0)


def test_an_office_that_is_named_is_told(roster, finder):
    found = matches_of(roster, told(roster, finder, likely(), "请广告监督管理科处理"))
    assert [code for code, each in found.items() if each[Match.NAMED]] == ["O11"]


def test_labels_that_no_office_has_take_no_part(roster):
    assert roster.applies
    assert "somebody else" not in roster.offices
    assert [OFFICES[label] for label in roster.labels if label >= 0] == ["O01", "O11", "T01", "T02"]


def test_two_offices_that_became_one_bring_both_probabilities(finder):
    last = Validity(until=date(2026, 1, 1))
    charter = demo_charter()
    ended = {"T01", "T02"}
    offices = [replace(o, validity=last, successors=("T09",)) if o.code in ended else o for o in charter.offices]
    charter = replace(charter, offices=(*offices, Office("T09", "东桥所", OfficeKind.STATION)))
    roster = roster_of(charter)
    found = matches_of(roster, told(roster, finder, likely(office="T01"), ""))
    assert found["T09"][Match.MODEL] == pytest.approx(np.log(0.7), abs=1e-5)
    assert not ended & set(roster.offices)


def test_trust_comes_back_from_a_manifest_by_names():
    trust = Trust(tuple(float(number) for number in range(len(Match))), "digest")
    assert Trust.from_manifest(trust.to_manifest(()), ()) == trust
    assert Trust.from_manifest(None, ()).weights == SHIPPED
    with pytest.raises(ValueError, match="expected one for each"):
        Trust((1.0,))
