"""All that a ticket's words say to a charter, heard in one pass: kinds, condition, urgency, facts to look at.

Each listener brings the words that it cannot do without, and is asked only where the pass has heard them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from features.codepoints import encode
from features.complaint import Complaint
from models.charter.articles import Charter, Request
from models.charter.conditions import ConditionFinder
from models.charter.hearing import Hearing
from models.charter.look_at import shipped_facts
from models.charter.places import JOINT, written_out
from models.charter.requests import KINDS_HEARD, shipped
from models.charter.route import Sentence, Urgency
from models.charter.urgency import USUAL, Urgencies


class Said(NamedTuple):
    """What a ticket's words say. kinds: never none. condition: the code of the first that is met."""

    kinds: tuple[Request, ...]
    condition: str | None
    urgency: Urgency
    look_at: tuple[Sentence, ...]


class Listener:
    """Hears what tickets say to one charter; may be shared by threads.

    names: what else to hear, as `models.charter.hearing` does.
    """

    def __init__(self, charter: Charter, names: Sequence[str] = ()) -> None:
        requests = shipped()
        self._urgencies = Urgencies(charter)
        self._facts = shipped_facts()
        self._conditions = ConditionFinder(charter)
        urgent, facts = self._urgencies.expressions.needs, self._facts.expressions.needs
        self._facts_from = len(urgent)
        self._conditions_from = len(urgent) + len(facts)
        questions = (*urgent, *facts, *self._conditions.needs)
        self._hearing = Hearing(requests.words, requests.starts, questions, names)

    def of(self, complaint: Complaint, domain: str | None) -> tuple[Said, list[int]]:
        """Hear one ticket: what it says, and the names in it, in the text that is written out.

        domain: its code, where it is known.
        """
        written, said = written_out(complaint)
        kinds, worth, names = self._hearing.of(encode(written), said, domain)
        return self._asked(kinds, worth, complaint) if worth else _NOTHING_ELSE[kinds], names

    def _asked(self, kinds: int, worth: list[int], complaint: Complaint) -> Said:
        facts_from, conditions_from = self._facts_from, self._conditions_from
        both = f"{complaint.title}{JOINT}{complaint.text}"
        alarming = [question for question in worth if question < facts_from]
        telling = [question - facts_from for question in worth if facts_from <= question < conditions_from]
        met = [question - conditions_from for question in worth if question >= conditions_from]
        urgency = USUAL
        if alarming:
            urgency = self._urgencies.of_tried({"title": complaint.title, "text": complaint.text}, alarming)
        return Said(
            KINDS_HEARD[kinds],
            self._conditions.of_tried(both, met) if met else None,
            urgency,
            self._facts.of_tried(both, telling) if telling else (),
        )


_NOTHING_ELSE = tuple(Said(kinds, None, USUAL, ()) for kinds in KINDS_HEARD)
