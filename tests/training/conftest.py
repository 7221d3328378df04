"""Models of the starter set, each trained once in a session."""

import numpy as np
import pytest

from features.normalise import Normaliser
from models.prediction import ModelVersion
from models.taxonomy import names_of
from models.triage import TriageModel
from training.fitting.fit import fit
from training.gate.examine import examine
from training.measuring.evaluate import lessons_of, read_background, read_documents
from training.recipe import Recipe
from training.tables.dataset import read_labelled
from training.written.starter import starter_files


@pytest.fixture(scope="session")
def fit_files(lexicon):
    """Fit files of labelled complaints as a training run does its last fit, without writing anything."""

    def fit_files(files, **settings):
        data, normalise, recipe = read_labelled(files), Normaliser(), Recipe(**settings)
        examined = examine(data, recipe, lambda text: normalise(text).text)
        documents, rows = read_documents(data), np.flatnonzero(examined.groups >= 0)
        names = {target: names_of(target, set(data.labels(target)) - {""}) for target in data.targets}
        return fit(
            [documents[row] for row in rows],
            lessons_of(data, examined, rows, recipe, names),
            examined.groups[rows],
            read_background(),
            lexicon,
            recipe,
            lambda *_: None,
        )

    return fit_files


@pytest.fixture(scope="session")
def starter_model(fit_files):
    """The model of the whole starter set."""
    return TriageModel(fit_files(starter_files()).model, ModelVersion("complaint-triage", "1"), {})


@pytest.fixture(scope="session")
def held_out(fit_files):
    """Three models of the starter set, each with the batches that it has not seen: together all of them."""
    files = starter_files()
    found = []
    for turn in range(3):
        unseen = files[turn::3]
        model = fit_files([file for file in files if file not in unseen]).model
        found.append((TriageModel(model, ModelVersion("complaint-triage", "1"), {}), read_labelled(unseen)))
    return found
