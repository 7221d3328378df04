"""The tables that the tri-colour board is read from: derived, as those of `auditing.store.schema_cases` are.

One narrow row per ticket with the clock that ends next, and how many tickets there are of each kind, so that a page of
the board reads a page of an index, however many tickets there are.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from auditing.store.schema import UtcDateTime
from auditing.store.schema_charters import metadata

__all__ = ["board_counts", "board_rows", "metadata"]

board_rows = Table(
    "board_rows",
    metadata,
    Column("ticket", String(32), primary_key=True),
    # the ticket's latest prediction
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("domain_code", Text),
    # of the latest answer; who has it is in office_code, empty where nobody does
    Column("suggested", Text, nullable=False),
    Column("office_code", Text, nullable=False),
    # P0, P1, P2, or empty where the answer did not say
    Column("urgency", String(8), nullable=False),
    # of the last outcome in force, empty before the first
    Column("status", String(16), nullable=False),
    Column("status_at", UtcDateTime),
    Column("open", Boolean, nullable=False),
    # of the running clock that ends next: its end, and when it begins to be soon due; empty where none runs
    Column("due", UtcDateTime),
    Column("warn_at", UtcDateTime),
    # every clock, as JSON
    Column("clocks", Text, nullable=False),
)
# whatever the board is filtered by stands in it, so that a rare kind is found without reading the rows
Index(
    "ix_board_rows_due",
    board_rows.c.due,
    board_rows.c.seq,
    board_rows.c.warn_at,
    board_rows.c.office_code,
    board_rows.c.status,
    board_rows.c.urgency,
    sqlite_where=board_rows.c.open,
    postgresql_where=board_rows.c.open,
)
Index(
    "ix_board_rows_office",
    board_rows.c.office_code,
    board_rows.c.due,
    board_rows.c.seq,
    sqlite_where=board_rows.c.open,
    postgresql_where=board_rows.c.open,
)
Index(
    "ix_board_rows_closed",
    board_rows.c.status_at,
    board_rows.c.seq,
    board_rows.c.office_code,
    board_rows.c.urgency,
    sqlite_where=~board_rows.c.open,
    postgresql_where=~board_rows.c.open,
)

board_counts = Table(
    "board_counts",
    metadata,
    Column("office_code", Text, primary_key=True),
    Column("status", String(16), primary_key=True),
    Column("urgency", String(8), primary_key=True),
    Column("tickets", Integer, nullable=False),
)
