"""Evasive spellings and the names that they avoid.

Each has been seen in, or is expected from, web complaints that route around word filters. Patterns are for legible text.
A spelling that is also a word is rewritten only in company that settles it (威信 before 转账, 某宝 but not 某宝马店).
"""

import re

from features.codepoints import NICKNAME, RESPELLING
from features.draft import Rule

ALIASED = NICKNAME | RESPELLING
"""The hits of `features.codepoints.scan` without which a text holds none."""

_SPELLINGS = (
    (
        "微信",
        r"[薇徽]信|(?<![A-Za-z])[Vv]信|威信(?=号|群|好友|转账|支付|付款|收款|红包|聊天|联系|小程序|商城|:)|(?<=[加扫])威信",
    ),
    ("拼多多", r"拼[夕多]夕|拼[xX]{2}|某多多|某夕夕|(?<![A-Za-z])(?:PDD|pdd)(?![A-Za-z])"),
    ("淘宝", r"某宝(?![马宝贝妈石岛安山鸡莱剑])"),
    ("京东", r"[某狗]东(?![西北南部方侧路街门区城莞营风坡山])"),
    ("抖音", r"抖印|抖(?:yin|Yin|YIN)|某音(?![乐像响箱])"),
    ("美团", r"某团(?![队伙体长委员结购餐伙])"),
    ("小红书", r"小红薯(?![条片干粉饼泥])|某红书"),
    ("支付宝", r"支付[bB]ao|某付宝"),
    ("骗子", r"骗[孒纸](?![质箱壳盒])"),
    ("鬼秤", r"鬼[xX*]秤"),
    ("直播", r"直(?:bo|Bo|BO|b|B)(?![A-Za-z])"),
)

RULES = tuple(
    Rule(f"alias of {name}", "an evasive spelling", ALIASED, re.compile(pattern), name) for name, pattern in _SPELLINGS
)
