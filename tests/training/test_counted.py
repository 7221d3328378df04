"""N-grams that are counted once, for several fits."""

import numpy as np
import pytest
from scipy import sparse

from features.normalise import Normaliser
from features.vectorise import NoFeatures
from models.fitted import FIELDS
from training.fitting.counted import count_ngrams
from training.fitting.fit import fit, lesson
from training.recipe import Recipe


@pytest.fixture(scope="module")
def documents(tiny_complaints):
    normalise = Normaliser()
    return [tuple(normalise(text).text if field == "text" else "" for field in FIELDS) for text, *_ in tiny_complaints]


BACKGROUND = [("", "白日依山尽，黄河入海流。", "", ""), ("", "先把面粉和水揉成团，再醒半小时。", "", "")]


def as_sparse(rows):
    return sparse.csr_matrix(
        (rows.values, rows.columns, rows.row_ends), shape=(len(rows.row_ends) - 1, rows.n_features)
    )


@pytest.mark.parametrize("spooled", [False, True])
@pytest.mark.parametrize("min_df", [2, 3, 5])
def test_a_copy_is_what_a_count_of_its_own_gives(documents, lexicon, tmp_path, min_df, spooled):
    counted = count_ngrams(documents, BACKGROUND, lexicon, 2, jobs=1)
    before = counted.matrix.values.copy()
    vectoriser, rows = counted.again(min_df, tmp_path if spooled else None)
    own = count_ngrams(documents, BACKGROUND, lexicon, min_df, jobs=1)
    assert vectoriser.get_feature_names_out().tolist() == own.vectoriser.get_feature_names_out().tolist()
    assert vectoriser.idf_.tolist() == own.vectoriser.idf_.tolist()
    assert vectoriser.min_df == min_df
    np.testing.assert_allclose(as_sparse(rows).toarray(), as_sparse(own.matrix).toarray(), atol=1e-6)
    # to use the copy up leaves the count as it was
    rows.values[:] = 0
    vectoriser.select(np.arange(3))
    assert (counted.matrix.values == before).all()
    assert len(counted.vectoriser.blocks_) > 3


def test_a_min_df_that_nothing_has_is_said(documents, lexicon):
    with pytest.raises(NoFeatures):
        count_ngrams(documents, BACKGROUND, lexicon, 2, jobs=1).again(1_000, None)


def test_a_fit_on_counted_features_answers_as_one_that_counts_itself(documents, lexicon, tiny_complaints):
    labels = np.array([domain for _, domain, _ in tiny_complaints], object)
    rows = np.arange(len(documents))
    taught, recipe = [lesson("domain", labels, rows, {})], Recipe(folds=2, min_df=3)
    given = (documents, taught, rows, BACKGROUND, lexicon, recipe, lambda *_: None)
    counted = count_ngrams(documents, BACKGROUND, lexicon, 2, jobs=1)
    (mine,), (own,) = fit(*given, jobs=1, counted=counted).out_of_fold, fit(*given, jobs=1).out_of_fold
    np.testing.assert_allclose(mine.probabilities, own.probabilities, atol=0.01)
