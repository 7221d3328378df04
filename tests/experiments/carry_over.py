"""How the starter model carries over to a hotline that it has not learnt a line of: only shares are printed.

Run with `python -m tests.experiments.carry_over ../shared/data/haikou12345.csv.gz`. The rows of offices of market regulation
should be answered in scope; of the other offices' rows, a random 2,000, the answer should be OOS or none.
"""

from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import pandas as pd

from features.complaint import Complaint
from features.normalise import Normaliser
from features.segment import Lexicon
from models.decision import Decision
from models.prediction import ModelVersion
from models.triage import TriageModel
from training.fitting.fit import fit
from training.gate.examine import examine
from training.measuring.evaluate import lessons_of, read_background, read_documents
from training.recipe import Recipe
from training.tables.dataset import read_labelled
from training.written.starter import starter_files

OURS = "工商局|物价监督检查局|食品药品监督管理局"
OTHERS, SEED = 2_000, 0


class Shares(NamedTuple):
    """Shares of answers: a domain of the bureau's, OOS, none because the domain is unsure, none because of the text."""

    inside: float
    oos: float
    unsure: float
    outside: float


def starter_model() -> TriageModel:
    """The model that all rows of the starter set make."""
    data, normalise, recipe = read_labelled(starter_files()), Normaliser(), Recipe()
    examined = examine(data, recipe, normalise.text_of)
    rows = np.flatnonzero(examined.groups >= 0)
    fitted = fit(
        read_documents(data)[rows],
        lessons_of(data, examined, rows, recipe, {}),
        examined.groups[rows],
        read_background(),
        Lexicon.load(),
        recipe,
        lambda *_: None,
    )
    return TriageModel(fitted.model, ModelVersion("complaint-triage", "1"), {})


def shares(model: TriageModel, texts: pd.Series) -> tuple[Shares, pd.Series]:
    """The shares, and the answers by domain."""
    answers = []
    for text in texts:
        answer = model.triage(Complaint(text=text), with_evidence=False)
        domain = answer.domain
        if domain.code is None:
            answers.append("outside")
        else:
            answers.append("unsure" if domain.decision is Decision.ABSTAIN else domain.code)
    said = pd.Series(answers).value_counts(normalize=True)
    rest = said.drop(["OOS", "unsure", "outside"], errors="ignore")
    return Shares(rest.sum(), said.get("OOS", 0.0), said.get("unsure", 0.0), said.get("outside", 0.0)), said


def hotline(path: Path) -> tuple[pd.Series, pd.Series]:
    """The texts of the offices of market regulation, and of a random 2,000 of the others'."""
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    ours = (rows["office"] + rows["office_group"]).str.contains(OURS)
    return rows.loc[ours, "text"], rows.loc[~ours, "text"].sample(OTHERS, random_state=SEED)


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
def main(path: Path) -> None:
    """Print both slices' shares."""
    model = starter_model()
    for name, texts in zip(("market regulation", "others"), hotline(path), strict=True):
        said, by_domain = shares(model, texts)
        click.echo(f"{name}: {len(texts)} rows; " + ", ".join(f"{k} {v:.3f}" for k, v in said._asdict().items()))
        click.echo("  " + ", ".join(f"{k} {v:.3f}" for k, v in by_domain.head(10).items()))


if __name__ == "__main__":
    main()
