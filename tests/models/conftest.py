"""What several modules here need: the lexicon, awkward texts, and the tiny model in the parts it was made of."""

import pytest

from models.bundle import read_bundle
from models.reference import reference_pipelines


@pytest.fixture(scope="session")
def tiny_fitted(tiny_bundle):
    """The tiny model's arrays, mapped into memory."""
    return read_bundle(tiny_bundle).model


@pytest.fixture(scope="session")
def tiny_reference(tiny_fitted, lexicon):
    """The tiny model out of scikit-learn's and jieba's own parts: a pipeline per head."""
    return reference_pipelines(tiny_fitted, lexicon)
