"""What a budget of reviews gains: the queue's order against random cases, through the whole loop.

python -m tests.experiments.review_budget --data haikou12345.csv.gz --column office=office_group

The first weeks are learnt and served by `paidan serve`. The following weeks come in over HTTP, in order of time; the
office that is suggested accepts what is its own and returns the rest to the centre. Reviewers who know what is right then
look at so many cases, in the queue's order or at random among all traffic or among the waiting cases. Each time, `paidan
audit export` and `paidan train` make a version of the first weeks and the labels; the queue's is promoted by the gate
while complaints keep coming in. All versions are judged by first-dispatch accuracy on the later weeks, of which none has
seen anything.

Two rules say which labels count, the same for every way of spending the budget: those of the reviewers and the offices
that accepted (`--outcomes`), which is the loop; and those of the reviewers alone.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from features.complaint import Complaint
from tests.benchmarks.data import ROOT
from tests.benchmarks.services import Serving, our_service
from tests.experiments.bureau import Bureau, Load, Suggested, replay, reviewer
from tests.experiments.compare import Right, gain
from tests.experiments.weeks import Stretch, Weeks, read_weeks

OUTCOMES, REVIEWS = "reviews and acceptances", "reviews alone"
_RULES: Mapping[str, tuple[str, ...]] = {OUTCOMES: ("--outcomes",), REVIEWS: ()}


@dataclass(frozen=True)
class Plan:
    """How much of everything; `seeds`: random ways of spending the budget, of each kind."""

    budget: int
    seeds: int
    requests: int


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), multiple=True, required=True)
@click.option("--column", "columns", multiple=True, metavar="ROLE=NAME")
@click.option("--first", default=4, show_default=True, help="weeks to learn from")
@click.option("--then", default=10, show_default=True, help="weeks to replay")
@click.option("--budget", default=500, show_default=True, help="cases to review")
@click.option("--seeds", default=5, show_default=True, help="random controls of each kind")
@click.option("--requests", default=5_000, show_default=True, help="least number of requests around the promotion")
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "var" / "experiment.json")
def main(
    data: tuple[Path, ...], columns: tuple[str, ...], first: int, then: int, budget: int, seeds: int, requests: int,
    output: Path,
) -> None:  # fmt: skip
    """Run the experiment; figures go to a file, a table to the terminal."""
    weeks = read_weeks(data, columns, first, then)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="experiment-", dir=output.parent) as work:
        found = run(weeks, Plan(budget, seeds, requests), Path(work))
    asked = {"first": first, "then": then, "budget": budget, "seeds": seeds, "requests": requests}
    found = {"data": [path.name for path in data], "columns": columns, "asked": asked, **found}
    output.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    click.echo(table(found))


def run(weeks: Weeks, plan: Plan, work: Path) -> dict[str, Any]:
    """Go through the loop once, and give the figures. `work`: a directory of this run alone; it holds complaints."""
    first, bureau = weeks.first.write(work / "first.csv"), Bureau(work / "home")
    bureau.home.mkdir()
    _say("train on the first weeks")
    bureau.paidan("train", "--data", str(first))
    bureau.paidan("models", "promote", "--reason", "the first weeks")
    before = judged(bureau, "champion", weeks.later)
    with our_service(bureau.home, work, reload_seconds=0.5) as serving:
        _say("replay the following weeks")
        answers = replay(_address(serving), weeks.then, _next_day)
        untouched = bureau.twin(work / "replayed")
        truth = {each.prediction_id: office for each, office in zip(answers, weeks.then.office, strict=True)}
        judge = reviewer(truth, {each.prediction_id: each.office for each in answers})
        looked = bureau.work_the_queue(plan.budget, judge)
        reviewed = bureau.twin(work / "reviewed")
        _say(f"{len(looked)} cases in the queue's order; train, gate, promote under load")
        labels = work / "reviewed.parquet"
        bureau.paidan("audit", "export", *_RULES[OUTCOMES], str(labels))
        bureau.paidan("train", "--data", str(first), "--data", str(labels))
        reload = promoted(bureau, serving, weeks.later.complaints, plan.requests)
    after = {rule: {"queue": []} for rule in _RULES}
    after[OUTCOMES]["queue"].append(judged(bureau, "champion", weeks.later))
    after[REVIEWS]["queue"].append(retrained(reviewed, REVIEWS, first, weeks.later))
    drawn = controls(answers, weeks.then.office, plan)
    for way, draws in drawn.items():
        for number, cases in enumerate(draws, 1):
            _say(f"{way}, {number} of {len(draws)}")
            control = untouched.twin(work / f"{way} {number}")
            control.look_at(cases, judge)
            for rule, ways in after.items():
                ways.setdefault(way, []).append(retrained(control, rule, first, weeks.later))
    return {
        "rows": {name: len(part) for name, part in _parts(weeks)},
        "days": {name: part.days for name, part in _parts(weeks)},
        "replay": _replayed(answers, weeks.then),
        "budget": len(looked),
        "put_right": {
            "queue": _wrong(looked, answers, truth),
            **{way: [_wrong(cases, answers, truth) for cases in draws] for way, draws in drawn.items()},
        },
        "reload": reload,
        "first_dispatch_accuracy": {
            "before": float(before.mean()),
            "after": {rule: _figures(before, ways, weeks.later.groups) for rule, ways in after.items()},
        },
    }


def judged(bureau: Bureau, reference: str, later: Stretch) -> Right:
    """Whether a version's first suggestion is right, shape (rows,); silence is not."""
    said = bureau.model(reference).triage_many(later.complaints, with_evidence=False)
    return np.array(
        [each.office is not None and each.office.code == right for each, right in zip(said, later.office, strict=True)]
    )


