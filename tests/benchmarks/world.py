"""What several parts need, made once and only if one of them asks: rows, a trained model, a home with a champion."""

import getpass
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import joblib
import numpy as np
from sklearn.pipeline import Pipeline

from features.segment import Lexicon
from features.vectorise import ComplaintVectoriser
from models.bundle import verify_bundle, write_bundle
from models.fitted import FittedModel
from models.linear import LinearHead
from models.prediction import ModelVersion
from models.registry import Registry
from models.triage import TriageModel
from models.versions import VersionInfo
from tests.benchmarks.data import Rows, read_rows
from tests.benchmarks.learn import learn
from tests.benchmarks.peers import naive_pipelines
from tests.benchmarks.sizes import Sizes
from training.tracking import Tracker

NAIVE = "naive.joblib"
_FEW = 400


@dataclass(eq=False)
class World:
    """`work` is a directory of this run alone, removed when it ends: it holds complaints."""

    sizes: Sizes
    work: Path

    @cached_property
    def rows(self) -> Rows:
        """Every row."""
        return read_rows(self.sizes.learnt_rows)

    @cached_property
    def train(self) -> Rows:
        """The rows that models learn from."""
        return self.rows.select(self.rows.parts[0], f"{len(self.rows.parts[0]):,} rows to learn from")

    @cached_property
    def unseen(self) -> Rows:
        """The rows that no model has learnt from."""
        return self.rows.select(self.rows.parts[1], f"{len(self.rows.parts[1]):,} rows not learnt from")

    @cached_property
    def lexicon(self) -> Lexicon:
        """The words of both sides."""
        lexicon = Lexicon.load()
        _ = lexicon.trie  # built here, so that no clock sees it
        return lexicon

    @cached_property
    def fitted(self) -> FittedModel:
        """Both heads, trained on `train`."""
        return learn(self.train, self.lexicon, groups=self.rows.groups[self.rows.parts[0]]).model

    @cached_property
    def bundle(self) -> Path:
        """The trained model as serving takes it."""
        directory = self.work / "bundle"
        write_bundle(self.fitted, directory, {"about": "benchmark"})
        return directory

    @cached_property
    def model(self) -> TriageModel:
        """The trained model out of its bundle, warm."""
        model = TriageModel.load(self.bundle, ModelVersion("complaint-triage", "1"))
        model.warm()
        return model

    @cached_property
    def naive(self) -> list[Pipeline]:
        """The same numbers in scikit-learn's pipelines, one per head."""
        return naive_pipelines(self.fitted, self.lexicon)

    @cached_property
    def home(self) -> Path:
        """A PAIDAN_HOME whose champion is the trained model; the naive pipelines lie beside, for the peer's service."""
        home = self.work / "home"
        registry = self.registry_of(home)
        with Tracker(registry).run("benchmark") as run:
            run.log_bundle(self.bundle)
            version = run.register([head.target for head in self.fitted.heads], {})
        registry.promote(str(version.number), getpass.getuser(), "benchmark")
        joblib.dump(self.naive, home / NAIVE)
        return home

    def warm_up(self) -> None:
        """Load or compile all that is compiled, so that no clock sees a compiler."""
        few = self.train.resampled(min(_FEW, len(self.train)))
        fitted = learn(few, self.lexicon, groups=np.arange(len(few))).model
        directory = self.work / "warm-up"
        write_bundle(fitted, directory, {})
        model = TriageModel.load(directory, ModelVersion("complaint-triage", "0"))
        model.warm()
        model.score_many(few.complaints)
        vectoriser = ComplaintVectoriser(self.lexicon.trie)
        LinearHead().fit(vectoriser.fit_transform(few.documents), few.office)
        shutil.rmtree(directory)

    @property
    def champion(self) -> VersionInfo:
        """The version that `home` serves."""
        return self.registry_of(self.home).resolve()

    @staticmethod
    def registry_of(home: Path) -> Registry:
        """The registry under a home."""
        return Registry.under(home, verify_bundle)
