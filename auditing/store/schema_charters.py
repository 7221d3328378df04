"""The tables of charters: every version that was handed in, and which of them was in force when.

Rows are added, never changed. Each addition is also an entry of the access log, with the version's digest, and that is
chained (auditing/store/chain.py).
"""

from sqlalchemy import Column, Integer, String, Table, Text

from auditing.store.schema import UtcDateTime
from auditing.store.schema_cases import metadata

__all__ = ["charter_changes", "charters", "metadata"]

charters = Table(
    "charters",
    metadata,
    # from 1; 0 stands for the demo, which is shipped and not stored
    Column("number", Integer, primary_key=True, autoincrement=False),
    # sha256 of the text: one text is one version
    Column("digest", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

charter_changes = Table(
    "charter_changes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # numbers of `charters`, or 0
    Column("previous", Integer, nullable=False),
    Column("number", Integer, nullable=False),
)
