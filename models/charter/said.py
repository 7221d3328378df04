"""All that a ticket's words say to a charter, heard in one pass: kinds, condition, urgency, facts to look at.

Each listener brings the words that it waits for; the pass goes over the text once, and each is told of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from models.charter.articles import Charter, Request
from models.charter.conditions import ConditionFinder
from models.charter.look_at import shipped_facts
from models.charter.requests import shipped
from models.charter.route import Sentence, Urgency
from models.charter.urgency import JOINT, USUAL, Urgencies
from models.charter.words import Words


@dataclass(frozen=True, slots=True)
class Said:
    """What a ticket's words say. kinds: never none. condition: the code of the first that is met."""

    kinds: tuple[Request, ...]
    condition: str | None
    urgency: Urgency
    look_at: tuple[Sentence, ...]


class Listener:
    """Hears what tickets say to one charter; may be shared by threads."""

    def __init__(self, charter: Charter) -> None:
        self._requests = shipped()
        self._urgencies = Urgencies(charter)
        self._conditions = ConditionFinder(charter)
        self._facts = shipped_facts()
        listeners = (
            self._requests.words,
            self._urgencies.expressions.words,
            self._facts.expressions.words,
            self._conditions.words,
        )
        self._words = Words(word for words in listeners for word in words)
        self._urgent = len(listeners[0])
        self._facts_from = self._urgent + len(listeners[1])
        self._conditions_from = self._facts_from + len(listeners[2])

    def of(self, fields: Mapping[str, str], domain: str | None) -> Said:
        """Hear one ticket. fields: what was said, by name (title and text). domain: its code, where it is known."""
        text = JOINT.join(fields.values())
        found = self._words.in_text(text)
        urgent, facts_from, conditions_from = self._urgent, self._facts_from, self._conditions_from
        asking = {word for word, _, _ in found if word < urgent}
        kinds = self._requests.of_words(asking, domain)
        others = [hit for hit in found if hit[0] >= urgent]
        if not others and not self._urgencies.expressions.always:
            return Said(kinds, None, USUAL, ())
        alarming = {word - urgent for word, _, _ in others if word < facts_from}
        telling = {word - facts_from for word, _, _ in others if facts_from <= word < conditions_from}
        met = [(word - conditions_from, start, end) for word, start, end in others if word >= conditions_from]
        alarms = self._urgencies.expressions.matches(text, alarming)
        return Said(
            kinds,
            self._conditions.of_found(text, met) if met else None,
            self._urgencies.of_matches(fields, text, alarms),
            self._facts.of_matches(text, self._facts.expressions.matches(text, telling)) if telling else (),
        )
