"""The case log: every prediction that was answered, in the order in which it was answered.

Rows are only ever added. The same source, ticket, content and version of model and charter is one prediction however
often it is asked; a changed content is the ticket's next revision; the same content under another version of either is
another prediction of the same revision.
"""

import asyncio
import logging
from collections.abc import Callable, Container, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path

from sqlalchemy import URL, Engine, select
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import SQLAlchemyError

from auditing.discretion import where
from auditing.errors import RecordRefused, StoreUnavailable, TextRemoved, TicketReturned, UnknownPrediction
from auditing.log.identity import CONTENT_LENGTH, ID_LENGTH, TICKET_LENGTH, Identifier, load_or_create_key
from auditing.log.records import INSERTED, Entry, Recorded, StoredPrediction, enter
from auditing.log.returns import Returns
from auditing.log.scribe import Reply, Scribe
from auditing.log.statements import Statements
from auditing.store.chain import COVERED, Head, canonical, follow, read_head
from auditing.store.database import describe, is_store_trouble, open_engine, prepare, writing, writing_by_hand
from auditing.store.groupcommit import GroupCommit
from auditing.store.schema import predictions
from features.complaint import Complaint
from models.charter.answer import Answer
from models.prediction import ModelVersion

_log = logging.getLogger(__name__)

_covered = itemgetter(*map(INSERTED.index, COVERED["predictions"]))
"""Takes from a row what the chain covers."""


class CaseLog:
    """An append-only log in the store of `engine`, whose schema `prepare` makes.

    `identifier` names predictions; all processes that share a log must share its secret. `now` tells the time.
    `on_group` hears the size of each committed group, `on_trouble` is called when the store fails a group. `apart`: what is
    appended is written by a process of its own, which waits so many seconds for other writers (auditing/log/scribe.py); else
    by a thread.
    """

    def __init__(
        self,
        engine: Engine,
        identifier: Identifier,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_group: Callable[[int], None] | None = None,
        on_trouble: Callable[[], None] | None = None,
        apart: float | None = None,
    ) -> None:
        self.engine = engine
        self.identifier = identifier
        self.troubled = False
        """Whether the last attempt to write failed for the store's sake."""
        self._now = now
        self._statements = Statements(engine.dialect)
        self._on_trouble = on_trouble
        self.returns = Returns()
        """Which offices not to suggest for which ticket."""
        self._scribe = Scribe(engine.url, self, busy_timeout=apart, on_group=on_group) if apart is not None else None
        self._commits = self._scribe or GroupCommit(self.write, on_group=on_group)

    @classmethod
    def open(cls, url: str | URL, digest_key: Path, *, busy_timeout: float = 5.0) -> "CaseLog":
        """Open the log at `url`, with the secret in the file `digest_key` (made when missing), and prepare its schema.

        Raises:
            StoreUnsuitable, StoreUnavailable, DigestKeyUnusable: each names the way out.

        """
        engine = open_engine(url, busy_timeout=busy_timeout)
        log = cls(engine, Identifier(load_or_create_key(digest_key)))
        log.prepare()
        return log

    def prepare(self) -> None:
        """Bring the schema up to date. Raises StoreUnavailable."""
        prepare(self.engine)
        try:
            with self.engine.connect() as connection:
                head = read_head(connection, "events")
            # a long history is read now, and not when somebody waits
            self._hear_of_returns(head)
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error
        if self._scribe is not None:
            self._scribe.start()

    def entry(
        self, complaint: Complaint, answer: Answer, excluded: tuple[str, ...] = (), *, at: datetime | None = None
    ) -> Entry:
        """Make the entry of an answer, of now or `at`, to `complaint` (as it was received) without `excluded` offices."""
        triage, resolution = answer
        identity = self.identifier.identify(complaint, triage.model, resolution.charter, excluded)
        return enter(identity, answer, at or self._now(), excluded)

    def append(self, entry: Entry, done: asyncio.Future[Recorded] | None = None) -> asyncio.Future[Recorded]:
        """Record `entry` with whatever else is waiting; done when it is on the disk. Needs a running event loop.

        The future, `done` where somebody waits for that already, raises StoreUnavailable, RecordRefused or TicketReturned.

        Raises:
            StoreUnavailable: too many are waiting, or the log is closed.

        """
        return self._commits.submit(entry, done)

    def hand_over(self) -> None:
        """Let the process that writes have what was appended now, and not at the end of the loop's turn."""
        if self._scribe is not None:
            self._scribe.hand_over()

    def write(self, entries: Sequence[Entry]) -> list[Recorded | Exception]:
        """Record `entries` in one transaction, now and in this thread; one result or exception each, in order.

        A record that the store refuses gets RecordRefused and does not harm the others; where the store itself fails,
        all get StoreUnavailable. An entry that suggests an office that has returned its ticket, or leaves out one that
        may have it again, gets TicketReturned: the answer was made too early.
        """
        try:
            with writing_by_hand(self.engine) as cursor:
                heads = self._statements.read_heads(cursor)
                # read by another connection: while the turn is held, nobody adds events
                self._hear_of_returns(heads["events"])
                recorded = _record(self._statements, cursor, entries, heads["predictions"], self.returns)
        except (SQLAlchemyError, OSError, ValueError, TypeError) as error:
            if is_store_trouble(error):
                return self._give_up(error, len(entries))
            if len(entries) > 1:
                return [self.write([entry])[0] for entry in entries]
            _log.error("案例日志拒收记录 | record refused: %s: %s", entries[0].prediction_id, where(error))
            return [RecordRefused(entries[0].prediction_id, type(error).__name__)]
        self._recover()
        return recorded

    def find(self, prediction_id: str) -> StoredPrediction:
        """Give the stored prediction.

        Raises:
            UnknownPrediction: there is none with this id.
            TextRemoved: there was, but its texts were kept no longer.
            StoreUnavailable: the store cannot be read.

        """
        if len(prediction_id) != ID_LENGTH:
            raise UnknownPrediction(prediction_id)
        query = select(predictions).where(predictions.c.prediction_id == prediction_id)
        try:
            with self.engine.connect() as connection:
                row = connection.execute(query).one_or_none()
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error
        if row is None:
            raise UnknownPrediction(prediction_id)
        if not row.answer:
            raise TextRemoved(prediction_id)
        return StoredPrediction(
            seq=row.seq,
            prediction_id=row.prediction_id,
            revision=row.revision,
            source=row.source,
            ticket_id=row.ticket_id,
            content_digest=row.content_digest,
            model=ModelVersion(row.model_name, row.model_version),
            created_at=row.created_at,
            complaint=row.complaint.encode(),
            answer=row.answer.encode(),
        )

    def probe(self) -> None:
        """Take and give back the writer's turn. Raises StoreUnavailable where that fails."""
        if self._scribe is not None:
            self._scribe.await_ready()
        try:
            with writing(self.engine):
                pass
        except (SQLAlchemyError, OSError) as error:
            self._fail(describe(error))
            raise StoreUnavailable(describe(error)) from error
        self._recover()

    def knows(self, reply: Reply) -> bool:
        """Whether there is nothing to `learn` from what the process that writes says."""
        return (
            reply.events == self.returns.read
            and not self.troubled
            and not any(isinstance(outcome, StoreUnavailable) for outcome in reply.outcomes)
        )

    def learn(self, reply: Reply) -> None:
        """Take in what the process that writes has seen: events that were added, and how the store is. May block."""
        for outcome in reply.outcomes:
            if isinstance(outcome, StoreUnavailable):
                self._fail(outcome.reason)
                if self._on_trouble is not None:
                    self._on_trouble()
                return
        try:
            self._hear_of_returns(reply.events)
        except SQLAlchemyError as error:
            self._fail(describe(error))
        else:
            self._recover()

    def close(self) -> None:
        """Write what is waiting, then let the store go. Blocks until that is done."""
        self._commits.close()
        self.engine.dispose()

    def _hear_of_returns(self, head: Head) -> None:
        if head != self.returns.read:
            with self.engine.connect() as connection:
                self.returns.catch_up(connection, head)

    def _give_up(self, error: BaseException, count: int) -> list[Recorded | Exception]:
        reason = describe(error)
        self._fail(reason)
        # the next group begins with fresh connections: these may belong to a file or a server that is gone
        self.engine.dispose()
        if self._on_trouble is not None:
            self._on_trouble()
        # one exception each: a raised one carries the trace of whoever raised it
        return [StoreUnavailable(reason) for _ in range(count)]

    def _fail(self, reason: str) -> None:
        # said when it begins and when it ends, not once per request
        if not self.troubled:
            _log.error("案例日志不可用 | the case log is unavailable: %s", reason)
        self.troubled = True

    def _recover(self) -> None:
        if self.troubled:
            _log.info("案例日志恢复 | the case log is back")
        self.troubled = False


