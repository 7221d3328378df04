"""How urgent a ticket is, by the expressions of a charter: at once, beside the model and before it.

One pass over a ticket finds the words that expressions cannot do without; only the expressions whose words are there
are tried. A match counts where the text states it as a fact (`assertion`); a P0, which sends people out, also has to be
more than fear or hearsay, and not long over.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from models.charter.articles import Charter, Level, UrgencyRule
from models.charter.assertion import is_reported_as_fact, is_stated
from models.charter.literals import required_words
from models.charter.route import Urgency
from models.charter.words import Words

_JOINT = "\n"
"""Between fields; expressions and the words around a match end there."""


class _Expression(NamedTuple):
    rule: UrgencyRule
    pattern: re.Pattern[str]


class Urgencies:
    """The urgency rules of one charter; may be shared by threads. The charter's expressions compile."""

    def __init__(self, charter: Charter) -> None:
        rules = sorted(charter.urgency, key=lambda rule: rule.level)  # stable: the charter's order within a level
        self._expressions = tuple(
            _Expression(rule, re.compile(expression)) for rule in rules for expression in rule.expressions
        )
        tried_by: dict[str, list[int]] = {}
        always = []
        for number, (_, pattern) in enumerate(self._expressions):
            words = required_words(pattern.pattern)
            for word in words:
                tried_by.setdefault(word, []).append(number)
            if not words:
                always.append(number)
        self._words = Words(tried_by)
        self._tried_by = tuple(tuple(numbers) for numbers in tried_by.values())
        self._always = frozenset(always)
        usual = next((rule for rule in rules if rule.level is Level.P2), None)
        name, action = (usual.name, usual.action) if usual else ("", "")
        self._usual = Urgency(Level.P2, None, name, action, None, 0, 0)

    def of(self, fields: Mapping[str, str]) -> Urgency:
        """Return the first rule, most urgent first, that a field states; the span is of that original field.

        fields: text by name, such as title and text; never who the merchant is, whose name may be a dish.
        """
        text = _JOINT.join(fields.values())
        found = self._words.in_text(text)
        if not found and not self._always:
            return self._usual
        tried = set(self._always)
        for word, _, _ in found:
            tried.update(self._tried_by[word])
        for number in sorted(tried):
            rule, pattern = self._expressions[number]
            for match in pattern.finditer(text):
                start, end = match.span()
                if is_stated(text, start, end) and (
                    rule.level is not Level.P0 or is_reported_as_fact(text, start, end)
                ):
                    return _urgency(rule, fields, start, end)
        return self._usual


def _urgency(rule: UrgencyRule, fields: Mapping[str, str], start: int, end: int) -> Urgency:
    for field, text in fields.items():
        if start <= len(text):
            return Urgency(rule.level, rule.code, rule.name, rule.action, field, start, end)
        start, end = start - len(text) - len(_JOINT), end - len(text) - len(_JOINT)
    raise AssertionError("a match lies in one of the fields")
