"""Two segmenters that must not differ, and the lexicon that both read."""

import math
from itertools import islice
from pathlib import Path

import jieba as jieba_package
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.ngrams import _counts_as_word
from features.normalise import Normaliser
from features.segment import DOMAIN_WORDS, BadLexicon, JiebaSegmenter, Lexicon, code_points, is_word
from features.trie import CompiledSegmenter, build_trie

SHARED = Path(__file__).parents[2].parent / "shared" / "data"

AWKWARD = (
    "",
    "。",
    "\r\n",
    "\r\r\n\n",
    "一\r\n二\n\r三\r",
    "市民反映超市销售过期食品",
    "预付卡办了年卡，健身房跑路",
    "abc123",
    "abc中def文123",
    "iPhone14坏了，AirPods也坏了",
    "1.5升的4S店T恤C++B超A股",
    "卡拉OK江南style",
    "a.b-c_d%e#f&g+h",
    "价格是100.50元，涨了80%",
    "α射线γ射线β",
    "𠮷野家的𡃁仔",
    "😀👨\u200d👩\u200d👧🍜",
    "\ud83d\udc00半个字",
    "\u9fd5\u9fd6\u4e00\u4dff",
    "龥龦龧",
    "　全角　空格　ＡＢＣ１２３",
    "   三个 空格\t\t制表",
    "\u2028\u2029\x0b\x0c\x1c\x1d\x85\xa0",
    "食品安全法第一百四十八条第二款",
    "南京市长江大桥研究生命起源",
    "结婚的和尚未结婚的",
    "工信处女干事每月经过下属科室",
    "的的的的的的的的的的",
    "乒乓球拍卖完了",
    "一" * 3000,
    "过期食品" * 1500,
    "x" * 3000,
)


@pytest.mark.parametrize("text", AWKWARD, ids=range(len(AWKWARD)))
def test_awkward_texts_are_cut_as_jieba_cuts_them(text, jieba, compiled):
    assert compiled(text) == jieba(text)


@given(data=st.data())
@settings(max_examples=1000, deadline=None)
def test_any_text_is_cut_as_jieba_cuts_it(data, awkward, jieba, compiled):
    text = data.draw(awkward.TEXTS)
    tokens = compiled(text)
    assert tokens == jieba(text)
    assert "".join(tokens) == text


@given(
    words=st.dictionaries(
        st.text("甲乙丙丁a1+", min_size=1, max_size=5), st.sampled_from([1, 2, 4, 8, 16, 1000]), max_size=25
    ),
    text=st.text("甲乙丙丁戊a1b+。 ", max_size=40),
)
@settings(max_examples=500, deadline=None)
def test_any_lexicon_cuts_alike_also_where_paths_are_equally_probable(words, text):
    frequencies = dict(words)
    for word in words:
        for end in range(1, len(word)):
            frequencies.setdefault(word[:end], 0)
    total = sum(words.values()) or 1
    lexicon = Lexicon(frequencies, total, "")
    assert CompiledSegmenter(build_trie(frequencies, total))(text) == JiebaSegmenter(lexicon)(text)


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not on this machine")
@pytest.mark.parametrize("name", ["haikou12345.csv.gz", "taidi2020c.csv.gz"])
def test_every_third_real_complaint_is_cut_as_jieba_cuts_it_raw_and_normalised(name, awkward, jieba, compiled):
    normalise = Normaliser()
    rows = differing = 0
    for row in islice(awkward.shared_rows(name), 0, None, awkward.EVERY):
        for raw in (row["title"], row["text"]):
            normalised = normalise(raw).text
            for text in {raw, normalised}:
                rows += 1
                differing += compiled(text) != jieba(text)
    assert rows > 4_000
    assert differing == 0


def test_the_lexicon_knows_the_words_of_the_domain(jieba, compiled):
    for word in ("预付卡", "退一赔三", "职业打假人", "电子秤"):
        for segment in (jieba, compiled):
            assert segment(f"投诉{word}")[-1] == word


def test_the_lexicon_has_jiebas_words_and_all_prefixes(lexicon):
    assert lexicon.frequencies["北京大学"] > 0
    assert lexicon.frequencies["北京大"] == 0


def test_the_lexicon_is_what_jieba_makes_of_the_same_files(lexicon, tmp_path):
    theirs = jieba_package.Tokenizer()
    theirs.tmp_dir = str(tmp_path)
    with DOMAIN_WORDS.open("rb") as words:  # jieba leaves a file open that it is given by name
        theirs.load_userdict(words)
    assert (lexicon.frequencies, lexicon.total) == (theirs.FREQ, theirs.total)


def test_equal_vocabularies_have_equal_digests_and_others_others(lexicon, tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("预付卡 900 n\n\n鬼秤 3\n", encoding="utf-8")
    other = Lexicon.load(words)
    assert other.digest == Lexicon.load(words).digest != lexicon.digest == Lexicon.load().digest
    assert (other.frequencies["预付卡"], other.frequencies["鬼秤"]) == (900, 3)


@pytest.mark.parametrize("line", ["预付卡", "预付卡 n 3", "预付卡 0", "预付卡 -2 n", "预付卡 1.5"])
def test_a_line_that_is_no_entry_is_named_with_its_file_and_place(line, tmp_path):
    words = tmp_path / "words.txt"
    words.write_text(f"鬼秤 3 n\n{line}\n", encoding="utf-8")
    with pytest.raises(BadLexicon, match=r"words\.txt, line 2: .*word frequency \[tag\]"):
        Lexicon.load(words)


def test_jiebas_global_tokenizer_is_left_alone(lexicon, jieba, compiled):
    jieba("市民反映预付卡")
    compiled("市民反映预付卡")
    assert not jieba_package.dt.initialized
    assert jieba_package.dt.FREQ == {}


def test_a_trie_holds_each_word_with_its_log_probability(lexicon, compiled):
    trie = lexicon.trie
    known = trie.log_probability[~np.isnan(trie.log_probability)]
    words = [count for count in lexicon.frequencies.values() if count]
    assert len(known) == len(words)
    assert known.max() == pytest.approx(math.log(max(words) / lexicon.total))
    assert trie.unknown == pytest.approx(-math.log(lexicon.total))


def test_what_counts_as_a_word_is_the_same_in_both_languages():
    for code in range(0x10000):
        assert bool(_counts_as_word(np.uint32(code))) == is_word(chr(code))


def test_code_points_are_those_of_the_text():
    text = "一A😀\ud83d"
    assert code_points(text).tolist() == [ord(character) for character in text]
