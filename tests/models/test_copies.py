"""Local copies: verified, whole or not there at all, safe among several workers."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from models.copies import LocalCopies
from models.versions import VersionDamaged, VersionInfo


def verify(bundle):
    if json.loads((bundle / "manifest.json").read_text())["sound"] is not True:
        raise ValueError("weights.npy differs from its digest")


def version(number=3, run_id="0123456789abcdef"):
    return VersionInfo("complaint-triage", number, (), datetime.now(UTC), run_id, {})


class Origin:
    """A directory that bundles are copied from, counting how often."""

    def __init__(self, directory, *, sound=True):
        directory.mkdir()
        (directory / "manifest.json").write_text(json.dumps({"sound": sound}))
        self.directory, self.asked = directory, 0

    def __call__(self, into):
        self.asked += 1
        return shutil.copytree(self.directory, into / "bundle")


@pytest.fixture
def origin(tmp_path):
    return Origin(tmp_path / "origin")


@pytest.fixture
def copies(tmp_path):
    return LocalCopies(tmp_path / "copies", verify)


def test_a_sound_copy_is_not_fetched_again(copies, origin):
    first = copies.get(version(), origin)
    assert copies.get(version(), origin) == first
    assert origin.asked == 1


def test_a_copy_is_checked_against_the_origin_when_asked_anew(copies, origin):
    copies.get(version(), origin)
    copies.get(version(), origin, anew=True)
    assert origin.asked == 2


def test_a_copy_that_was_damaged_here_is_replaced(copies, origin):
    place = copies.get(version(), origin)
    (place / "manifest.json").write_text("{")
    assert copies.get(version(), origin) == place
    verify(place)
    assert origin.asked == 2


def test_what_fails_its_checks_never_becomes_a_copy(copies, tmp_path):
    with pytest.raises(VersionDamaged, match=r"complaint-triage 3 .*differs from its digest.*paidan train"):
        copies.get(version(), Origin(tmp_path / "broken", sound=False))
    assert list(copies.root.iterdir()) == []


def test_the_same_number_in_another_registry_is_another_copy(copies, origin):
    assert copies.get(version(run_id="a" * 32), origin) != copies.get(version(run_id="b" * 32), origin)


def test_workers_that_start_together_all_get_the_one_whole_copy(copies, origin):
    with ThreadPoolExecutor(8) as workers:
        places = set(workers.map(lambda _: copies.get(version(), origin), range(24)))
    assert len(places) == 1
    assert [path.name for path in copies.root.iterdir()] == [places.pop().name]


def test_workers_that_find_a_damaged_copy_together_all_get_a_sound_one(copies, origin):
    place = copies.get(version(), origin)
    (place / "manifest.json").write_text("{")
    with ThreadPoolExecutor(8) as workers:
        assert set(workers.map(lambda _: copies.get(version(), origin), range(8))) == {place}
    verify(place)


def test_the_last_champion_is_known_without_asking_anyone(copies, origin):
    assert copies.last_known_champion() is None
    place = copies.get(version(), origin)
    copies.point_at_champion(version())
    found = LocalCopies(copies.root, verify).last_known_champion()
    assert (found.model.name, found.model.version, found.path) == ("complaint-triage", "3", place)


@pytest.mark.parametrize("pointer", ["", "[]", '{"version": 3}', '{"name": "m", "version": 9, "copy": "9-gone"}'])
def test_a_pointer_that_leads_nowhere_names_no_champion(copies, pointer):
    copies.root.mkdir()
    (copies.root / "champion.json").write_text(pointer)
    assert copies.last_known_champion() is None
