"""The tables that reviewers' lists and figures are read from: derived, not history.

Whatever stands here follows from predictions, events and shadows; `auditing.cases.book` keeps it up with them and can make
it anew. The history's rows carry the complaint and are wide; these are narrow, so that a million of them are counted in
a second, and they are the only ones that are ever changed.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text

from auditing.store.schema import UtcDateTime
from auditing.store.schema_history import metadata

__all__ = ["case_bands", "case_marks", "cases", "dispatches", "metadata"]

_SEQ = BigInteger().with_variant(Integer, "sqlite")

cases = Table(
    "cases",
    metadata,
    # the prediction's
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
    Column("prediction_id", String(64), nullable=False),
    Column("ticket", String(32), nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("week", String(8), nullable=False),
    Column("model_version", Text, nullable=False),
    Column("domain_code", Text),
    Column("domain_confidence", Float),
    Column("domain_runner_up", Float),
    Column("office_code", Text),
    Column("office_confidence", Float),
    Column("office_runner_up", Float),
    # whether it could go out with nobody looking
    Column("auto", Boolean, nullable=False),
    # whether it is the ticket's first and its latest prediction
    Column("first", Boolean, nullable=False),
    Column("latest", Boolean, nullable=False),
    # the seq of the first case that this one is near-identical to, or its own
    Column("likeness", _SEQ, nullable=False),
    # reasons in the answer itself; names between blanks, also before the first and after the last
    Column("own_doubts", Text, nullable=False),
    Column("sampled", Boolean, nullable=False),
    Column("suspected", Boolean, nullable=False),
    # from here on: as events and shadows have it
    Column("doubtful", Boolean, nullable=False),
    Column("returned", Boolean, nullable=False),
    Column("doubts", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("labelled", Boolean, nullable=False),
    Column("true_domain", Text),
    Column("true_office", Text),
    Column("true_source", String(16)),
    Column("wrong", Float, nullable=False),
    Column("uncertainty", Float, nullable=False),
    # open cases alike, 0 where a person has labelled one of them; -1: to be counted
    Column("alike", Integer, nullable=False),
    Column("value", Float, nullable=False),
)
Index("ix_cases_ticket", cases.c.ticket)
# whatever the queue is filtered by stands in it, so that a rare doubt is found without reading every open row
Index(
    "ix_cases_queue",
    cases.c.value.desc(),
    cases.c.seq,
    cases.c.doubts,
    cases.c.office_code,
    cases.c.domain_code,
    cases.c.model_version,
    cases.c.created_at,
    sqlite_where=cases.c.open,
    postgresql_where=cases.c.open,
)
Index("ix_cases_likeness", cases.c.likeness, cases.c.open, cases.c.labelled)

dispatches = Table(
    "dispatches",
    metadata,
    Column("ticket", String(32), primary_key=True),
    # counted from 1 within the ticket
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("office_code", Text, nullable=False),
    Column("received", Boolean, nullable=False),
    Column("returned", Boolean, nullable=False),
    # a return that the centre agreed to: the ticket went elsewhere
    Column("agreed", Boolean, nullable=False),
    Column("last", Boolean, nullable=False),
    Column("closed", Boolean, nullable=False),
    # of the ticket's first prediction
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("week", String(8), nullable=False),
    Column("model_version", Text, nullable=False),
    Column("domain_code", Text),
    Column("suggested_office", Text),
)

case_bands = Table(
    "case_bands",
    metadata,
    Column("band", _SEQ, primary_key=True, autoincrement=False),
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

case_marks = Table(
    "case_marks",
    metadata,
    # how far the history has been taken in
    Column("name", String(16), primary_key=True),
    Column("seq", _SEQ, nullable=False),
    Column("at", UtcDateTime),
)
