"""How urgent a ticket is, by the expressions of a charter: at once, beside the model and before it.

A match counts where the text states it as a fact (`assertion`); a P0, which sends people out, also has to be more than
fear or hearsay, and not long over.
"""

from collections.abc import Iterable, Mapping

from models.charter.articles import Charter, Level
from models.charter.assertion import is_reported_as_fact, is_stated
from models.charter.expressions import Expressions
from models.charter.places import JOINT
from models.charter.route import Urgency
from models.prediction import made

USUAL = Urgency(Level.P2, None, "一般", "按时限", None, 0, 0)
"""Of a ticket for which no rule fires."""


class Urgencies:
    """The urgency rules of one charter; may be shared by threads. The charter's expressions compile."""

    def __init__(self, charter: Charter) -> None:
        rules = sorted(charter.urgency, key=lambda rule: rule.level)  # stable: the charter's order within a level
        told = tuple((rule, expression) for rule in rules for expression in rule.expressions)
        self._rules = tuple(rule for rule, _ in told)
        self.expressions = Expressions(expression for _, expression in told)

    def of(self, fields: Mapping[str, str]) -> Urgency:
        """Return the first rule, most urgent first, that a field states; the span is of that original field.

        fields: text by name, such as title and text; never who the merchant is, whose name may be a dish.
        """
        return self.of_tried(fields, range(len(self._rules)))

    def of_tried(self, fields: Mapping[str, str], tried: Iterable[int]) -> Urgency:
        """Return the same where no expressions but those with these numbers, in order, can match."""
        text = JOINT.join(fields.values())
        for number, start, end in self.expressions.matches(text, tried):
            rule = self._rules[number]
            if is_stated(text, start, end) and (rule.level is not Level.P0 or is_reported_as_fact(text, start, end)):
                return made(Urgency, (rule.level, rule.code, rule.name, rule.action, *_in_field(fields, start, end)))
        return USUAL


def _in_field(fields: Mapping[str, str], start: int, end: int) -> tuple[str, int, int]:
    """Return the field in which a match of the joined text starts, and its span there."""
    for field, text in fields.items():
        if start <= len(text):
            return field, start, min(end, len(text))
        start, end = start - len(text) - len(JOINT), end - len(text) - len(JOINT)
    raise AssertionError("a match lies in one of the fields")
