"""The peers, out of scikit-learn's and jieba's own parts: the way that most people would do it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.svm import LinearSVC

from features.ngrams import CHARACTER_N
from features.segment import Lexicon
from models.fitted import FIELDS, FittedModel
from models.reference import OneField, Words, reference_pipelines
from models.solver import class_balance
from training.recipe import Recipe

Documents = Sequence[tuple[str, ...]]


def naive_pipelines(model: FittedModel, lexicon: Lexicon) -> list[Pipeline]:
    """A pipeline per head with the numbers of `model`, from normalised fields to probabilities."""
    pipelines = []
    for pipeline in reference_pipelines(model, lexicon).values():
        head = pipeline[-1]
        # the product of float64 rows and float32 weights would copy all weights at every call
        head.weights_ = np.ascontiguousarray(head.weights_, np.float64)
        # without the first step, which normalises: that is more than people do, and would slow the peer down
        pipelines.append(pipeline[1:])
    return pipelines


def vectorisers(documents: Documents, lexicon: Lexicon, min_df: int) -> FeatureUnion:
    """Unfitted TF-IDF over the same n-grams of the same fields; of fields that are empty everywhere there is none."""
    words, parts = Words(lexicon), []
    for number, field in enumerate(FIELDS):
        if not any(document[number] for document in documents):
            continue
        for name, kind in (
            ("words", {"analyzer": words}),
            ("characters", {"analyzer": "char", "ngram_range": (1, CHARACTER_N)}),
        ):
            counted = TfidfVectorizer(sublinear_tf=True, lowercase=False, min_df=min_df, **kind)
            parts.append((f"{field}_{name}", Pipeline([("field", OneField(number)), ("tfidf", counted)])))
    return FeatureUnion(parts)


def linear_svc(codes: npt.NDArray[np.int32], n_classes: int, recipe: Recipe) -> LinearSVC:
    """The objective of our solver, for liblinear."""
    weight = dict(enumerate(class_balance(codes, n_classes, recipe.balance)))
    return LinearSVC(C=recipe.c, class_weight=weight)


def calibrated_pipeline(documents: Documents, lexicon: Lexicon, recipe: Recipe, pairs: Any) -> Pipeline:
    """From normalised fields to calibrated probabilities, unfitted; `pairs`: the folds of the calibration."""
    return Pipeline(
        [
            ("features", vectorisers(documents, lexicon, recipe.min_df)),
            ("head", CalibratedClassifierCV(LinearSVC(C=recipe.c), cv=pairs)),
        ]
    )
