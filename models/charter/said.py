"""All that a ticket's words say to a charter, heard in one pass: kinds, condition, urgency, facts to look at.

Each listener brings the words that it waits for; the pass goes over the text once, and each is told of its own.
"""

from collections.abc import Mapping
from operator import itemgetter
from typing import NamedTuple

from models.charter.articles import Charter, Request
from models.charter.conditions import ConditionFinder
from models.charter.look_at import shipped_facts
from models.charter.requests import OWN, shipped
from models.charter.route import Sentence, Urgency
from models.charter.urgency import JOINT, USUAL, Urgencies
from models.charter.words import Words

_WORD = itemgetter(0)
_RARE = 1 << (OWN - 1)
"""A total of words of which one at least is not the requests' alone: between the most of these and the least of those."""


class Said(NamedTuple):
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
        words = [word for words in listeners for word in words]
        self._words = Words(words)
        self._urgent = len(listeners[0])
        self._facts_from = self._urgent + len(listeners[1])
        self._conditions_from = self._facts_from + len(listeners[2])
        rare = len(words) - self._urgent
        self._tally = (*self._requests.tallies, *[1 << OWN] * rare).__getitem__

    def of(self, fields: Mapping[str, str], domain: str | None) -> Said:
        """Hear one ticket. fields: what was said, by name (title and text). domain: its code, where it is known."""
        text = JOINT.join(fields.values())
        hits = self._words.in_text(text)
        found = set(map(_WORD, hits))
        total = sum(map(self._tally, found))
        kinds = self._requests.of_total(total, found, domain)
        alarms = self._urgencies.expressions
        if total < _RARE and not alarms.always:
            return Said(kinds, None, USUAL, ())
        urgent, facts_from, conditions_from = self._urgent, self._facts_from, self._conditions_from
        rare = [word for word in found if word >= urgent]
        alarming = [word - urgent for word in rare if word < facts_from]
        telling = [word - facts_from for word in rare if facts_from <= word < conditions_from]
        condition = None
        if rare and max(rare) >= conditions_from:
            met = [(word - conditions_from, start, end) for word, start, end in hits if word >= conditions_from]
            condition = self._conditions.of_found(text, met)
        urgency = USUAL
        if alarming or alarms.always:
            urgency = self._urgencies.of_matches(fields, text, alarms.matches(text, alarming))
        return Said(
            kinds,
            condition,
            urgency,
            self._facts.of_matches(text, self._facts.expressions.matches(text, telling)) if telling else (),
        )
