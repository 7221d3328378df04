"""What a complaint says is not the matter: 味道没问题, 不是快递的事, 也没有人欠薪.

N-grams do not know who denies them: a clause that only says what is in order speaks for the office of what is in order.
Only whole clauses go, and only denials of something bad: 没有发票, 没有生产日期 and 没有退款 are what people complain of, and what
a shop says, thinks or answers is part of the story. Patterns are for legible text.
"""

import re

from features.codepoints import DENIAL
from features.draft import Rule

_MARKS = r"。;:,!? ()\]】"
_BEGINS = rf"(?<=[{_MARKS}])"
_ENDS = r"(?:[,;:]|(?=[。! ()\]】]|$))"
"""Behind a question mark nothing is denied."""
_SUBJECT = rf"[^{_MARKS}说称讲表认复问不没无未乱坏假骗涨多少]"
"""A character of what is in order: nobody is quoted, and nothing wrong is told on the way."""
_GLUED = r"(?<=[一-龥])(?<![说称讲表认复问好诺证写标明示])"
"""Behind a clause that ends without a mark, but not behind what somebody has promised or said."""

_BAD = (
    r"(?:油烟|噪[音声]|扰民|[异臭怪]味|异物|虫子?|头发|过期|变质|发霉|掺假|造假|假[货药烟酒]|问题|毛病|故障|纠纷|争议|异议|欠薪|拖?欠(?:工资|薪)|"
    r"[涨加]价|乱收费|多收钱?|[短少缺]斤[少短缺]两|[短缺]斤|[少短]秤|欺诈|诈骗|强买强卖|宰客|虚假宣传|夸大|受伤|中毒|过敏|副作用|漏[水气电]|爆炸|[起着]火|"
    r"困人|坠落|占道|超速|绕路|拒载|违停|污染|传销|跑路|丢件|破损|损坏|泄露|骚扰|推销|辱骂|骂人|打人|动手|吵架|虐待|添加剂|农残|霸王条款|违约|限购)"
)
_NO = r"(?:没有|没|并未|未|不存在|谈不上|不涉及)(?:任何|什么|啥|发现|出现|发生|有过|有人|人|给我|被|再|多|明显的?|吃出|过|了){0,3}"
_OF_A_KIND = r"(?:药|食品|产品|货|商品|的?(?:事儿?|事情|情况|现象|问题|毛病|行为|嫌疑|痕迹|记录))?[的了过啊呢吧]?"
_IN_ORDER = r"(?:没有?[啥任何什么]{0,2}(?:问题|毛病|意见|异议|话说|得说|的说|得挑)|没话讲|不错|(?<![不没未无])(?:正常|正规)|[是很也都挺]准)[的了]?"
_NOT_BECAUSE_OF = (
    rf"(?:不[是关怪赖]{_SUBJECT}{{1,10}}?的(?:事|问题|责任|错)|[与跟和]{_SUBJECT}{{1,10}}?(?:没有?关系|无关))儿?"
)

RULES = (
    Rule(
        "denied",
        "nothing bad of that kind happened: 也没有噪音, 药店那边没有过期药",
        DENIAL,
        re.compile(rf"(?:{_BEGINS}{_SUBJECT}{{0,6}}?|{_GLUED})(?<!有)[也都并更]?{_NO}{_BAD}{_OF_A_KIND}{_ENDS}"),
    ),
    Rule(
        "in order",
        "something is as it should be: 电梯没有问题, 秤是准的",
        DENIAL,
        re.compile(rf"{_BEGINS}{_SUBJECT}{{0,8}}?(?<!有){_IN_ORDER}{_ENDS}"),
    ),
    Rule(
        "not because of it",
        "somebody or something else: 不是快递的事, 跟物业没关系",
        DENIAL,
        re.compile(rf"{_BEGINS}[这我倒也都并]?{_NOT_BECAUSE_OF}{_ENDS}"),
    ),
)