def retrained(bureau: Bureau, rule: str, first: Path, later: Stretch) -> Right:
    """Export, train, and judge the version."""
    labels = bureau.home / "labels.parquet"
    bureau.paidan("audit", "export", *_RULES[rule], str(labels))
    bureau.paidan("train", "--data", str(first), "--data", str(labels))
    return judged(bureau, "challenger", later)


def promoted(bureau: Bureau, serving: Serving, complaints: Sequence[Complaint], requests: int) -> dict[str, Any]:
    """Promote the challenger while complaints keep coming in, before and after; what became of them."""
    old, new = (str(bureau.registry.resolve(alias).number) for alias in ("champion", "challenger"))
    share = requests // 4
    with Load(_address(serving), complaints) as load:
        load.until(lambda answered: answered[old] >= share)
        bureau.paidan("models", "promote", "challenger", "--reason", "reviewed cases")
        load.until(lambda answered: answered[new] >= share and answered.total() >= requests)
    return {
        "requests": load.answered.total() + len(load.failed),
        "failed": len(load.failed),
        "by_version": dict(load.answered),
        "gate": bureau.registry.history()[-1].gate,
    }


def controls(answers: Sequence[Suggested], office: npt.NDArray[np.object_], plan: Plan) -> dict[str, list[list[str]]]:
    """Ways to spend the same budget at random: among all cases, and among those that wait for a look."""
    everything = [each.prediction_id for each in answers]
    waiting = [each.prediction_id for each, right in zip(answers, office, strict=True) if each.office != right]
    return {
        name: [_drawn(cases, plan.budget, seed) for seed in range(plan.seeds)]
        for name, cases in (("random", everything), ("random waiting", waiting))
    }


def table(found: Mapping[str, Any]) -> str:
    """The figures in a few lines."""
    rows, replayed, reload = found["rows"], found["replay"], found["reload"]
    accuracy = found["first_dispatch_accuracy"]
    lines = [
        f"学习 learnt {rows['first']:,} · 回放 replayed {rows['then']:,} · 评判 judged {rows['later']:,}",
        f"回放 replay: 签收 accepted {replayed['accepted']:,} · 退回 returned {replayed['returned']:,} · 未答 silent {replayed['silent']:,}",
        f"热加载 reload: {reload['requests']:,} requests, {reload['failed']} failed, by version {reload['by_version']}",
        f"晋级关 gate: {reload['gate']}",
        f"首派准确率 first-dispatch accuracy, before {accuracy['before']:.4f}; after {found['budget']} reviews:",
    ]
    for rule, figures in accuracy["after"].items():
        lines.append(f"  {rule}")
        for way, runs in figures["runs"].items():
            spread = f"  {min(runs):.4f} – {max(runs):.4f}" if len(runs) > 1 else ""
            lines.append(f"    {way:16}{np.mean(runs):.4f}{spread}")
        lines += [f"    queue less {name:16}{_interval(each)}" for name, each in figures["queue_less"].items()]
    return "\n".join(lines)


def _figures(before: Right, ways: Mapping[str, Sequence[Right]], groups: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Accuracy of each run, and by how much the queue's is better than the model before and the random ways."""
    (queue,) = ways["queue"]
    others = {"before": [before], **{way: runs for way, runs in ways.items() if way != "queue"}}
    return {
        "runs": {way: [float(run.mean()) for run in runs] for way, runs in ways.items()},
        "queue_less": {name: gain(queue, runs, groups)._asdict() for name, runs in others.items()},
    }


def _replayed(answers: Sequence[Suggested], stretch: Stretch) -> dict[str, int]:
    silent = sum(each.office is None for each in answers)
    accepted = sum(each.office == right for each, right in zip(answers, stretch.office, strict=True))
    return {"accepted": accepted, "returned": len(answers) - accepted - silent, "silent": silent}


def _wrong(cases: Sequence[str], answers: Sequence[Suggested], truth: Mapping[str, str]) -> int:
    suggested = {each.prediction_id: each.office for each in answers}
    return sum(suggested[each] != truth[each] for each in cases)


def _drawn(cases: Sequence[str], budget: int, seed: int) -> list[str]:
    chosen = np.random.default_rng(seed).choice(len(cases), min(budget, len(cases)), replace=False)
    return [cases[i] for i in np.sort(chosen)]


def _parts(weeks: Weeks) -> Sequence[tuple[str, Stretch]]:
    return ("first", weeks.first), ("then", weeks.then), ("later", weeks.later)


def _next_day(complaint: Complaint) -> datetime:
    return (complaint.received_at or datetime.now(UTC)) + timedelta(days=1)


def _address(serving: Serving) -> str:
    return f"http://127.0.0.1:{serving.port}"


def _interval(gained: Mapping[str, float]) -> str:
    return f"{gained['change']:+.4f} [{gained['low']:+.4f}, {gained['high']:+.4f}]"


def _say(what: str) -> None:
    click.echo(f"[{datetime.now(UTC):%H:%M:%S}] {what} …", err=True)


if __name__ == "__main__":
    main()
