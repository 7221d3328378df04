"""Days are counted as the law counts them; the table was worked out with the State Council's notices and a pencil."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from models.charter.workdays import after_days, after_workdays, in_china, is_workday

BY_HAND = tuple(csv.DictReader((Path(__file__).parent / "due_by_hand.csv").read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("case", BY_HAND, ids=lambda case: f"{case['start']}+{case['amount']}{case['unit']}")
def test_the_last_day_is_the_one_worked_out_by_hand(case):
    count = {"workdays": after_workdays, "days": after_days}[case["unit"]]

    last = count(date.fromisoformat(case["start"]), int(case["amount"]))

    assert last == (date.fromisoformat(case["last_day"]), case["provisional"] == "yes")


def test_a_year_without_a_table_counts_by_weekends_and_says_so():
    assert is_workday(date(2027, 10, 1)) == (True, False)
    assert is_workday(date(2027, 10, 2)) == (False, False)
    assert is_workday(date(2026, 10, 1)) == (False, True)


def test_a_moment_without_a_zone_is_taken_to_be_in_china():
    assert in_china(datetime(2026, 5, 1, 8, 30)).isoformat() == "2026-05-01T08:30:00+08:00"  # noqa: DTZ001
    assert in_china(datetime(2026, 4, 30, 17, tzinfo=UTC)).isoformat() == "2026-05-01T01:00:00+08:00"
