"""The lexicon, read once in a session, and texts that are hard to cut."""

import pytest

from features.segment import JiebaSegmenter
from features.trie import CompiledSegmenter


@pytest.fixture(scope="session")
def jieba(lexicon):
    """The reference: jieba's own code, without its hidden Markov model."""
    return JiebaSegmenter(lexicon)


@pytest.fixture(scope="session")
def compiled(lexicon):
    return CompiledSegmenter(lexicon.trie)
