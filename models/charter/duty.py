"""What does not wait for the next workday: the channel of the officer on duty.

Source: a city's market-regulation bureau receives and handles complaints of food, drugs, special equipment and prices in
tourism on days off, as comparatively urgent (China Consumer News on Taizhou, Zhejiang). A custom, not law; a bureau
without an officer on duty leaves this alone.
"""

import re
from datetime import date

from models.charter.articles import Level
from models.charter.route import Sentence, Urgency
from models.charter.workdays import is_workday

AT_ONCE = frozenset({"FDS", "CAT", "SPF", "DMC", "SEQ"})
"""Domains that do not wait: food sold, eaten out and special, drugs and devices, special equipment."""

PRICES = "PRC"
"""The domain that does not wait where it is about tourism."""

DAY_OFF = Sentence(
    zh="非工作日，属食品药品、特种设备、旅游价格或特别紧急事项：即时转值班人员，不等下一个工作日",
    en="A day off, and food, drugs, special equipment, prices in tourism or danger: to the officer on duty at once",
)
"""What `needs_duty_officer` says in words."""

_TOURISM = re.compile(
    "旅游|景区|景点|游客|门票|民宿|客栈|宾馆|酒店|旅馆|房价|旅行社|导游|缆车|索道|游船|观光|一日游|海鲜排档|土特产|特产店"
)


def needs_duty_officer(domain: str | None, urgency: Urgency, day: date, text: str = "") -> bool:
    """Tell whether a ticket that came in on `day`, as the day is in China, goes to the officer on duty at once.

    text: what was said, to tell prices in tourism from other prices.
    """
    works, _ = is_workday(day)
    if works:
        return False
    if urgency.level is Level.P0 or domain in AT_ONCE:
        return True
    return domain == PRICES and _TOURISM.search(text) is not None
