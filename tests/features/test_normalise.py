"""Behaviour of `features.normalise`: one normalisation for training and serving, with a map back to the original."""

from functools import cache

import numpy as np
import opencc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.aliases import RULES as ALIAS_RULES
from features.boilerplate import NO_REPLY_NEEDED, REPLY_REQUESTED, SECRECY_REQUESTED
from features.boilerplate import RULES as BOILERPLATE_RULES
from features.characters import OWN_REPLACEMENTS, legible_form
from features.normalise import MOJIBAKE, NormalisedText, Normaliser
from features.privacy import MASK_TOKENS, TOKENS, find_personal

# What the mirror sites append to characters of which several are one in simplified script.
PINYIN = {
    "國": "guó",
    "費": "fèi",
    "報": "bào",
    "記": "jì",
    "經": "jīng",
    "營": "yíng",
    "體": "tǐ",
    "總": "zǒng",
    "長": "zhǎng",
    "業": "yè",
    "態": "tài",
    "類": "lèi",
    "場": "chǎng",
    "訴": "sù",
    "舉": "jǔ",
    "權": "quán",
    "務": "wù",
    "區": "qū",
    "監": "jiān",
    "門": "mén",
    "見": "jiàn",
    "實": "shí",
    "規": "guī",
    "處": "chǔ",
    "關": "guān",
    "電": "diàn",
    "話": "huà",
    "險": "xiǎn",
    "質": "zhì",
    "檢": "jiǎn",
    "價": "jià",
    "該": "gāi",
    "後": "hòu",
    "個": "gè",
    "來": "lái",
    "們": "men",
    "這": "zhè",
    "網": "wǎng",
    "貨": "huò",
    "錢": "qián",
    "買": "mǎi",
    "賣": "mài",
    "車": "chē",
    "發": "fā",
    "開": "kāi",
    "無": "wú",
    "過": "guò",
    "請": "qǐng",
    "對": "duì",
    "問": "wèn",
    "題": "tí",
}
MARKS = "，。、；：！？"

# Anything that a rule looks at, and much that none does.
# fmt: off
FRAGMENTS = [
    "市民", "来电", "反映", "咨询", "：", "，", "。", "、", "！",
    "!", "…", ".", "~", "(", ")", "（", "）", "保密",
    "信息", "无需", "回复", "请职能部门", "及时处理", "上报", "附", "事前", "&amp;",
    "&lt;", "&nbsp", "&helli", ";", "<", ">", "<b>", "<br/>", "(guó)",
    "国", "（a）", "國", "著", "名", "乾", "隆", "净", "1",
    "38", "00", "13800138000", "微信", "V信", "abc_123", "威信", "某宝", "马",
    "拼夕", "退", "退退", "12345", "@qq.com", "京A12345", "\u200b", "\ue000", "\ud800",
    "\ufffd", "㎡", "①", "é", "e\u0301", "“", "一三八零零一三八零零零", "元", "人",
    "举报", "**", "处理标记:", "上一篇", "?！", "-", "😀", "👍🏻", "\t",
    "\u3000", "𠮷", "\U00030000", "\U000e0041", " ", "\n",
]
# fmt: on
texts = st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS)).map("".join))

SENTENCES = (
    "我在解放路的健身房办了年卡，还没去几次店就关门了，老板的电话也打不通。",
    "超市的价签和收银台的价格不一样！这是不是价格欺诈？请监管部门查处。",
    "网购的羽绒服一股臭味，检测发现是鸭毛；客服不回复，要求退一赔三。",
    "小区的电梯这个月坏了五次，昨晚把一位老人困了四十分钟，业主都很担心。",
    "合同约定2月交车，现在不交车也不退定金5000元，还要加价。",
    "举报：著名品牌的专卖店卖假货，乾隆年间的瓷器也是假的。",
    "药店卖给我过期的感冒药，只肯退药钱，不肯赔偿。",
)


@pytest.fixture(scope="module")
def normalise() -> Normaliser:
    return Normaliser()


@cache
def traditional_script() -> opencc.OpenCC:
    return opencc.OpenCC("s2t")


