"""A text under repair that remembers where each of its characters came from."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from features.codepoints import Offsets


class Edit(NamedTuple):
    """`text[start:end]` becomes `replacement`."""

    start: int
    end: int
    replacement: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is done to a text, and why: what `pattern` finds becomes `replacement`.

    Found is group 1 where the pattern has one, else the match. `replacement` is literal; a rule that cuts something out
    leaves a space, lest the two sides grow together into something that nobody wrote. `hits` are those of
    `features.codepoints.scan` of which one must be there for the rule to be worth a search.
    """

    name: str
    reason: str
    hits: int
    pattern: re.Pattern[str]
    replacement: str = " "

    def edits(self, text: str) -> list[Edit]:
        """Find what the rule would do to `text`."""
        group = min(self.pattern.groups, 1)
        return [Edit(*match.span(group), self.replacement) for match in self.pattern.finditer(text)]


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """`text[i]` came from `original[offsets[i]]`; offsets never fall, and the last is the length of the original."""

    text: str
    offsets: Offsets

    def edited(self, edits: Sequence[Edit]) -> "Draft":
        """Apply `edits`, which must be in order and apart; what they put in has the place of what they cut."""
        if not edits:
            return self
        texts: list[str] = []
        places: list[Offsets] = []
        position = 0
        for start, end, replacement in edits:
            texts += (self.text[position:start], replacement)
            places.append(self.offsets[position:start])
            if replacement:
                places.append(np.full(len(replacement), self.offsets[start], np.int32))
            position = end
        texts.append(self.text[position:])
        places.append(self.offsets[position:])
        return Draft("".join(texts), np.concatenate(places))

    def ruled(self, rules: Iterable[Rule], hits: int) -> "Draft":
        """Apply each of `rules` in turn, save those for which there are no `hits`."""
        draft = self
        for rule in rules:
            if rule.hits & hits:
                draft = draft.edited(rule.edits(draft.text))
        return draft

    def fronted(self, rules: Iterable[Rule], hits: int) -> "Draft":
        """As `ruled`, with a space in front that gives the first clause a boundary like any other; a scan takes it away."""
        fronted = Draft(" " + self.text, np.concatenate((self.offsets[:1], self.offsets)))
        ruled = fronted.ruled(rules, hits)
        return self if ruled is fronted else ruled
