"""Urgency: what is stated as a fact makes a ticket urgent; what is denied, feared, told or over does not."""

import pytest

from models.charter.articles import Charter, Level, UrgencyRule
from models.charter.demo import demo_charter
from models.charter.urgency import Urgencies


def charter_with(*rules):
    return Charter("tiny", "0" * 64, domains=(), offices=(), responsibilities=(), urgency=rules)


@pytest.fixture(scope="module")
def urgencies():
    return Urgencies(demo_charter())


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("U01", "怀疑是食物中毒"),
        ("U01", "昨晚聚餐，五个人上吐下泻"),
        ("U01", "午饭后班上十一个孩子吐，已送卫生院"),
        ("U01", "我们四个人全拉肚子，一个在医院吊水"),
        ("U01", "全家吃完都拉肚子"),
        ("U01", "陆续有9个学生呕吐"),
        ("U02", "有人困在电梯里"),
        ("U02", "3号电梯困人，物业没人接"),
        ("U02", "卡在十一和十二楼中间，手机快没电"),
        ("U02", "电梯突然下坠到9楼"),
        ("U02", "電梯突然下墜"),
        ("U02", "电梯掉下来了两层，现在门打不开"),
        ("U02", "煤气罐角阀漏气"),
        ("U02", "澡堂锅炉爆炸"),
        ("U02", "娃娃坐海盗船，压杠没锁死，甩到半腰从座位里滑出去摔在踏板上"),
        ("U02", "扶梯忽然往下一冲，老太太滚下去了"),
        ("U03", "再不退钱我就跳楼"),
        ("U03", "他说要放火烧店"),
        ("U03", "你们不管我就炸了你们局"),
        ("U03", "他买炸药了"),
        ("U03", "再这样我炸死你们"),
        ("U04", "染发后昏迷，正在抢救"),
        ("U04", "医生说右眼可能失明"),
        ("U04", "脸上可能要毁容"),
        ("U04", "还在ICU"),
    ],
)
def test_danger_that_is_stated_is_p0(urgencies, rule, text):
    found = urgencies.of({"text": text})

    assert (found.level, found.rule) == (Level.P0, rule)


@pytest.mark.parametrize(
    "text",
    [
        # denied
        "没有人食物中毒，就是味道不对",
        "目前没有孩子食物中毒的情况",
        "并未被困电梯，只是门慢",
        "没有发生食物中毒",
        "医生说排除食物中毒",
        "没有失明，就是有点糊",
        "食物中毒倒没有，就是恶心",
        "我不是要自杀，是气话",
        "医院说食物中毒已排除",
        "电梯未曾困人",
        # heard of
        "听说隔壁有人食物中毒",
        "网上说吃这个会失明",
        "据说有人困在电梯里",
        "新闻里说哪里电梯坠落，我们小区的也该查查",
        "论坛有账号发帖说水库死鱼是“投毒”",
        # guarded against, supposed, taught
        "以防发生食物中毒，请检查食堂",
        "如果煤气罐爆炸了怎么办",
        "万一电梯困人怎么办",
        "担心失明，不敢再戴",
        "怕食物中毒没敢吃",
        "希望多做食物中毒宣传",
        "住户担忧煤气罐爆炸",
        "液化气瓶有爆炸隐患",
        "群里讨论电梯困人该怎么办",
        "课上发了《食物中毒预防》一书",
        "失明的话谁负责",
        "参加了电梯困人应急演练",
        # over
        "去年电梯困人已处理，这次是电费",
        "前年我妈食物中毒过一次",
        "电梯困人的事已经解决，谢谢",
        # names and other words
        "隔壁“爆炸鸡排”少给一块",
        "炸鸡油不换，油炸食品发黑",
        "油条炸了那么久还是生的",
        "自杀式降价清仓",
        "三个人吐槽口味",
        "轰炸机模型缺零件",
        "短信轰炸我一天",
        "空气炸锅砍单",
        "我们班家长群都炸了",
        "浴霸灯泡炸了",
        "跳楼价清仓，写跳楼机票不退",
        "超市促销跳楼大甩卖",
        "把货存放火车站寄存处",
        "新开放火锅店排队",
        "老人头皮鞋开胶",
        "科里抢救叫不到我",
        "困难户，手头困住了",
        "电梯广告太多",
        "等电梯的人多",
        "住在电梯旁边",
    ],
)
def test_what_is_denied_told_feared_named_or_over_is_not_p0(urgencies, text):
    assert urgencies.of({"text": text}).level is not Level.P0


