"""The demo charter against the starter set, whose offices were labelled by the same bureau's dispatch rules."""

import csv
from datetime import date

import pytest

from features.complaint import Complaint
from models.charter.conditions import ConditionFinder
from models.charter.demo import demo_charter
from models.charter.division import Division
from models.charter.places import PlaceFinder
from models.charter.vocabulary import KINDS
from training.written.starter import starter_files


@pytest.fixture(scope="module")
def rows():
    """The starter set's rows, each with what it says."""
    found = []
    for path in starter_files():
        with path.open(encoding="utf-8", newline="") as file:
            found += csv.DictReader(file)
    return [(row, Complaint(row["text"], row["title"], row["merchant"], row["address"])) for row in found]


def test_the_charter_names_the_labelled_office_where_domain_and_kind_are_known(rows, record_property):
    charter = demo_charter()
    division, conditions, places = Division(charter, date(2026, 11, 22)), ConditionFinder(charter), PlaceFinder(charter)
    right = 0
    for row, said in rows:
        seen = places.sight(said)
        place = seen.place.station if seen.place is not None and not seen.others else None
        condition = conditions.of(f"{said.title}\n{said.text}")
        duty = division.duty(row["domain"], KINDS[row["kind"].split("|")[0]], condition, place)
        right += duty is not None and duty.lead == row["office"]
    record_property("agreement", right / len(rows))
    # most rows are labelled by authors who had not seen the conditions' terms
    assert right / len(rows) >= 0.965


def test_most_matters_of_others_name_the_department_that_has_them(rows, record_property):
    places = PlaceFinder(demo_charter())
    matters = [(row, said) for row, said in rows if row["domain"] == "OOS"]
    named = sum(row["department"] in places.sight(said).departments for row, said in matters)
    record_property("recall", named / len(matters))
    assert named / len(matters) >= 0.9
