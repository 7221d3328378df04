"""The lexicon, read once in a session, and texts that are hard to cut."""

import importlib.util
from pathlib import Path

import pytest

from features.segment import JiebaSegmenter, Lexicon
from features.trie import CompiledSegmenter


@pytest.fixture(scope="session")
def awkward():
    """The module tests/awkward.py."""
    spec = importlib.util.spec_from_file_location("awkward", Path(__file__).parents[1] / "awkward.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def lexicon():
    return Lexicon.load()


@pytest.fixture(scope="session")
def jieba(lexicon):
    """The reference: jieba's own code, without its hidden Markov model."""
    return JiebaSegmenter(lexicon)


@pytest.fixture(scope="session")
def compiled(lexicon):
    return CompiledSegmenter(lexicon.trie)
