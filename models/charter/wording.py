"""The reasons and questions of a route in words, in both languages of the people who read them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from models.charter.articles import Charter, Request
from models.charter.route import Party, Sentence
from models.prediction import HeadAnswer, made

KIND_NAMES: Mapping[Request, str] = {
    Request.COMPLAINT: "投诉",
    Request.REPORT: "举报",
    Request.ENQUIRY: "咨询",
    Request.SUGGESTION: "意见建议",
    Request.OTHER: "其他诉求",
}

_FIELDS: Mapping[str, tuple[str, str]] = {
    "address": ("商家地址", "merchant's address"),
    "merchant": ("商家名称", "merchant's name"),
    "title": ("标题", "title"),
    "text": ("正文", "text"),
}

WHERE_IS_THE_MERCHANT = Sentence(
    "商家在哪个街道、镇，或哪个路口、市场、小区附近？（问商家的位置，不是来电人的住址）",
    "In which street or town is the merchant, or near which crossing, market or estate? (not where the caller lives)",
)
WHAT_IS_IT_ABOUT = Sentence(
    "说的是哪家商户、什么商品或服务、要求怎么处理？",
    "Which merchant, which goods or service, and what does the caller want?",
)
NOT_APPLICABLE = Sentence(
    "模型的单位与职责章程没有共同的单位：章程不适用，答案是模型的",
    "The model's offices and the charter's have none in common: the charter does not apply, the answer is the model's",
)
NOTHING_TO_GO_BY = Sentence(
    "内容不足以判断归谁负责，由人工决定", "There is too little to tell who is responsible: a person decides"
)

_KEPT = 4096

_PERCENT = tuple(f"{number}%" for number in range(101))


# formed anew for every ticket: few have the same probabilities
def by_model(office: HeadAnswer, alone: HeadAnswer | None) -> Sentence:
    """The combined probability of an office; alone: what the model has by itself, told where that is another."""
    code = office.code
    name, share = office.name or code, _PERCENT[round(office.confidence * 100)]
    if alone is None or (own := alone.code) is None or own == code:
        return made(Sentence, (f"{name}：模型与章程合并后的概率 {share}", f"{name}: {share} by model and charter"))
    other, by_itself = alone.name, _PERCENT[round(alone.confidence * 100)]
    return made(
        Sentence,
        (
            f"{name}：模型与章程合并后的概率 {share}（只看模型是 {other} {by_itself}）",
            f"{name}: {share} by model and charter (by the model alone {other}, {by_itself})",
        ),
    )


class _Said(dict[tuple[Any, ...], Sentence]):
    """Sentences by what they are made of: `said[office, percent]`, which costs a look-up where it was said before."""

    def __init__(self, say: Callable[..., Sentence]) -> None:
        super().__init__()
        self._say = say

    def __missing__(self, parts: tuple[Any, ...]) -> Sentence:
        if len(self) >= _KEPT:
            self.clear()
        found = self[parts] = self._say(*parts)
        return found


class Wording:
    """Speaks of one charter's offices and rules; what it has said is kept, for most of it is said again."""

    def __init__(self, charter: Charter) -> None:
        self._domains = dict(charter.domains)
        self.by_rule = _Said(self._by_rule)
        self.by_place = _Said(self._by_place)
        self.is_it_ours = _Said(self._is_it_ours)
        self.which_of_several = _Said(self._which_of_several)
        self.ask_department = _Said(self._ask_department)
        self.stays_ours = _Said(self._stays_ours)

    def domain(self, code: str) -> str:
        """The name of a domain, with its code where that is another."""
        name = self._domains.get(code, code)
        return name if name == code else f"{name}（{code}）"

    def _by_rule(self, office: str, domain: str, kind: Request, rule: str, basis: str) -> Sentence:
        return Sentence(
            f"{office}：业务域 {self.domain(domain)}、{KIND_NAMES[kind]}；规则 {rule}{f'，{basis}' if basis else ''}",
            f"{office}: domain {domain}, {kind}; rule {rule}{f', basis {basis}' if basis else ''}",
        )

    def _by_place(self, office: str, field: str, name: str) -> Sentence:
        zh, en = _FIELDS[field]
        return Sentence(f"{office}：{zh}写明“{name}”", f"{office}: {en} names {name}")

    def _is_it_ours(self, name: str) -> Sentence:
        return Sentence(
            f"“{name}”是本辖区的那个吗？请核实商家的街道或镇",
            f"Is “{name}” the one in our district? Ask for the merchant's street or town",
        )

    def _which_of_several(self, field: str, places: Sequence[tuple[str, str]]) -> Sentence:
        """places: names, each with that of its station."""
        zh, en = _FIELDS[field]
        return Sentence(
            f"{zh}提到{'、'.join(f'“{name}”（{station}）' for name, station in places)}：商家在其中哪一处？",
            f"The {en} names {', '.join(f'{name} ({station})' for name, station in places)}: at which of them is the merchant?",
        )

    def _ask_department(self, departments: Sequence[Party]) -> Sentence:
        names = "、".join(party.name for party in departments)
        return Sentence(
            f"不属本局职责，可能由 {names} 负责：请先与其核实" if names else "不属本局职责：应转哪个部门？",
            f"Not ours; perhaps of {names}: ask them first" if names else "Not ours: which department is it for?",
        )

    def _stays_ours(self, domain: str, office: str, departments: Sequence[Party]) -> Sentence:
        names = "、".join(party.name for party in departments)
        return Sentence(
            f"其中 {self.domain(domain)} 部分仍由 {office} 办理，{names} 协办",
            f"The part in domain {domain} stays with {office}; {names} assist",
        )