def garbled(text: str) -> str:
    """The mirror sites' transform: traditional script, pinyin in brackets, a comma before every mark."""
    traditional = traditional_script().convert(text)
    return "".join(
        f",{character}".replace("，", ",")
        if character in MARKS
        else f"{character}({PINYIN[character]})"
        if character in PINYIN
        else character
        for character in traditional
    )


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        ("ＡＢＣ１２３：（１）", "ABC123:(1)"),
        ("房子120㎡，在⻓⻔口", "房子120m2,在长门口"),
        ("陜西省，穿著不合身，著名品牌，乾隆，乾淨", "陕西省,穿着不合身,著名品牌,乾隆,干净"),
        ("中國(guó)的國（guó）家", "中国的国家"),
        ("上(shàng)海的店(app)", "上海的店(app)"),
        ("坏了,,不修,。还骂人。。！！！！", "坏了,不修。还骂人。!"),
        ("等等......算了……～～～", "等等…算了…~"),
        ("退退退退，啊啊啊", "退退,啊啊"),
        ("电话里说1111111", "电话里说1111111"),
        ("太差了😡😡👎🏻真的", "太差了 真的"),
        ("看\u200b不\ufeff见\x00的\ue000字", "看不见的字"),
        ("骗\u0336人\u0336", "骗人"),
        ("  你好\t\n \u3000世界  ", "你好 世界"),
        ("&nbsp;你好&hellip王妃&helli王妃", "你好…王妃…王妃"),
        ("价<b>格</b>高<br/>了 &lt;重点&gt; AT&amp;T &#20013;", "价格高 了 <重点> AT&T 中"),
        ("《<重点时段>制度》，a<b", "《<重点时段>制度》,a<b"),
        (
            "我在某宝、某东、拼夕夕和抖印买的，V信、薇信都加了，骗孒",
            "我在淘宝、京东、拼多多和抖音买的,微信、微信都加了,骗子",
        ),
        ("某宝马4S店，某东北菜馆，政府威信，某团队", "某宝马4S店,某东北菜馆,政府威信,某团队"),
        ("用威信转账", "用微信转账"),
        ("前文****处理标记:[Article]时, 字段 [X] 在数据源中没有找到! ****后文", "前文 后文"),
        ("市民来电反映：路灯坏了", "路灯坏了"),
        ("市民来电咨询: 如何办理执照", "如何办理执照"),
        ("来电人反映路灯坏了", "路灯坏了"),
        ("热心市民王女士再次微信反映：路灯坏了", "路灯坏了"),
        ("路灯坏了，请职能部门及时处理。", "路灯坏了,"),
        ("路灯一盏也不亮请职能部门及时处理，信息保密。", "路灯一盏也不亮"),
        ("路灯坏了希望相关部门尽快核实处理", "路灯坏了"),
        ("路灯坏了想请有关部门处理", "路灯坏了想请有关部门处理"),
        ("路灯坏了。市民信息需要保密。请如实上报处理情况,附事前,事中,事后图片", "路灯坏了。"),
        ("路灯坏了（信息保密，无需回复）", "路灯坏了"),
        ("请职能部门查处该店的短斤少两", "请职能部门查处该店的短斤少两"),
        ("味道没有问题，就是多收了两份餐位费。", "就是多收了两份餐位费。"),
        ("健身房不退费，没有油烟，也没有噪音。", "健身房不退费。"),
        ("不是物业的事，是电梯三个月没年检", "是电梯三个月没年检"),
        ("秤是准的，肉也新鲜，标价错了", "肉也新鲜,标价错了"),
        ("餐馆没有发票，没有退款，没有营业执照", "餐馆没有发票,没有退款,没有营业执照"),
        ("说好没有添加剂，配料表上却有", "说好没有添加剂,配料表上却有"),
        ("有没有质量问题？是不是快递的事？没有问题？", "有没有质量问题?是不是快递的事?没有问题?"),
        ("电梯不正常，一直没有人修", "电梯不正常,一直没有人修"),
        ("商户名称：某某超市 发生时间：2024年3月", "商户名称:某某超市 发生时间:2024年3月"),
        ("", ""),
        ("市民来电反映：", ""),
    ],
)
def test_noise_comes_out_as_clean_text(normalise, original, expected):
    assert normalise(original).text == expected


@pytest.mark.parametrize(
    ("original", "flags"),
    [
        ("路灯坏了。（信息保密，无需回复）", {SECRECY_REQUESTED, NO_REPLY_NEEDED}),
        ("路灯坏了，此件为保密件，请尽快回复", {SECRECY_REQUESTED, REPLY_REQUESTED}),
        ("举报人要求对身份保密", {SECRECY_REQUESTED}),
        ("联系方式不保密，需要回复", {REPLY_REQUESTED}),
        ("公司让我签保密协议", set()),
        ("商家一直不给答复", set()),
        ("市民来电咨询：如何办证", {"opened_as_enquiry"}),
        ("市民微信投诉：卖假货", {"opened_as_complaint"}),
        ("路\ufffd灯坏", {MOJIBAKE}),
        ("路\ud800灯", {MOJIBAKE}),
        ("锟斤拷锟斤拷", {MOJIBAKE}),
        ("å¸‚æ°‘æ¥ç”µ", {MOJIBAKE}),
        ("，?！昂谏睘樾率芾砉危", {MOJIBAKE}),
        ("café的拿铁太贵，3×4米，被烫伤了?!", set()),
    ],
)
def test_what_formulas_say_is_lifted_before_they_are_cut(normalise, original, flags):
    assert normalise(original).flags == flags


