"""Where the merchant is, by the charter's names, and never where the complainant lives."""

import pytest

from features.complaint import Complaint
from models.charter.articles import Charter, Department, Office, OfficeKind, PlaceName, Territory
from models.charter.demo import demo_charter
from models.charter.places import PlaceFinder


@pytest.fixture(scope="module")
def finder():
    return PlaceFinder(demo_charter())


def stations(finder, text="", **fields):
    return [place.station for place in finder.find(Complaint(text=text, **fields))]


@pytest.mark.parametrize(
    "text",
    [
        "家住东亭街道，在网上买的手机坏了",
        "本人住在东亭街道某小区，网购的衣服褪色",
        "我住东亭路8号，在外地旅游时买了假货",
        "家庭住址：东亭街道，投诉网店不退款",
        "来电人租住东亭街道自建房，外地网店不发货",
        "我家在东亭街道，投诉某平台",
        "居住于东亭街道的市民反映网店不退款",
        "老人現住東亭街道，網購受騙",
    ],
)
def test_the_complainants_own_address_is_no_place_of_the_merchant(finder, text):
    assert stations(finder, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "家住东亭街道，楼下超市卖过期食品",
        "我住东亭路8号附近的菜市场缺斤少两",
        "出差住在东亭路的某酒店，电梯困人",
        "我家住在东亭街道，小区门口的药店乱涨价",
        "家长投诉东亭街道的培训班",
        "我家盖房，在东亭街道定做的门窗漏水",
        "东亭菜市场的摊贩缺斤少两",
        "東亭街道的超市賣過期食品",
    ],
)
def test_what_is_beside_a_home_or_has_no_home_in_it_is_a_place(finder, text):
    assert stations(finder, text) == ["T01"]


def test_the_merchants_address_comes_before_its_name_and_the_text(finder):
    fields = {"title": "荷塘广场的店", "merchant": "柳坞镇超市", "address": "石渡镇老街1号"}
    assert stations(finder, "在东亭街道买的", **fields) == ["T05", "T04", "T03", "T01"]


def test_in_an_address_field_even_the_complainants_words_for_home_count(finder):
    assert stations(finder, address="我家楼下，东亭街道") == ["T01"]


def test_an_ambiguous_name_needs_a_second_sign(finder):
    assert stations(finder, "在桥西买的鱼不新鲜") == []
    assert stations(finder, "在望江桥西买的鱼不新鲜") == ["T02"]
    assert stations(finder, "在桥西买的鱼，店在河西老街") == ["T02", "T02"]
    assert stations(finder, "买的鱼不新鲜", address="桥西8号") == ["T02"]
    assert stations(finder, "在桥西买的鱼，店在东亭街道") == ["T01"]
    (doubtful,) = finder.sight(Complaint(text="在桥西买的鱼不新鲜")).doubtful
    assert (doubtful.name, doubtful.start, doubtful.end) == ("桥西", 1, 3)


def test_a_longer_name_that_means_something_else_hides_the_shorter(finder):
    assert stations(finder, "望江区的人在外省桥西区买的鱼") == []


def test_the_longest_of_nested_names_counts():
    names = (PlaceName("荷塘"), PlaceName("荷塘西路"))
    charter = Charter("", "", (), (), (), (Territory("A", names[:1]), Territory("B", names[1:])))
    assert stations(PlaceFinder(charter), "在荷塘西路") == ["B"]
    assert stations(PlaceFinder(charter), "在荷塘") == ["A"]


def test_the_station_that_a_text_names_most_comes_first(finder):
    assert stations(finder, "从东亭街道出发，荷塘广场的店，荷塘街道的分店") == ["T03", "T03", "T01"]


def test_offsets_are_of_the_original_field_also_behind_other_fields_and_traditional_script(finder):
    complaint = Complaint(text="請查東亭街道的店", title="投诉", merchant="某店", address="桥西大道5号")
    for place in finder.find(complaint):
        assert getattr(complaint, place.field)[place.start : place.end] in {"東亭街道", "桥西大道"}


def test_offices_and_departments_are_seen_in_the_same_pass():
    office = Office("O11", "广告监督管理科", OfficeKind.LINE, aliases=("广告科",))
    departments = (Department("CITY", "城管", ("油烟",)), Department("ECO", "生态环境", ("油烟", "噪声")))
    charter = Charter("", "", (), (office,), (), departments=departments)
    sighting = PlaceFinder(charter).sight(Complaint(text="请广告科来看，油烟大"))
    assert sighting.offices == ("O11",)
    # a code is also a model of goods
    assert not PlaceFinder(charter).sight(Complaint(text="买的O11型号")).offices
    assert sighting.departments == ("CITY", "ECO")


def test_a_charter_without_names_finds_nothing():
    assert PlaceFinder(Charter("", "", (), (), ())).find(Complaint(text="东亭街道")) == ()


def test_half_a_character_before_a_name_moves_no_offset(finder):
    (place,) = finder.find(Complaint(text="\ud800\ud800东亭街道"))
    assert (place.start, place.end) == (2, 6)


def test_the_places_of_other_stations_in_its_field_stand_beside_the_best_one(finder):
    seen = finder.sight(Complaint(text="在荷塘广场", address="东亭街道、桥西大道、东亭路、桥西街道、柳坞镇"))
    assert [(each.station, each.name) for each in (seen.place, *seen.others)] == [
        ("T01", "东亭街道"),
        ("T02", "桥西大道"),
        ("T04", "柳坞镇"),
    ]
    assert finder.sight(Complaint(text="在荷塘广场", address="东亭街道东亭路")).others == ()
