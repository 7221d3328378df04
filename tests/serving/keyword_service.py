"""A tiny model that is real enough to serve, and the service around it as a program of its own.

THE PLACE FOR THE REAL MODEL: once the tiny trained one is a fixture, `load_keywords` gives way to it.

Run it with the settings in the environment: python keyword_service.py
"""

import re
import sys

from models.prediction import (
    Candidate,
    Contrast,
    Decision,
    Evidence,
    HeadAnswer,
    ModelVersion,
    Triage,
)
from serving.serve import run
from serving.settings import Settings

DOMAINS = {"外卖": ("CAT", "餐饮服务"), "过期": ("FDS", "食品生产销售"), "电梯": ("SPE", "特种设备")}
OFFICE = ("O04", "餐饮服务监督管理科")
PHONE = re.compile(r"1\d{10}")


class KeywordModel:
    """Calls a complaint by the first keyword in it, and abstains where there is none."""

    targets = ("domain", "office")

    def __init__(self, version="1"):
        self.version = ModelVersion("complaint-triage", version)

    def triage(self, complaint):
        if "故障" in complaint.text:
            raise RuntimeError(f"cannot read {complaint.text}")
        masked = PHONE.sub(lambda found: "*" * len(found[0]), complaint.text)
        complaint = type(complaint)(
            masked,
            complaint.title,
            complaint.merchant,
            complaint.address,
            complaint.source,
            complaint.ticket_id,
            complaint.received_at,
        )
        for word, (code, name) in DOMAINS.items():
            start = complaint.text.find(word)
            if start >= 0:
                others = tuple(Candidate(*other, 0.02) for other in DOMAINS.values() if other[0] != code)
                contrast = Contrast(others[0].code, 3.5, 0.5, 1.0)
                domain = HeadAnswer(code, name, 0.96, Decision.AUTO, others, contrast)
                office = HeadAnswer(*OFFICE, 0.7, Decision.SUGGEST, (), None)
                evidence = (Evidence("domain", "text", start, start + len(word), word, 2.0),)
                return Triage(self.version, complaint, domain, office, evidence, (), ())
        nothing = HeadAnswer(None, None, 0.0, Decision.ABSTAIN, (), None)
        return Triage(self.version, complaint, nothing, nothing, (), ("out_of_distribution",), ())

    def triage_and_scores(self, complaint):
        return self.triage(complaint), None


def load_keywords(settings):
    return KeywordModel()


if __name__ == "__main__":
    sys.exit(run(Settings(), load_keywords))
