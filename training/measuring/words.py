"""Many words looked for in one pass over a text (ahocorasick_rs)."""

import re
from collections.abc import Iterable

from ahocorasick_rs import AhoCorasick

_SURROGATE = re.compile("[\ud800-\udfff]")


class Words:
    """An automaton of words; each is known by its place in the order given. May be shared by threads."""

    def __init__(self, words: Iterable[str]) -> None:
        self._automaton = AhoCorasick(list(words))

    def in_text(self, text: str) -> list[tuple[int, int, int]]:
        """Return (which word, start, end) for every occurrence, overlapping ones too. Never raises for a str."""
        try:
            return self._automaton.find_matches_as_indexes(text, overlapping=True)
        except UnicodeEncodeError:  # a lone surrogate; the automaton reads UTF-8
            return self._automaton.find_matches_as_indexes(_SURROGATE.sub("\ufffd", text), overlapping=True)
