"""Learning what words speak for which kind of request, on a handful of tickets."""

import pytest

from models.charter.articles import Request
from models.charter.requests import Demand, Requests, read_table
from training.written.request_words import Labelled, figures, labelled_tickets, learn, written

C, R, E, S = Request.COMPLAINT, Request.REPORT, Request.ENQUIRY, Request.SUGGESTION


@pytest.fixture(scope="module")
def tickets():
    said = {
        C: ("AFS", "买的东西坏了，店家不退钱，帮忙要回来"),
        R: ("REG", "看见那家店无证经营，大家都知道"),
        E: ("GEN", "请问执照怎么办理"),
        S: ("GEN", "建议多放几台公平秤"),
    }
    return tuple(
        Labelled(f"第{number}回{text}", domain, batch % 2, (kind,))
        for kind, (domain, text) in said.items()
        for batch, number in enumerate("一二三四五六七八")
    )


@pytest.fixture(scope="module")
def table(tickets):
    return learn(tickets)


def test_words_speak_for_the_kind_that_they_stand_with(table):
    requests = Requests(table)

    assert requests.of("东西坏了，店家不退钱", None) == (C,)
    assert requests.of("看见无证经营", None) == (R,)


def test_words_that_demand_something_are_kept_however_rare(table):
    assert table.demands["查处"] is Demand.PENALTY
    assert table.demands["退一赔"] is Demand.REMEDY
    assert set(table.demands) <= set(table.words)


def test_marks_digits_and_spaces_are_no_words(table):
    assert not any(character in "，。 \n0123456789" for word in table.words for character in word)


def test_a_table_reads_back_as_written(table):
    assert read_table(written(table).splitlines()) == table


def test_figures_count_a_ticket_as_right_only_with_all_its_kinds(tickets):
    told = figures(tickets, [(C, R) if R in ticket.kinds else ticket.kinds for ticket in tickets])

    assert "exact match  0.750" in told
    assert "complaint    precision 0.500  recall 1.000" in told


def test_the_starter_set_has_kinds_for_every_ticket():
    assert all(ticket.kinds and ticket.domain for ticket in labelled_tickets())
