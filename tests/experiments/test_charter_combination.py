"""The experiment itself, on complaints written for the tests: a model, a derived charter, both, and a reorganised one."""

import csv
from datetime import date, timedelta

import pytest

from models.charter.checking import check, errors_of
from models.charter.reading import read_charter
from notebooks.derive_charter import derive, district_names, to_yaml
from tests.experiments.charter_combination import read_past, run

PLACES = {"T01": "东亭", "T04": "柳坞", "T06": "高新"}
MATTERS = {"FDS": "食品科", "PRE": "消保科", "PRC": "价格所"}


@pytest.fixture(scope="module")
def past(tiny_complaints, tmp_path_factory):
    """Sixty days with four complaints each; prices are the whole city's, the rest is the district's."""
    path = tmp_path_factory.mktemp("past") / "past.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("received_at", "text", "domain", "office", "district"))
        for day in range(60):
            for number in range(4):
                text, domain, station = tiny_complaints[(day * 7 + number * 13) % len(tiny_complaints)]
                place = "" if domain == "PRC" else f"{PLACES[station]}区"
                when = date(2025, 3, 1) + timedelta(days=day)
                said = f"{text}，第{day}天第{number}件，编号{day * 31 + number}"
                rows.writerow((f"{when}T09:0{number}:00+08:00", said, domain, f"{place}{MATTERS[domain]}", place))
    return read_past([path], ())


def test_the_experiment_compares_all_three_ways_and_a_reorganised_charter(past):
    found, text = run(past, district_names(past.data, "district"))
    assert set(found["later"]) == {"model", "charter", "both"}
    assert all(0 < each["top1"] <= each["top3"] <= 1 for each in found["later"].values())
    assert found["both_less"]["model"]["low"] <= found["both_less"]["model"]["high"]
    assert found["later"]["both"]["top1"] >= found["later"]["model"]["top1"] - 0.05
    assert found["reorganised"]["rows_of_the_three"] > 0
    assert not errors_of(check(read_charter(text), date(2025, 5, 1)))


def test_a_derived_charter_knows_districts_by_words_and_units_by_district():
    texts = [f"{place}路的店{n}卖过期食品" for n in range(6) for place in ("东亭", "柳坞")]
    offices = [f"{place}区食品科" for _ in range(6) for place in ("东亭", "柳坞")]
    found = derive(texts, offices, ["FDS"] * 12, ["东亭", "柳坞"])
    charter = read_charter(to_yaml(found))
    assert {rule.lead for rule in charter.responsibilities if rule.places} == {"东亭区食品科", "柳坞区食品科"}
    assert [territory.names[0].name for territory in charter.territories] == ["东亭", "柳坞"]
    # what both districts' rows say is no place
    assert all("过期" not in name.name for territory in charter.territories for name in territory.names)
