"""What the checker of a written set finds, on small sets and on the shipped one."""

import csv

import pytest

from features.normalise import Normaliser
from training.tables.dataset import read_labelled
from training.written.starter import starter_files
from training.written.starter_check import CORNER, GRAM, SMELL, check

LONG = "超市卖的酸奶过了保质期还摆在货架上，店员说是忘了下架，要求查处并赔偿。"


@pytest.fixture
def found(tmp_path):
    """Check a set of (text, domain, batch)."""

    def found(rows):
        path = tmp_path / "set.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "domain", "office", "kind", "batch"])
            writer.writerows([text, domain, "O03", "投诉", batch] for text, domain, batch in rows)
        return check(read_labelled([path]), Normaliser().text_of)

    return found


def test_nearly_the_same_text_twice_is_a_copy_and_with_two_labels_a_contradiction(found):
    said = found([(LONG, "FDS", "1"), (LONG + "谢谢", "CAT", "2"), ("电梯困人", "SEQ", "1")])
    assert said.copies == ((0, 1),)
    ((target, rows, labels),) = [(c.target, c.rows, c.labels) for c in said.contradictions]
    assert (target, rows, labels) == ("domain", (0, 1), ("CAT", "FDS"))


def test_a_phrase_in_several_authors_rows_smells_of_a_template_and_is_told_once(found):
    phrase = "恳请贵局本着为民办实事的态度"
    subjects = ["买到霉米，", "理发店倒闭，", "停车费贵，", "秤不准，"]
    said = found([(f"{subject}{phrase}。", "GEN", str(n)) for n, subject in enumerate(subjects)])
    assert len(said.smells) == 1
    smell = said.smells[0]
    assert (len(smell.piece), smell.rows, smell.batches) == (GRAM, (0, 1, 2, 3), SMELL)


def test_an_operators_formula_does_not_smell(found):
    things = ["霉米", "余额", "秤", "停车", "电梯"]
    assert not found([(f"市民来电反映：{thing}。请相关职能部门及时调查处理。", "GEN", "1") for thing in things]).smells


def test_a_label_without_rows_of_a_length_is_a_thin_corner(found):
    said = found([(f"第{n}家店卖过期奶", "FDS", "1") for n in range(CORNER)])
    assert {(c.column, c.label, c.shorter_than, c.rows) for c in said.corners if c.column == "domain"} == {
        ("domain", "FDS", 120, 0),
        ("domain", "FDS", 10_000, 0),
    }
    assert "thin: domain FDS under 120 characters, 0 rows" in said.to_text()


def test_the_shipped_set_has_no_copies_contradictions_or_thin_corners_and_only_names_of_laws_in_common():
    said = check(read_labelled(starter_files()), Normaliser().text_of)
    assert (said.copies, said.contradictions, said.corners) == ((), (), ()), said.to_text()
    assert all(len(smell.rows) <= 6 for smell in said.smells), said.to_text()
    assert len(said.smells) <= 15, said.to_text()
