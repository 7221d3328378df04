"""The triage service: from a complaint to an answer that is in the case log. Knows nothing of HTTP.

A model says what it is about; the charter in force says who is responsible, how urgent it is and by when.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from auditing.discretion import where
from auditing.errors import TicketReturned
from auditing.log.caselog import CaseLog
from auditing.log.identity import TICKET_LENGTH
from auditing.log.records import Entry, Recorded, StoredPrediction
from auditing.log.returns import settle
from features.complaint import Complaint
from models.charter.answer import Answer
from models.charter.articles import Charter
from models.charter.resolution import Resolver
from models.charter.route import CharterVersion, Resolution
from models.charter.trust import OfficeScores
from models.charter.workdays import in_china
from models.prediction import ModelVersion, Target, Triage, made
from serving.bodies.intake import Asked, Intake
from serving.refusals import NoCharter, NoModel, UnknownDomain, UnknownPlace

_log = logging.getLogger(__name__)

_WARM_UP = Complaint(
    text="市民反映昨晚在某餐馆点的外卖中发现头发，联系商家未果，要求道歉并退款。联系电话13800000000。",
    title="外卖吃出异物",
    source="warm-up",
    ticket_id="0",
)


_ATTEMPTS = 3
"""How often an answer is made anew because its ticket was returned or reviewed meanwhile."""


class TriageSource(Protocol):
    """What the service needs of a model: thread-safe, and quick enough to be asked inside the event loop."""

    @property
    def version(self) -> ModelVersion:
        """The registered version that the answers come from."""
        ...

    @property
    def targets(self) -> tuple[Target, ...]:
        """The heads that the model has."""
        ...

    def triage_and_scores(self, complaint: Complaint) -> tuple[Triage, OfficeScores | None]:
        """Answer one complaint, and give what a charter needs to weigh the offices; None where the model has no scores."""
        ...


@dataclass(frozen=True, slots=True)
class LiveModel:
    """A warm model, and since when it answers."""

    model: TriageSource
    loaded_at: datetime


@dataclass(frozen=True, slots=True)
class LiveCharter:
    """A charter ready to resolve by, and since when it does."""

    resolver: Resolver
    loaded_at: datetime


class TriageService:
    """Answers with the live model and the live charter, and records every answer in `log` before it is given.

    `on_answer` hears every answer that was new to the log.
    """

    def __init__(
        self,
        log: CaseLog,
        *,
        on_answer: Callable[[Answer], None] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.log = log
        self._on_answer = on_answer
        self._now = now
        self._turns: dict[asyncio.AbstractEventLoop, list[_Asked]] = {}
        self._live: LiveModel | None = None
        self._charter: LiveCharter | None = None

    @property
    def live(self) -> LiveModel | None:
        """The model that answers now, if there is one."""
        return self._live

    @property
    def charter(self) -> LiveCharter | None:
        """The charter that answers are resolved by now, if there is one."""
        return self._charter

    def swap_charter(self, charter: Charter, version: CharterVersion) -> LiveCharter | None:
        """Make `charter` ready, resolve by it from now on, and give back the one before.

        Requests that began with the old one end with it. Where making it ready raises, the old one stays.
        """
        moment, resolver = self._now(), Resolver(charter, version)
        # the tables of the day are made now, and not when somebody waits
        if self._live is None:
            resolver.division(in_china(moment).date())
        else:
            resolver.resolve(*self._live.model.triage_and_scores(_WARM_UP), _WARM_UP, moment)
        before, self._charter = self._charter, LiveCharter(resolver, moment)
        return before

    def swap(self, model: TriageSource) -> LiveModel | None:
        """Warm `model`, let it answer from now on, and give back the one that did.

        Requests that began with the old one end with it. Where warming raises, the old one stays.
        """
        # the first call compiles or maps memory; nobody's request should wait for that
        warm = model.triage_and_scores(_WARM_UP)
        if self._charter is not None:
            self._charter.resolver.resolve(*warm, _WARM_UP, self._now())
        # one assignment, which no other thread can see half done
        before, self._live = self._live, LiveModel(model, self._now())
        return before

    def find(self, prediction_id: str) -> StoredPrediction:
        """Give a stored prediction. Raises UnknownPrediction, StoreUnavailable."""
        return self.log.find(prediction_id)

    async def predict(self, intake: Intake) -> Recorded:
        """Answer one complaint.

        Raises:
            NoModel, NoCharter: there is nothing to answer with yet.
            StoreUnavailable, RecordRefused: the answer could not be recorded, so it is not given.
            TicketReturned: again and again, the ticket was returned or reviewed while it was being answered.

        """
        loop = asyncio.get_running_loop()
        asked = _Asked(intake, self._model(), self._resolver(), loop.create_future())
        turn = self._turns.get(loop)
        if turn is None:
            # answered one after another when the loop has read all who are ready now: what one of them has brought into
            # the processor's caches is there for the next
            turn = self._turns[loop] = []
            loop.call_soon(self._answer_turn, loop)
        turn.append(asked)
        try:
            recorded = await asked.recorded
        except TicketReturned:
            assert asked.draft is not None
            return await self._record(self._anew(asked.draft), _ATTEMPTS - 1)
        if self._on_answer is not None and not recorded.repeated and asked.draft is not None:
            self._on_answer(asked.draft.given)
        return recorded

    async def predict_many(self, intakes: Sequence[Intake]) -> list[Recorded | Exception]:
        """Answer many complaints with one and the same model and charter; one result or exception each, in order.

        Raises:
            NoModel, NoCharter: there is nothing to answer with yet.

        """
        model, resolver = self._model(), self._resolver()
        # off the loop: a thousand texts take long enough for others to notice
        drafts = await asyncio.to_thread(self._draft_many, model, resolver, intakes)
        return await asyncio.gather(*map(self._record, drafts), return_exceptions=True)  # type: ignore[return-value]

    def answer_with(self, model: TriageSource, complaint: Complaint) -> Triage:
        """Give what `model` would answer by the charter in force, unrecorded. Raises NoCharter."""
        return _answer(model, self._resolver(), Intake(complaint, ()), self._now()).triage

    def route(self, asked: Asked) -> Resolution:
        """Resolve without a model, and without a record.

        Raises:
            NoCharter: there is nothing to resolve by.
            UnknownDomain, UnknownPlace: the charter in force does not have it.

        """
        resolver = self._resolver()
        received_at = asked.complaint.received_at or self._now()
        known = tuple(code for code, _ in resolver.charter.domains)
        if asked.domain not in known:
            raise UnknownDomain(known)
        stations = resolver.division(in_china(received_at).date()).stations
        if asked.place is not None and asked.place not in stations:
            raise UnknownPlace(tuple(stations))
        return resolver.resolve_given(asked.domain, asked.place, asked.complaint, received_at, asked.kinds)

    def _model(self) -> TriageSource:
        if self._live is None:
            raise NoModel
        return self._live.model

    def _resolver(self) -> Resolver:
        if self._charter is None:
            raise NoCharter
        return self._charter.resolver

    def _draft_many(
        self, model: TriageSource, resolver: Resolver, intakes: Sequence[Intake]
    ) -> "list[_Draft | Exception]":
        at = self._now()
        try:
            return [self._draft(intake.complaint, _answer(model, resolver, intake, at), at) for intake in intakes]
        except Exception as error:  # noqa: BLE001
            # whatever one complaint does to the model, the others get an answer
            if len(intakes) == 1:
                _log.error("模型出错 | the model failed: %s", where(error))
                return [error]
            return [self._draft_many(model, resolver, [intake])[0] for intake in intakes]

    def _draft(self, complaint: Complaint, answer: Answer, at: datetime) -> "_Draft":
        entry = self.log.entry(complaint, answer, at=at)
        excluded = self.log.returns.of(entry.prediction_id[:TICKET_LENGTH])
        if not excluded:
            return made(_Draft, (complaint, answer, answer, entry))
        left = settle(answer, excluded)
        return _Draft(complaint, answer, left, self.log.entry(complaint, left, excluded, at=at))

    def _answer_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        at = self._now()
        for asked in self._turns.pop(loop):
            # the client may be gone
            if asked.recorded.done():
                continue
            try:
                answer = _answer(asked.model, asked.resolver, asked.intake, at)
                asked.draft = self._draft(asked.intake.complaint, answer, at)
                self.log.append(asked.draft.entry, asked.recorded)
            except Exception as error:  # noqa: BLE001 - whatever one complaint does, it is told of it, and the others go on
                asked.recorded.set_exception(error)
        # nobody else is ready
        self.log.hand_over()

    async def _record(self, draft: "_Draft | Exception", attempts: int = _ATTEMPTS) -> Recorded:
        if isinstance(draft, Exception):
            raise draft
        for _ in range(attempts - 1):
            try:
                return await self._append(draft)
            except TicketReturned:
                draft = self._anew(draft)
        return await self._append(draft)

    def _anew(self, draft: "_Draft") -> "_Draft":
        # the log has read what happened, perhaps in another process, and now it is known here
        return self._draft(draft.complaint, draft.made, draft.entry.created_at)

    async def _append(self, draft: "_Draft") -> Recorded:
        recorded = await self.log.append(draft.entry)
        if self._on_answer is not None and not recorded.repeated:
            self._on_answer(draft.given)
        return recorded


class _Draft(NamedTuple):
    """What model and charter made of a complaint, and what is given: without the offices that returned the ticket."""

    complaint: Complaint
    made: Answer
    given: Answer
    entry: Entry


@dataclass(slots=True, eq=False)
class _Asked:
    """A complaint that waits for its turn, and then for its record; `draft` is there from its turn on."""

    intake: Intake
    model: TriageSource
    resolver: Resolver
    recorded: asyncio.Future[Recorded]
    draft: _Draft | None = None


def _answer(model: TriageSource, resolver: Resolver, intake: Intake, at: datetime) -> Answer:
    triage, scores = model.triage_and_scores(intake.complaint)
    if intake.warnings:
        triage = triage._replace(warnings=triage.warnings + intake.warnings)
    # the masked complaint: what the charter quotes from it then shows nothing personal, and a replay sees the same
    masked = triage.complaint
    return made(Answer, resolver.resolve(triage, scores, masked, masked.received_at or at))
