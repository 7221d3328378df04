"""A recipe in one fold, as a training run would do it: fitted to what the fold learns, asked about the rest."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from features.segment import Lexicon
from models.prediction import Target
from training.fitting.counted import Counted, count_ngrams
from training.fitting.fit import Progress, fit
from training.gate.examine import Examined
from training.measuring.evaluate import lessons_of, measure
from training.measuring.figures import Outcome
from training.recipe import Recipe
from training.tables.dataset import LabelledComplaints
from training.tables.spool import Documents
from training.tuning.inner_folds import InnerFold


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """What recipes are tried on. The n-grams of a fold are counted once, for every recipe of at least `min_df`.

    spool: an existing directory, which it fills with about 5 KB a row of each fold; the caller's to remove.
    """

    data: LabelledComplaints
    examined: Examined
    documents: Documents
    background: Sequence[tuple[str, ...]]
    lexicon: Lexicon
    min_df: int
    spool: Path
    progress: Progress
    _counted: dict[int, Counted] = field(default_factory=dict, init=False, repr=False)

    def __call__(
        self, recipe: Recipe, number: int, fold: InnerFold, check: Callable[[], None]
    ) -> dict[Target, Outcome]:
        """Fit the recipe to what fold `number` learns, and say how each head did on what it asks."""
        self.progress(f"tuning: fold {number + 1}", 0, 1)

        def told(step: str, _done: int, _of: int) -> None:
            # a queue of fits cannot be left halfway
            if not step.startswith("out of fold"):
                check()

        lessons = lessons_of(self.data, self.examined, fold.learnt, recipe, {})
        documents, groups = self.documents[fold.learnt], self.examined.groups[fold.learnt]
        with tempfile.TemporaryDirectory(dir=self.spool, ignore_cleanup_errors=True) as spool:
            fitted = fit(
                documents,
                lessons,
                groups,
                self.background,
                self.lexicon,
                recipe,
                told,
                spool=Path(spool),
                counted=self._counted_for(number, documents),
            )
            found = {}
            for head in fitted.model.heads:
                labels = self.data.labels(head.target)
                asked = fold.asked[labels[fold.asked] != ""]
                if len(asked):
                    said = measure(fitted, head.target, self.documents[asked], labels[asked], recipe)
                    found[head.target] = replace(said, groups=self.examined.groups[asked])
        return found

    def _counted_for(self, number: int, documents: Documents) -> Counted:
        if number not in self._counted:
            spool = self.spool / f"fold-{number}"
            spool.mkdir()
            self._counted[number] = count_ngrams(documents, self.background, self.lexicon, self.min_df, spool=spool)
        return self._counted[number]
