"""The experiment itself: all of it on a few rows of the starter set."""

import os

import numpy as np
import pytest

from tests.experiments.compare import gain
from tests.experiments.review_budget import OUTCOMES, REVIEWS, Plan, run, table
from tests.experiments.weeks import WeeksTooFew, read_weeks
from training.written.starter import starter_files


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
# MLflow 3.17 on SQLAlchemy 2.1
@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning")
@pytest.mark.usefixtures("quick_training")
def test_the_whole_loop_runs_on_a_few_rows(tmp_path):
    weeks = read_weeks(starter_files()[:3], (), 60, 12)
    found = run(weeks, Plan(budget=20, seeds=0, requests=400), tmp_path)
    replayed, reload = found["replay"], found["reload"]
    assert sum(replayed.values()) == found["rows"]["then"]
    # whatever the queue puts in front was wrong
    assert (found["budget"], found["put_right"]["queue"]) == (20, 20)
    assert reload["failed"] == 0
    assert reload["requests"] >= 400
    assert set(reload["by_version"]) == {"1", "2"}
    assert "against 1" in reload["gate"]
    assert set(found["first_dispatch_accuracy"]["after"]) == {OUTCOMES, REVIEWS}
    assert "first-dispatch accuracy" in table(found)


def test_weeks_follow_each_other_and_all_three_parts_have_some():
    weeks = read_weeks(starter_files()[:3], (), 60, 12)
    assert weeks.first.days[1] < weeks.then.days[0]
    assert weeks.then.days[1] < weeks.later.days[0]
    with pytest.raises(WeeksTooFew, match="96 weeks"):
        read_weeks(starter_files()[:3], (), 60, 36)


def test_a_gain_is_the_difference_to_the_mean_and_its_interval_knows_of_groups_and_seeds():
    rows = np.arange(400)
    one, worse, much_worse = rows % 4 > 0, rows % 2 > 0, rows % 4 == 3
    alone = gain(one, [worse], rows)
    assert alone.change == pytest.approx(0.25)
    assert alone.low < 0.25 < alone.high
    assert gain(one, [worse, much_worse], rows).change == pytest.approx(0.375)
    # seeds that far apart, and rows that come in hundreds, say less
    assert width(gain(one, [worse, much_worse], rows)) > width(alone)
    assert width(gain(one, [worse], rows % 4 * 2 + rows // 200)) > width(alone)
    assert gain(one, [one], rows) == (0, 0, 0)


def width(found):
    return found.high - found.low