@given(texts)
@settings(max_examples=400, deadline=None)
def test_every_str_has_a_form_and_its_offsets_lead_back(normalise, text):
    normalised = normalise(text)
    offsets = normalised.offsets
    assert len(offsets) == len(normalised.text) + 1
    assert offsets[0] >= 0
    assert (np.diff(offsets) >= 0).all()
    assert offsets[-1] == len(text)
    assert normalised.codepoints.dtype == np.uint32
    assert offsets.dtype == np.int32
    normalised.text.encode()  # no surrogate is left


@given(texts)
@settings(max_examples=400, deadline=None)
def test_normalising_twice_is_normalising_once_where_nothing_is_masked(normalise, text):
    once = normalise(text)
    if not once.personal:
        assert normalise(once.text).text == once.text


@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_a_mirror_sites_copy_reads_like_the_clean_text(normalise, sentences):
    clean = "".join(sentences)
    copy = garbled(clean)
    assert copy != clean
    assert normalise(copy).text == normalise(clean).text


@given(st.lists(st.sampled_from("我的店在路上买了一个水果退款商家人，。、！？"), max_size=30))
@settings(max_examples=100, deadline=None)
def test_garbling_any_marks_reads_like_the_clean_text(normalise, characters):
    clean = "".join(characters)
    assert normalise(garbled(clean)).text == normalise(clean).text


def test_the_place_of_a_cleaned_word_is_the_place_in_the_original(normalise):
    original = "市民来电反映：中國(guó)消費(fèi)者在&nbsp;某宝買(mǎi)到假貨"
    normalised = normalise(original)
    start = normalised.text.index("淘宝")
    end = start + len("淘宝")
    assert original[normalised.offsets[start] : normalised.offsets[end]] == "某宝"


def test_personal_data_is_one_token_per_kind_and_cannot_be_forged(normalise):
    normalised = normalise("电话13800138000，车牌京A12345" + TOKENS)
    assert normalised.text == f"电话{MASK_TOKENS['mobile']},车牌{MASK_TOKENS['plate']}"


def test_a_single_character_form_is_stable():
    for code in range(0x30000):
        form = legible_form(chr(code))
        assert "".join(map(legible_form, form)) == form
    assert all(legible_form(own) == own for own in OWN_REPLACEMENTS.values())


def test_a_normaliser_names_what_it_does(normalise):
    assert normalise.version >= 1
    assert len(normalise.digest) == 64
    assert normalise.digest == Normaliser().digest


def test_text_is_made_only_when_asked_for(normalise):
    normalised = normalise("路灯坏了")
    assert isinstance(normalised, NormalisedText)
    assert not any(isinstance(value, str) for value in normalised)
    assert normalised.text == "路灯坏了"


def test_hostile_input_takes_no_more_than_linear_time(normalise):
    for unit in ("<!--", "&amp;", "国(", "请相关部门", "138-", "a@", "市民来电", "信息", "6222 ", "微信:"):
        assert len(normalise(unit * (20_000 // len(unit))).offsets) > 0


@given(texts)
@settings(max_examples=400, deadline=None)
def test_no_rule_is_missed_for_want_of_a_hit(normalise, text):
    legible = normalise._legible(text)
    unfounded = [rule for rule in (*BOILERPLATE_RULES, *ALIAS_RULES) if not rule.hits & legible.hits]
    draft = legible.draft()
    cut = [rule.name for rule in unfounded if rule.edits(" " + draft.text)]
    assert set(cut) <= {"empty brackets"}  # those that the complaint itself came with
    everything = find_personal(draft.text, ~0)
    assert everything == find_personal(draft.text, legible.hits)


@pytest.mark.parametrize(
    "text",
    [
        "市民来电反映：楼下超市卖过期牛奶",
        "市民来电反映:   楼下超市卖过期牛奶",
        "市民来电咨询：营业执照怎么办",
        "市民来电反映：",
        "市民反映，市民来电咨询：你好",
        "楼下超市卖过期牛奶。市民来电反映：没人管",
    ],
)
def test_the_short_way_past_an_opening_is_the_rules_way(text, monkeypatch):
    normalise = Normaliser()
    short = normalise(text)
    monkeypatch.setattr(Normaliser, "_opened", lambda self, read, flags: None)
    long = normalise(text)
    assert (short.text, short.offsets.tolist(), short.flags) == (long.text, long.offsets.tolist(), long.flags)
