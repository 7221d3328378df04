"""Names of labels."""

import csv

from models.taxonomy import known_names, names_of
from training.written.starter import starter_files


def test_every_label_of_the_starter_set_is_shipped_with_a_name():
    for file in starter_files():
        with file.open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                assert row["domain"] in known_names("domain")
                assert row["office"] in known_names("office")


def test_there_are_twenty_domains_and_each_name_is_its_own():
    assert len(known_names("domain")) == 20
    for target in ("domain", "office"):
        assert len(set(known_names(target).values())) == len(known_names(target))


def test_our_labels_bear_our_names():
    assert names_of("domain", ["PRE", "FDS"]) == {label: known_names("domain")[label] for label in ("PRE", "FDS")}


def test_a_set_with_a_label_of_somebody_elses_bears_none_of_our_names():
    assert names_of("office", ["O01", "法制科"]) == {"O01": "O01", "法制科": "法制科"}
    assert names_of("domain", []) == {}
