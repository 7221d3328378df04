"""One pass over a ticket hears the same as each listener on its own."""

import csv
from itertools import islice
from pathlib import Path

import pytest

from features.complaint import Complaint
from models.charter.articles import Charter, Level, UrgencyRule
from models.charter.conditions import ConditionFinder
from models.charter.demo import demo_charter
from models.charter.look_at import facts_to_look_at
from models.charter.requests import requests_of
from models.charter.said import Listener, Said
from models.charter.urgency import Urgencies

STARTER = Path(__file__).parents[3] / "training" / "written" / "starter" / "batch-01.csv"


@pytest.fixture(scope="module")
def charter():
    return demo_charter()


def test_a_pass_hears_what_each_listener_hears(charter):
    listener, urgencies, conditions = Listener(charter), Urgencies(charter), ConditionFinder(charter)
    tickets = islice(csv.DictReader(STARTER.read_text(encoding="utf-8").splitlines(keepends=True)), 120)
    for ticket in tickets:
        fields = {"title": ticket["title"], "text": ticket["text"]}
        text = f"{ticket['title']}\n{ticket['text']}"

        assert listener.of(Complaint(**fields), ticket["domain"])[0] == Said(
            requests_of(text, ticket["domain"]), conditions.of(text), urgencies.of(fields), facts_to_look_at(text)
        )


def test_a_ticket_that_says_nothing_is_other_and_by_the_clocks(charter):
    said, _ = Listener(charter).of(Complaint(text=""), None)

    assert (said.kinds, said.condition, said.urgency.level, said.look_at) == (requests_of(""), None, Level.P2, ())


def test_an_expression_without_a_word_of_its_own_is_heard_too():
    rule = UrgencyRule("many", Level.P1, "many", (r"\d{3,}",), "")

    charter = Charter("tiny", "0" * 64, domains=(), offices=(), responsibilities=(), urgency=(rule,))

    assert Listener(charter).of(Complaint(text="1000"), None)[0].urgency.rule == "many"
