"""The labels that people gave, as a data set to train on.

A row is there for each complaint that a person has looked at, under the headers that training reads by themselves, and
behind them where the label comes from. What only the model said is no label: where a reviewer corrected one head and
said nothing of the other, the other is blank. Every case that is given away is in the access log before it is.

Reviewers look at what offices sent back. Whoever learns from those cases alone learns of each kind of complaint only
where the answer was wrong, and unlearns what was right (J. Heckman, "Sample selection bias as a specification error",
Econometrica 1979). The tickets that an office has signed for or closed make the sample whole again; they are imported
labels, which a reviewer's outrank.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, Engine, Row, select
from sqlalchemy.exc import SQLAlchemyError

from auditing.cases.provenance import Provenance
from auditing.cases.truth import Truth, truth_of
from auditing.errors import StoreUnavailable
from auditing.log.accesses import Action, access_row
from auditing.log.events import Event, Kind
from auditing.log.history import event_of
from auditing.log.identity import CONTENT_LENGTH, TICKET_LENGTH
from auditing.store.chain import append
from auditing.store.database import describe, writing
from auditing.store.schema import predictions
from auditing.store.schema_history import events

_AT_ONCE = 500

_TRUSTED = (Provenance.PERSON, Provenance.IMPORTED)
_KINDS = {Provenance.PERSON: Kind.REVIEW.value, Provenance.IMPORTED: Kind.OUTCOME.value}

_TEXT = ("text", "title", "merchant", "address", "source", "ticket_id", "received_at", "domain", "office")
_FROM = ("provenance", "review", "reviewer_role", "prediction_id", "model_name", "model_version")
COLUMNS = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in (*_TEXT, *_FROM)),
        pa.field("reviewed_at", pa.timestamp("us", "UTC")),
        pa.field("event", pa.int64()),
    ]
)
"""Of the file. `review`: confirmed, corrected or ruled, or of an outcome accepted or closed; `event`: the entry of the
log that says so."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export gave: complaints with a label; of so many more the text is kept no longer."""

    rows: int
    removed: int


def export_labels(
    engine: Engine,
    file: BinaryIO,
    by: str,
    *,
    outcomes: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Exported:
    """Write the reviewed complaints as Parquet, in the order of their predictions; `by`: who asks, an id.

    `outcomes`: those that an office accepted or closed as well, where no reviewer has said anything.
    Complaints have personal data masked, as the log keeps them; of the reviewer the role is given, not the name.

    Raises:
        StoreUnavailable: the log cannot be read, or not be told of the export.

    """
    rows, removed = 0, 0
    try:
        with pq.ParquetWriter(file, COLUMNS, compression="zstd") as writer:
            for stored, truth in _labelled(engine, _TRUSTED if outcomes else _TRUSTED[:1]):
                kept = [(row, said) for row, said in zip(stored, truth, strict=True) if row.complaint]
                removed += len(stored) - len(kept)
                if kept:
                    _tell(
                        engine,
                        by,
                        now(),
                        [row.prediction_id for row, _ in kept],
                        "labels and outcomes" if outcomes else "reviewed labels",
                    )
                    writer.write_table(pa.Table.from_pylist([_row(*each) for each in kept], COLUMNS))
                    rows += len(kept)
    except SQLAlchemyError as error:
        raise StoreUnavailable(describe(error)) from error
    return Exported(rows, removed)


def _labelled(engine: Engine, trusted: Sequence[Provenance]) -> Iterator[tuple[list[Row[Any]], list[Truth]]]:
    """Yield the predictions that a `trusted` hand has labelled, one for each content, with what is right."""
    done: set[str] = set()
    seq = 0
    kinds = [_KINDS[hand] for hand in trusted]
    said = select(events.c.prediction_id).where(events.c.kind.in_(kinds)).distinct()
    with engine.connect() as connection:
        while rows := connection.execute(
            select(predictions)
            .where(predictions.c.seq > seq, predictions.c.prediction_id.in_(said))
            .order_by(predictions.c.seq)
            .limit(_AT_ONCE)
        ).all():
            seq = rows[-1].seq
            told = _events(connection, {row.prediction_id[:TICKET_LENGTH] for row in rows})
            stored, found = [], []
            for row in rows:
                truth = truth_of(
                    row.prediction_id, row.domain_code, row.office_code, told[row.prediction_id[:TICKET_LENGTH]]
                )
                content = row.prediction_id[:CONTENT_LENGTH]
                if truth is not None and truth.source in trusted and content not in done:
                    done.add(content)
                    stored.append(row)
                    found.append(truth)
            yield stored, found


def _events(connection: Connection, tickets: set[str]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {ticket: [] for ticket in tickets}
    for row in connection.execute(select(events).where(events.c.ticket.in_(tickets)).order_by(events.c.seq)):
        found[row.ticket].append(event_of(row))
    return found


def _tell(engine: Engine, by: str, at: datetime, prediction_ids: Sequence[str], detail: str) -> None:
    with writing(engine) as connection:
        append(
            connection,
            "accesses",
            [access_row(at, by, Action.EXPORT, prediction_id, detail) for prediction_id in prediction_ids],
        )


def _row(stored: Row[Any], truth: Truth) -> dict[str, Any]:
    complaint = orjson.loads(stored.complaint)
    return {
        **{name: complaint.get(name) or "" for name in ("text", "title", "merchant", "address", "received_at")},
        "source": stored.source,
        "ticket_id": stored.ticket_id,
        "domain": truth.domain or "",
        "office": truth.office or "",
        "provenance": truth.source.value,
        "review": truth.event.status.value,
        "reviewer_role": str(truth.event.body.get("role", "")),
        "prediction_id": stored.prediction_id,
        "model_name": stored.model_name,
        "model_version": stored.model_version,
        "reviewed_at": truth.event.at,
        "event": truth.event.seq,
    }
