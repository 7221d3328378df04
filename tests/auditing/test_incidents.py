from datetime import UTC, datetime, timedelta

import pytest

from auditing.figures.incidents import Ledger, Subject, Trouble, Verdict

NOON = datetime(2026, 10, 3, 4, tzinfo=UTC)
LABELS = Subject(Trouble.DRIFT, "7", "labels", "office")
REFUSED = Subject(Trouble.VERSION_REFUSED, "8")


def test_an_incident_is_told_when_it_begins_and_when_it_ends_and_not_between():
    ledger = Ledger()
    for hours, troubled in enumerate((None, True, True, None, False, False)):
        ledger = ledger.after({LABELS: Verdict(troubled, 0.25)}, NOON + timedelta(hours=hours))
    begun, ended = ledger.undelivered
    assert ledger.open == ()
    assert (begun["event"], begun["incident"], begun["kind"], begun["target"], begun["version"], begun["value"]) == (
        "begun", "drift", "labels", "office", "7", 0.25,
    )  # fmt: skip
    assert (ended["event"], ended["since"], ended["at"]) == (
        "ended", "2026-10-03T05:00:00+00:00", "2026-10-03T08:00:00+00:00",
    )  # fmt: skip
    assert begun["incident_id"] == ended["incident_id"]


def test_what_no_verdict_speaks_of_stays():
    ledger = Ledger().after({LABELS: Verdict(troubled=True)}, NOON)
    later = ledger.after({REFUSED: Verdict(troubled=True)}, NOON)
    assert [incident.subject for incident in later.open] == [LABELS, REFUSED]
    assert ledger.after({}, NOON) == ledger


def test_a_restart_tells_nothing_twice_and_forgets_nothing(tmp_path):
    file = tmp_path / "incidents.json"
    ledger = Ledger().after({LABELS: Verdict(troubled=True), REFUSED: Verdict(troubled=True)}, NOON).delivered()
    ledger.write(file)
    again = Ledger.read(file)
    assert again == ledger
    assert [notice["incident"] for notice in again.undelivered] == ["version_refused"]
    assert [path.name for path in tmp_path.iterdir()] == ["incidents.json"]


@pytest.mark.parametrize("kept", ["", "[]", "{}", '{"open": [{}], "undelivered": []}', '{"open": 1, "undelivered": 2}'])
def test_a_file_that_is_none_of_ours_is_an_empty_one(tmp_path, kept):
    (tmp_path / "incidents.json").write_text(kept)
    assert Ledger.read(tmp_path / "incidents.json") == Ledger() == Ledger.read(tmp_path / "nowhere")
