"""The demo charter against the starter set, whose offices were labelled by the same bureau's dispatch rules."""

import csv
from datetime import date

import pytest

from models.charter.demo import demo_charter
from models.charter.division import Division
from models.charter.vocabulary import KINDS
from training.starter import starter_files

OWN = ("address", "merchant")
TOLD = ("title", "text")


@pytest.fixture(scope="module")
def rows():
    found = []
    for path in starter_files():
        with path.open(encoding="utf-8", newline="") as file:
            found += csv.DictReader(file)
    return found


def stations_in(text):
    return {
        territory.station
        for territory in demo_charter().territories
        for place in territory.names
        for name in (place.name, *place.aliases)
        if name in text and not any(longer in text for longer in place.excluded)
    }


def place_of(row):
    """The only station whose territory the address, else the merchant's name, else the text names."""
    for text in (row["address"], row["merchant"], row["title"] + row["text"]):
        found = stations_in(text)
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def test_the_charter_names_the_labelled_office_where_domain_and_kind_are_known(rows, record_property):
    charter = demo_charter()
    division = Division(charter, date(2026, 11, 22))
    terms = {condition.code: condition.terms for condition in charter.conditions}
    right = 0
    for row in rows:
        text = "\n".join(row[field] for field in (*OWN, *TOLD))
        met = (code for code in division.conditions(row["domain"]) if any(term in text for term in terms[code]))
        kind = KINDS[row["kind"].split("|")[0]]
        duty = division.duty(row["domain"], kind, next(met, None), place_of(row))
        right += duty is not None and duty.lead == row["office"]
    record_property("agreement", right / len(rows))
    assert right / len(rows) >= 0.98


def test_most_matters_of_others_name_the_department_that_has_them(rows, record_property):
    matters = [row for row in rows if row["domain"] == "OOS"]
    named = 0
    for row in matters:
        text = "\n".join(row[field] for field in (*OWN, *TOLD))
        found = {d.code for d in demo_charter().departments if any(term in text for term in d.terms)}
        named += row["department"] in found
    record_property("recall", named / len(matters))
    assert named / len(matters) >= 0.8
