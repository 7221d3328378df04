"""A data scientist's journey: from a file to a served version, and from reviewed cases to a better one."""

import csv
import os
import re
import threading
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from auditing.log.events import Review, ReviewStatus, Role
from auditing.log.history import EventLog
from auditing.store.database import open_engine

pytestmark = [
    pytest.mark.usefixtures("quick_training"),
    pytest.mark.skipif(os.name == "nt", reason="POSIX signals"),
    # MLflow 3.17 on SQLAlchemy 2.1
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning"),
]


def written(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "domain", "office"))
        writer.writerows(rows)
    return path


class Traffic:
    """Complaints sent on four connections until it is told to stop."""

    def __init__(self, address, texts):
        self._address = address
        self._texts = texts
        self._stop = threading.Event()
        self.versions = []
        self.failed = []

    def __enter__(self):
        self._threads = [threading.Thread(target=self._send, args=(worker,)) for worker in range(4)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, worker):
        number = 0
        with httpx.Client(base_url=self._address, timeout=30) as client:
            while not self._stop.is_set():
                number += 1
                ticket = {
                    "source": f"load-{worker}",
                    "ticket_id": f"{number}",
                    "text": self._texts[number % len(self._texts)],
                }
                try:
                    response = client.post("/v1/predict", json=ticket)
                except httpx.HTTPError as error:
                    self.failed.append(repr(error))
                    continue
                if response.status_code != 200:
                    self.failed.append(response.text)
                else:
                    self.versions.append(response.json()["model"]["version"])


def live(client):
    return client.get("/v1/models").json()["models"][0]["version"]


def review(home, answers, labels):
    """Have a reviewer say of each answer what is right."""
    engine = open_engine(f"sqlite:///{home / 'caselog.db'}")
    events = EventLog(engine)
    for answer, (domain, office) in zip(answers, labels, strict=True):
        said = Review(
            answer["prediction_id"], ReviewStatus.CORRECTED, "li", Role.REVIEWER, datetime.now(UTC), office, domain
        )
        events.append(said, "li")
    engine.dispose()


def test_from_a_file_to_a_better_version(  # noqa: PLR0915 - a journey is one story
    door, home, serving, tiny_complaints, tmp_path, eventually
):
    history = written(tmp_path / "history.csv", tiny_complaints)
    texts = [text for text, *_ in tiny_complaints]

    # train, look, promote: nobody to compare with yet
    code, said = door("train", "--data", history)
    assert (code, "版本 version 1 → challenger" in said) == (0, True), said
    assert door("models", "promote", "--reason", "first") == (0, "champion: - → 1\n")
    first_at = datetime.now().astimezone() + timedelta(seconds=1)

    with (
        serving(require_keys=False, reload_seconds=0.2) as address,
        httpx.Client(base_url=address, timeout=30) as client,
    ):
        # complaints come in, and a reviewer puts some of them right
        fresh = [(f"再次反映：{text}，请尽快处理", domain, office) for text, domain, office in tiny_complaints[::4]]
        tickets = [{"source": "12345", "ticket_id": f"T-{n}", "text": text} for n, (text, *_) in enumerate(fresh)]
        answers = [client.post("/v1/predict", json=ticket).json() for ticket in tickets]
        review(home, answers[:10], [labels for _, *labels in fresh[:10]])
        reviewed = tmp_path / "reviewed.parquet"
        code, said = door("audit", "export", reviewed)
        assert (code, "exported: 10" in said) == (0, True), said

        # what the model says of itself teaches nothing
        assert door("predict", history, "-o", tmp_path / "scored.csv")[0] == 0
        code, said = door("train", "--data", tmp_path / "scored.csv")
        assert code == 2
        assert "paidan audit export" in said
        assert door("models", "list")[1].count("\n") == 1

        # what people said does
        code, said = door("train", "--data", history, "--data", reviewed)
        assert code == 0, said
        assert re.search(r"人工 person 10 · 导入 imported 60", said)

        # the challenger is asked beside the champion, and never answers
        eventually(lambda: (client.get("/v1/models").json()["challenger"] or {}).get("version") == "2")
        beside = {"source": "12345", "ticket_id": "S-1", "text": f"{texts[0]}，另有一事"}
        assert client.post("/v1/predict", json=beside).json()["model"]["version"] == "1"
        assert eventually(lambda: client.get("/v1/models/challenger").json()["challenger"])["version"] == "2"

        # promoted under load: the gate shows its table, the service follows, nothing fails
        with Traffic(address, texts) as traffic:
            eventually(lambda: len(traffic.versions), lambda count: count > 50)
            code, said = door("models", "promote", "challenger", "--reason", "reviewed cases of October")
            assert code == 0, said
            assert "晋级关 promotion gate" in said
            assert re.search(r"domain accuracy +\d\.\d+ +\d\.\d+ +[+-]\d\.\d+ +\[", said)
            assert "domain FDS recall" in said
            eventually(lambda: live(client), lambda version: version == "2")
            seen = len(traffic.versions)
            eventually(lambda: len(traffic.versions), lambda count: count > seen + 50)
        assert traffic.failed == []
        assert set(traffic.versions) == {"1", "2"}

        # a version that has unlearnt food safety does not get in, but for a reason that is kept
        without_food = written(tmp_path / "no_food.csv", [row for row in tiny_complaints if row[1] != "FDS"])
        assert door("train", "--data", without_food)[0] == 0
        code, said = door("models", "promote", "challenger")
        assert code == 2
        assert "domain FDS" in said
        assert "--override --reason" in said
        assert door("models", "promote", "challenger", "--override")[0] == 2
        assert live(client) == "2"
        assert door("models", "promote", "challenger", "--override", "--reason", "drill: 食品由他处受理")[0] == 0
        eventually(lambda: live(client), lambda version: version == "3")
        shown = door("models", "history")[1]
        assert "drill: 食品由他处受理  [overridden; against 2" in shown

        # and back in one command
        assert door("models", "rollback", "--reason", "end of drill") == (0, "champion: 3 → 2\n")
        eventually(lambda: live(client), lambda version: version == "2")

    # who was live when, and whether it would say the same again
    assert door("models", "history", "--at", f"{first_at:%Y-%m-%dT%H:%M:%S}") == (0, "1\n")
    assert door("models", "history", "--at", "2020-01-01") == (0, "无 none\n")
    code, said = door("replay", answers[0]["prediction_id"])
    assert (code, "complaint-triage 1  章程 charter demo  相同 equal" in said) == (0, True), said
    assert door("audit", "verify")[0] == 0
