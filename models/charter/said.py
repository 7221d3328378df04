"""All that a ticket's words say to a charter, heard in one pass: kinds, condition, urgency, facts to look at, places.

Each listener brings the words that it cannot do without, and is asked only where the pass has heard them.
"""

from typing import NamedTuple

from features.codepoints import encode
from features.complaint import Complaint
from models.charter.articles import Charter, Request
from models.charter.conditions import ConditionFinder
from models.charter.hearing import Hearing
from models.charter.look_at import shipped_facts
from models.charter.places import JOINT, Places, Sighting, written_out
from models.charter.requests import GREETING_AT_MOST, KINDS_HEARD, is_greeting, shipped
from models.charter.route import Sentence, Urgency
from models.charter.urgency import USUAL, Urgencies
from models.prediction import made


class Said(NamedTuple):
    """What a ticket's words say. kinds: never none. condition: the code of the first that is met."""

    kinds: tuple[Request, ...]
    condition: str | None
    urgency: Urgency
    look_at: tuple[Sentence, ...]


class Listener:
    """Hears what tickets say to one charter; may be shared by threads."""

    def __init__(self, charter: Charter) -> None:
        requests = shipped()
        self._places = places = Places(charter)
        self._urgencies = Urgencies(charter)
        self._facts = shipped_facts()
        self._conditions = ConditionFinder(charter)
        urgent, facts = self._urgencies.expressions.needs, self._facts.expressions.needs
        self._facts_from = len(urgent)
        self._conditions_from = len(urgent) + len(facts)
        questions = (*urgent, *facts, *self._conditions.needs)
        self._hearing = Hearing(requests.words, requests.starts, questions, places.places, places.names)

    def of(self, complaint: Complaint, domain: str | None) -> tuple[Said, Sighting]:
        """Hear one ticket: what it says, and what the charter has a name for; domain: its code, where it is known."""
        written, begin = written_out(complaint)
        kinds, worth, places, names = self._hearing.of(encode(written), begin, domain)
        said = _NOTHING_ELSE[kinds]
        if worth:
            said = self._asked(said, worth, complaint)
        elif len(written) - begin <= GREETING_AT_MOST and is_greeting(written[begin:]):
            said = _NOTHING_AT_ALL
        return said, self._places.sight(complaint, places, names)

    def _asked(self, said: Said, worth: list[int], complaint: Complaint) -> Said:
        alarming: list[int] = []
        telling: list[int] = []
        met: list[int] = []
        for question in worth:
            if question < self._facts_from:
                alarming.append(question)
            elif question < self._conditions_from:
                telling.append(question - self._facts_from)
            else:
                met.append(question - self._conditions_from)
        kinds, condition, urgency, look_at = said
        if alarming:
            urgency = self._urgencies.of_tried({"title": complaint.title, "text": complaint.text}, alarming)
        if met or telling:
            both = f"{complaint.title}{JOINT}{complaint.text}"
            condition, look_at = self._conditions.of_tried(both, met), self._facts.of_tried(both, telling)
        return made(Said, (kinds, condition, urgency, look_at))


_NOTHING_ELSE = tuple(Said(kinds, None, USUAL, ()) for kinds in KINDS_HEARD)
_NOTHING_AT_ALL = Said((Request.OTHER,), None, USUAL, ())
