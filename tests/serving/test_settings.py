from pathlib import Path

import pytest
from pydantic import ValidationError

from auditing.log.caselog import CaseLog
from serving.app import create_app
from serving.metrics import Metrics
from serving.service import TriageService
from serving.settings import Settings


def test_by_default_the_service_is_for_this_machine_and_wants_keys():
    settings = Settings()
    assert (settings.home, settings.host, settings.port) == (Path("var"), "127.0.0.1", 8000)
    assert settings.require_keys
    assert settings.caselog_url.database == str(Path("var") / "caselog.db")


def test_settings_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("PAIDAN_HOME", "/srv/paidan")
    monkeypatch.setenv("PAIDAN_PORT", "9000")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://registry:5000")
    settings = Settings()
    assert settings.digest_key_path == Path("/srv/paidan/digest.key")
    assert settings.port == 9000
    assert settings.tracking_uri == "http://registry:5000"
    monkeypatch.setenv("PAIDAN_TRACKING_URI", "http://other:5000")
    assert Settings().tracking_uri == "http://other:5000"
    assert Settings(port=1, tracking_uri="sqlite:///x").tracking_uri == "sqlite:///x"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "paidan.example.gov.cn", ""])
def test_keys_cannot_be_off_where_other_machines_can_come(host):
    with pytest.raises(ValidationError, match=r"PAIDAN_REQUIRE_KEYS.*paidan keys create"):
        Settings(host=host, require_keys=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_keys_may_be_off_on_loopback(host):
    assert not Settings(host=host, require_keys=False).require_keys


def test_settings_do_not_change():
    with pytest.raises(ValidationError):
        Settings().port = 1


def test_a_password_shows_nowhere():
    settings = Settings(database_url="postgresql+psycopg://paidan:geheim@db/paidan")
    assert "geheim" not in repr(settings) + str(settings.caselog_url)
    assert settings.caselog_url.password == "geheim"


def test_an_application_that_requires_keys_is_not_made_without_them(settings, tmp_path):
    log = CaseLog.open(settings.caselog_url, settings.digest_key_path)
    with pytest.raises(ValueError, match="KeyRing"):
        create_app(Settings(home=tmp_path), service=TriageService(log), keys=None, metrics=Metrics())
    log.close()
