"""The champion's history, as pure functions over changes."""

from datetime import UTC, datetime, timedelta

from models.history import (
    Change,
    ChangeKind,
    champion_at,
    next_moment,
    previous_champion,
    read_changes,
    tag_key,
    tag_value,
)

NOON = datetime(2026, 10, 3, 12, tzinfo=UTC)


def line(*steps):
    """Build changes an hour apart from (kind, version) pairs."""
    changes, previous = [], None
    for hour, (kind, version) in enumerate(steps):
        changes.append(Change(NOON + timedelta(hours=hour), ChangeKind(kind), "李", "因为", previous, version))
        previous = version
    return tuple(changes)


def test_changes_survive_the_way_through_tags_in_order():
    changes = line(("promote", 1), ("promote", 2), ("rollback", 1))
    tags = {tag_key(change): tag_value(change) for change in reversed(changes)} | {"owner": "someone"}
    assert read_changes(tags) == changes


def test_the_same_moment_never_gives_the_same_key_twice():
    change = line(("promote", 1))[0]
    assert tag_key(change) != tag_key(change)


def test_the_champion_of_a_moment_is_the_last_one_promoted_before_it():
    changes = line(("promote", 1), ("promote", 2))
    assert champion_at(changes, NOON - timedelta(seconds=1)) is None
    assert champion_at(changes, NOON) == 1
    assert champion_at(changes, NOON + timedelta(minutes=59)) == 1
    assert champion_at(changes, NOON + timedelta(days=1)) == 2


def test_a_machine_whose_clock_is_behind_still_writes_after_the_last_change():
    changes = line(("promote", 1))
    assert next_moment(changes, NOON - timedelta(hours=1)) > changes[-1].when
    assert next_moment((), NOON) == NOON


def test_a_rollback_returns_to_the_champion_before():
    assert previous_champion(line(("promote", 1), ("promote", 2)), 2) == 1


def test_a_second_rollback_goes_further_back_and_not_forth_again():
    changes = line(("promote", 1), ("promote", 2), ("promote", 3), ("rollback", 2))
    assert previous_champion(changes, 2) == 1


def test_the_first_champion_has_none_before_it():
    assert previous_champion(line(("promote", 1)), 1) is None
    assert previous_champion((), None) is None


def test_a_version_promoted_again_counts_where_it_was_promoted_last():
    assert previous_champion(line(("promote", 1), ("promote", 2), ("promote", 1)), 1) == 2


def test_a_rollback_after_the_alias_was_removed_returns_to_the_last_champion():
    assert previous_champion(line(("promote", 1), ("promote", 2), ("outside", None)), None) == 2
