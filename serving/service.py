"""The triage service: from a complaint to an answer that is in the case log. Knows nothing of HTTP."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from auditing.caselog import CaseLog
from auditing.discretion import where
from auditing.errors import TicketReturned
from auditing.identity import TICKET_LENGTH
from auditing.records import Entry, Recorded, StoredPrediction
from auditing.returns import leave_out
from features.complaint import Complaint
from models.prediction import ModelVersion, Target, Triage
from serving.intake import Intake
from serving.refusals import NoModel

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

    def triage(self, complaint: Complaint) -> Triage:
        """Answer one complaint."""
        ...

    def triage_many(self, complaints: Sequence[Complaint]) -> list[Triage]:
        """Answer many, in order."""
        ...


@dataclass(frozen=True, slots=True)
class LiveModel:
    """A warm model, and since when it answers."""

    model: TriageSource
    loaded_at: datetime


class TriageService:
    """Answers with the live model and records every answer in `log` before it is given.

    `on_answer` hears every answer that was new to the log.
    """

    def __init__(
        self,
        log: CaseLog,
        *,
        on_answer: Callable[[Triage], None] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.log = log
        self._on_answer = on_answer
        self._now = now
        self._live: LiveModel | None = None

    @property
    def live(self) -> LiveModel | None:
        """The model that answers now, if there is one."""
        return self._live

    def swap(self, model: TriageSource) -> LiveModel | None:
        """Warm `model`, let it answer from now on, and give back the one that did.

        Requests that began with the old one end with it. Where warming raises, the old one stays.
        """
        # the first call compiles or maps memory; nobody's request should wait for that
        model.triage(_WARM_UP)
        model.triage_many([_WARM_UP])
        # one assignment, which no other thread can see half done
        before, self._live = self._live, LiveModel(model, self._now())
        return before

    def find(self, prediction_id: str) -> StoredPrediction:
        """Give a stored prediction. Raises UnknownPrediction, StoreUnavailable."""
        return self.log.find(prediction_id)

    async def predict(self, intake: Intake) -> Recorded:
        """Answer one complaint.

        Raises:
            NoModel: no model is live.
            StoreUnavailable, RecordRefused: the answer could not be recorded, so it is not given.
            TicketReturned: again and again, the ticket was returned or reviewed while it was being answered.

        """
        return await self._record(self._draft(intake.complaint, _triage(self._model(), intake)))

    async def predict_many(self, intakes: Sequence[Intake]) -> list[Recorded | Exception]:
        """Answer many complaints with one and the same model; one result or exception each, in order.

        Raises:
            NoModel: no model is live.

        """
        model = self._model()
        # off the loop: a thousand texts take long enough for others to notice
        drafts = await asyncio.to_thread(self._draft_many, model, intakes)
        return await asyncio.gather(*map(self._record, drafts), return_exceptions=True)  # type: ignore[return-value]

    def _model(self) -> TriageSource:
        if self._live is None:
            raise NoModel
        return self._live.model

    def _draft_many(self, model: TriageSource, intakes: Sequence[Intake]) -> "list[_Draft | Exception]":
        try:
            triages = model.triage_many([intake.complaint for intake in intakes])
            warned = [_warn(triage, intake) for triage, intake in zip(triages, intakes, strict=True)]
            return [self._draft(intake.complaint, triage) for triage, intake in zip(warned, intakes, strict=True)]
        except Exception as error:  # noqa: BLE001
            # whatever one complaint does to the model, the others get an answer
            if len(intakes) == 1:
                _log.error("模型出错 | the model failed: %s", where(error))
                return [error]
            return [self._draft_many(model, [intake])[0] for intake in intakes]

    def _draft(self, complaint: Complaint, triage: Triage) -> "_Draft":
        entry = self.log.entry(complaint, triage)
        excluded = self.log.returns.of(entry.identity.prediction_id[:TICKET_LENGTH])
        if not excluded:
            return _Draft(complaint, triage, triage, entry)
        left = leave_out(triage, excluded)
        return _Draft(complaint, triage, left, self.log.entry(complaint, left, excluded))

    async def _record(self, draft: "_Draft | Exception") -> Recorded:
        if isinstance(draft, Exception):
            raise draft
        for _ in range(_ATTEMPTS - 1):
            try:
                return await self._append(draft)
            except TicketReturned:
                # the log has read what happened, perhaps in another process, and now it is known here
                draft = self._draft(draft.complaint, draft.triage)
        return await self._append(draft)

    async def _append(self, draft: "_Draft") -> Recorded:
        recorded = await self.log.append(draft.entry)
        if self._on_answer is not None and not recorded.repeated:
            self._on_answer(draft.answer)
        return recorded


class _Draft(NamedTuple):
    """What the model said, and what is answered: without the offices that returned the ticket."""

    complaint: Complaint
    triage: Triage
    answer: Triage
    entry: Entry


def _triage(model: TriageSource, intake: Intake) -> Triage:
    return _warn(model.triage(intake.complaint), intake)


def _warn(triage: Triage, intake: Intake) -> Triage:
    return replace(triage, warnings=triage.warnings + intake.warnings) if intake.warnings else triage
