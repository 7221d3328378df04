import asyncio

import pytest

from auditing.log.caselog import CaseLog
from features.complaint import Complaint
from models.charter.demo import demo_charter
from models.charter.route import CharterVersion
from serving.bodies.intake import Intake
from serving.refusals import NoCharter, NoModel
from serving.service import TriageService

pytestmark = pytest.mark.anyio

INTAKE = Intake(Complaint("点的外卖里有头发", source="12345", ticket_id="T-1"), ())


@pytest.fixture
def service(settings):
    log = CaseLog.open(settings.caselog_url, settings.digest_key_path)
    service = TriageService(log)
    service.swap_charter(demo_charter(), CharterVersion("bureau", "1"))
    yield service
    log.close()


async def test_without_a_model_there_is_no_answer(service):
    with pytest.raises(NoModel):
        await service.predict(INTAKE)
    with pytest.raises(NoModel):
        await service.predict_many([INTAKE])


async def test_without_a_charter_there_is_no_answer_either(settings, keyword_service):
    log = CaseLog.open(settings.caselog_url, settings.digest_key_path)
    service = TriageService(log)
    service.swap(keyword_service.KeywordModel())
    with pytest.raises(NoCharter):
        await service.predict(INTAKE)
    log.close()


async def test_another_charter_answers_anew_and_the_same_one_as_before(service, keyword_service):
    service.swap(keyword_service.KeywordModel())
    first = await service.predict(INTAKE)
    before = service.swap_charter(demo_charter(), CharterVersion("bureau", "2"))
    assert before.resolver.version.version == "1"
    second = await service.predict(INTAKE)
    again = await service.predict(INTAKE)
    assert (second.repeated, again) == (False, second._replace(repeated=True))
    assert first.prediction_id != second.prediction_id
    assert first.revision == second.revision == 1


async def test_a_swap_changes_the_version_of_the_next_answer_and_gives_the_old_model_back(service, keyword_service):
    old, new = keyword_service.KeywordModel("1"), keyword_service.KeywordModel("2")
    assert service.swap(old) is None
    first = await service.predict(INTAKE)
    assert service.swap(new).model is old
    second = await service.predict(INTAKE)
    assert service.find(first.prediction_id).model.version == "1"
    assert service.find(second.prediction_id).model.version == "2"
    assert first.revision == second.revision == 1


async def test_a_model_that_cannot_be_warmed_does_not_replace_the_live_one(service, keyword_service):
    class Cold(keyword_service.KeywordModel):
        def triage(self, complaint):
            raise RuntimeError("cold")

    service.swap(keyword_service.KeywordModel("1"))
    with pytest.raises(RuntimeError):
        service.swap(Cold("2"))
    assert service.live.model.version.version == "1"


async def test_only_new_answers_are_counted(settings, keyword_service):
    counted = []
    log = CaseLog.open(settings.caselog_url, settings.digest_key_path)
    service = TriageService(log, on_answer=counted.append)
    service.swap(keyword_service.KeywordModel())
    service.swap_charter(demo_charter(), CharterVersion("bureau", "1"))
    await service.predict(INTAKE)
    await service.predict(INTAKE)
    await service.predict_many([INTAKE, INTAKE])
    assert len(counted) == 1
    log.close()


def ticket(number, text="点的外卖里有头发"):
    return Intake(Complaint(text, source="12345", ticket_id=f"T-{number}"), ())


async def test_what_one_complaint_does_to_the_model_harms_none_that_are_answered_with_it(service, keyword_service):
    class Touchy(keyword_service.KeywordModel):
        def triage(self, complaint):
            if complaint.text == "惹不起":
                raise RuntimeError
            return super().triage(complaint)

    service.swap(Touchy())
    asked = [ticket(1), ticket(2, "惹不起"), ticket(3)]
    first, failed, last = await asyncio.gather(*map(service.predict, asked), return_exceptions=True)
    assert isinstance(failed, RuntimeError)
    assert [service.find(each.prediction_id).ticket_id for each in (first, last)] == ["T-1", "T-3"]


async def test_who_leaves_before_the_turn_holds_up_none_that_are_answered_with_it(service, keyword_service):
    service.swap(keyword_service.KeywordModel())
    gone, stays = (asyncio.create_task(service.predict(ticket(number))) for number in (1, 2))
    await asyncio.sleep(0)
    gone.cancel()
    assert service.find((await stays).prediction_id).ticket_id == "T-2"
    with pytest.raises(asyncio.CancelledError):
        await gone