def _record(
    statements: Statements, cursor: DBAPICursor, entries: Sequence[Entry], head: Head, returns: Returns
) -> list[Recorded | Exception]:
    tickets = {entry.prediction_id[:TICKET_LENGTH] for entry in entries}
    contents = statements.count_contents(cursor, tuple(tickets))
    # by prediction_id: what was answered before, in earlier groups or earlier in this one
    answered = _find_answers(statements, cursor, entries, contents) if contents else {}
    revisions = {prediction_id[:CONTENT_LENGTH]: known.revision for prediction_id, known in answered.items()}
    length, link = head
    rows = []
    recorded: list[Recorded | Exception] = []
    for entry in entries:
        prediction_id = entry.prediction_id
        ticket = prediction_id[:TICKET_LENGTH]
        if returns.of(ticket) != entry.excluded:
            recorded.append(TicketReturned(prediction_id))
            continue
        known = answered.get(prediction_id)
        if known is None:
            content = prediction_id[:CONTENT_LENGTH]
            revision = revisions.get(content)
            if revision is None:
                revision = revisions[content] = contents[ticket] = contents.get(ticket, 0) + 1
            row = entry.row(revision)
            link = follow(link, canonical("predictions", _covered(row)))
            rows.append((*row, link))
            known = Recorded(prediction_id, revision, entry.answer, repeated=False)
            answered[prediction_id] = known._replace(repeated=True)
        elif not known.answer:
            # retention has emptied it; the same version says the same again
            known = known._replace(answer=entry.answer)
        recorded.append(known)
    if rows:
        statements.insert(cursor, rows)
        statements.move_head(cursor, Head(length + len(rows), link))
    return recorded


def _find_answers(
    statements: Statements, cursor: DBAPICursor, entries: Sequence[Entry], known_tickets: Container[str]
) -> dict[str, Recorded]:
    ids = [entry.prediction_id for entry in entries]
    contents = {each[:CONTENT_LENGTH] for each in ids if each[:TICKET_LENGTH] in known_tickets}
    found = statements.find_answers(cursor, tuple(contents))
    return {row[0]: Recorded(row[0], row[1], row[2].encode(), repeated=True) for row in found}