def test_the_rule_that_fired_and_its_span_in_the_original_field_are_shown(urgencies):
    fields = {"title": "电梯的事", "text": "快来，电梯困人了"}

    found = urgencies.of(fields)

    assert (found.rule, found.field, found.name) == ("U02", "text", "特种设备险情")
    assert "困人" in fields["text"][found.start : found.end]
    assert found.action


def test_a_match_in_the_title_keeps_to_the_title(urgencies):
    found = urgencies.of({"title": "电梯困人", "text": "电梯修好再说"})

    assert (found.field, found.start, found.end) == ("title", 0, 4)


def test_what_nothing_fires_for_goes_by_the_clocks(urgencies):
    found = urgencies.of({"title": "", "text": "买的衣服起球"})

    assert (found.level, found.rule, found.name, found.field) == (Level.P2, None, "一般", None)


def test_the_more_urgent_rule_wins_whatever_their_order():
    late = UrgencyRule("late", Level.P1, "今晚", ("今晚",), "")
    early = UrgencyRule("early", Level.P0, "困人", ("困人",), "")

    found = Urgencies(charter_with(late, early)).of({"text": "今晚电梯困人"})

    assert found.rule == "early"


def test_an_expression_without_a_word_of_its_own_is_tried_on_every_text():
    numbers = UrgencyRule("many", Level.P1, "many", (r"\d{3,}",), "")

    assert Urgencies(charter_with(numbers)).of({"text": "来了1000"}).rule == "many"


def test_a_lone_surrogate_does_not_hide_what_follows(urgencies):
    found = urgencies.of({"text": "\ud83d快来，电梯困人"})

    assert found.level is Level.P0


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("U05", "四百一十余名会员联系不上老板"),
        ("U05", "二十三个人的工钱没结"),
        ("U05", "群里160多人都退不了"),
        ("U05", "有85户业主被多收"),
        ("U05", "老板卷款，人去楼空"),
        ("U05", "早教连着三家店同一天关门"),
        ("U05", "交钱拉人头，拉三个升主管"),
        ("U06", "未成年人充值"),
        ("U06", "孩子玩滑梯骨折"),
        ("U06", "八岁女儿被刷脸"),
        ("U06", "宝宝的奶粉罐底追溯码被刮"),
        ("U06", "母亲天天去听课领鸡蛋"),
        ("U06", "我爸76岁，一个人住"),
        ("U06", "校服掉色"),
        ("U07", "他们今晚还要开场"),
        ("U07", "店里正在往外搬"),
        ("U07", "明早货车就拉走"),
        ("U07", "监控别让他们删了"),
        ("U08", "这是第三次来反映"),
        ("U08", "已经多次投诉没人管"),
        ("U08", "再不处理我找记者"),
        ("U08", "要上热搜"),
    ],
)
def test_groups_minors_the_old_vanishing_evidence_and_repetition_are_p1(urgencies, rule, text):
    found = urgencies.of({"text": text})

    assert (found.level, found.rule) == (Level.P1, rule)


@pytest.mark.parametrize(
    "text",
    [
        "没有未成年人在场",
        "不是老人被骗，是我自己买的",
        "如果明天就搬走怎么办",
        "大学生合开网店",
        "小学文化，看不懂合同",
        "满减20人民币",
        "2025年9月15日人工客服",
        "一个人去吃饭",
        "联名款手办",
        "课程叫《老人听课防骗指南》",
        "正在营业的店",
    ],
)
def test_what_only_looks_like_it_is_not_p1(urgencies, text):
    assert urgencies.of({"text": text}).level is Level.P2


def test_every_expression_that_ships_can_be_looked_for_by_a_word():
    assert all(Urgencies(demo_charter()).expressions.needs)
