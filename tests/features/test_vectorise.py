"""The vectoriser against scikit-learn's own parts."""

import pickle
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks

from features.lookup import build_lookup, look_up
from features.ngrams import Corpus
from features.segment import is_word
from features.vectorise import ComplaintVectoriser, NoFeatures, corpus

COMPLAINTS = (
    ("过期食品", "市民在超市买到过期食品，要求退一赔十。"),
    ("", "健身房办了年卡，健身房跑路，年卡余额不退，健身房电话不通"),
    ("价格", "停车收费没有明码标价，停车费太高"),
    ("过期牛奶", "超市销售过期牛奶，牛奶已经鼓包，要求退款并查处超市。"),
    ("退卡", "理发店的会员卡不退，会员卡余额三百元"),
    ("", ""),
    ("abc 12315", "abc、12315。abc，12315"),
)


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_valid_tag_types,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
    ],
)
def test_it_is_an_estimator_as_scikit_learn_wants_them(check):
    """Of `parametrize_with_checks` these are all that need no matrix: it skips each estimator of texts, its own too."""
    with pytest.warns(SkipTestWarning, match="Can't test estimator"):
        assert len(list(estimator_checks.estimator_checks_generator(ComplaintVectoriser()))) == 1
    check("ComplaintVectoriser", ComplaintVectoriser())


def test_it_must_be_fitted_before_it_transforms():
    with pytest.raises(NotFittedError):
        ComplaintVectoriser().transform(["过期食品"])


def test_to_fit_again_or_to_fit_a_copy_gives_the_same(lexicon):
    texts = [text for _, text in COMPLAINTS]
    vectoriser = ComplaintVectoriser(lexicon.trie)
    before = dict(vars(vectoriser))
    first = vectoriser.fit_transform(texts)
    again, copied = vectoriser.fit(texts), pickle.loads(pickle.dumps(vectoriser))
    assert before == {name: vars(vectoriser)[name] for name in before}
    for other in (again, copied, clone(vectoriser).fit(np.array(texts, object))):
        assert abs(other.transform(texts) - first).nnz == 0


def test_a_row_does_not_depend_on_the_rows_beside_it(lexicon):
    texts = [text for _, text in COMPLAINTS]
    vectoriser = ComplaintVectoriser(lexicon.trie).fit(texts)
    alone = sparse.vstack([vectoriser.transform([text]) for text in reversed(texts)])
    assert abs(alone[::-1] - vectoriser.transform(texts)).nnz == 0


@pytest.fixture(scope="session")
def reference(jieba):
    """scikit-learn's union of the same blocks, fitted on documents; also the names of its columns."""

    def words(text):
        found = [token for token in jieba(text) if is_word(token)]
        return found + [f"{a} {b}" for a, b in pairwise(found)]

    def occurs(vectoriser, texts):
        try:
            vectoriser.fit(texts)
        except ValueError:  # scikit-learn refuses a block without a term
            return False
        return True

    def reference(documents, min_df, weights=None):
        kinds = ({"analyzer": words}, {"analyzer": "char", "ngram_range": (1, 4)})
        parts = []
        for field in range(len(documents[0])):
            for place, kind in enumerate(kinds):
                tfidf = TfidfVectorizer(sublinear_tf=True, lowercase=False, min_df=min_df, **kind)
                if occurs(clone(tfidf), [document[field] for document in documents]):
                    pick = FunctionTransformer(lambda rows, field=field: [row[field] for row in rows])
                    parts.append((str(2 * field + place), Pipeline([("pick", pick), ("tfidf", tfidf)])))
        weights = weights and {block: weights[int(block) // 2] for block, _ in parts}
        union = FeatureUnion(parts, transformer_weights=weights)
        matrix = union.fit_transform(documents)
        names = [f"{block}:{term}" for block, part in parts for term in part[-1].get_feature_names_out()]
        return union, matrix, names

    return reference


def same(ours, names, theirs, their_names):
    """Whether two matrices are equal up to the order of their named columns."""
    assert sorted(names) == sorted(their_names)
    place = {name: column for column, name in enumerate(names)}
    ordered = ours.toarray()[:, [place[name] for name in their_names]]
    np.testing.assert_allclose(ordered, theirs.toarray(), atol=1e-6)


@pytest.mark.parametrize("min_df", [1, 2])
@pytest.mark.parametrize("n_fields", [1, 2])
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_it_equals_scikit_learns_union(min_df, n_fields, n_jobs, lexicon, reference):
    documents = [complaint[2 - n_fields :] for complaint in COMPLAINTS]
    vectoriser = ComplaintVectoriser(lexicon.trie, min_df=min_df, n_jobs=n_jobs)
    matrix = vectoriser.fit_transform(documents)
    union, theirs, names = reference(documents, min_df)
    same(matrix, vectoriser.get_feature_names_out(), theirs, names)
    new = [("超市过期", "退卡，abc 明码标价 没有见过的话")[2 - n_fields :], ("", "")[2 - n_fields :]]
    same(vectoriser.transform(new), vectoriser.get_feature_names_out(), union.transform(new), names)


@given(data=st.data(), min_df=st.sampled_from([1, 2]), n_fields=st.sampled_from([1, 2]))
@settings(max_examples=60, deadline=None)
def test_it_equals_scikit_learns_union_on_any_texts(data, min_df, n_fields, awkward, lexicon, reference):
    # scikit-learn makes one blank of two, which normalised text does not have
    text = awkward.TEXTS.map(lambda drawn: re.sub(r"\s\s+", " ", drawn))
    documents = data.draw(st.lists(st.tuples(*[text] * n_fields), min_size=1, max_size=6))
    vectoriser = ComplaintVectoriser(lexicon.trie, min_df=min_df)
    try:
        matrix = vectoriser.fit_transform(documents)
    except NoFeatures:
        assume(False)  # noqa: FBT003
    _, theirs, names = reference(documents, min_df)
    same(matrix, vectoriser.get_feature_names_out(), theirs, names)


def test_many_features_and_many_documents_are_counted_alike(lexicon, reference):
    """More n-grams than the first table holds, and more documents than one compiled call takes."""
    random = np.random.default_rng(0)
    pages = ["".join(map(chr, random.integers(0x4E00, 0x9000, 9_000))) for _ in range(8)]
    documents = [(page,) for page in (*pages, pages[0][::-1])] + [(text,) for _, text in COMPLAINTS] * 600
    vectoriser = ComplaintVectoriser(lexicon.trie, min_df=1, n_jobs=2)
    matrix = vectoriser.fit_transform(documents)
    assert matrix.shape[0] > 4_000
    assert matrix.shape[1] > 200_000
    _, theirs, names = reference(documents, 1)
    place = {name: column for column, name in enumerate(vectoriser.get_feature_names_out())}
    difference = matrix[:, [place[name] for name in names]] - theirs
    assert len(place) == len(names)
    assert abs(difference).max() < 1e-6


def test_threads_make_no_difference(lexicon, tiny_complaints):
    texts = [text for text, *_ in tiny_complaints]
    one, three = (ComplaintVectoriser(lexicon.trie, n_jobs=jobs) for jobs in (1, 3))
    assert abs(one.fit_transform(texts) - three.fit_transform(texts)).nnz == 0
    assert one.get_feature_names_out().tolist() == three.get_feature_names_out().tolist()


def test_a_corpus_in_files_gives_the_rows_of_its_texts(lexicon, tmp_path):
    laid = corpus(COMPLAINTS, 2)
    np.save(tmp_path / "text.npy", laid.text)
    np.save(tmp_path / "fields.npy", laid.fields)
    text, fields = (np.load(tmp_path / name, mmap_mode="r") for name in ("text.npy", "fields.npy"))
    mapped = Corpus(text, fields, laid.n_fields, laid.longest)
    of_texts, of_files = (ComplaintVectoriser(lexicon.trie) for _ in range(2))
    assert abs(of_texts.fit_transform(COMPLAINTS) - of_files.fit_transform(mapped)).nnz == 0
    assert of_texts.get_feature_names_out().tolist() == of_files.get_feature_names_out().tolist()
    assert abs(of_texts.transform(COMPLAINTS) - of_files.transform(mapped)).nnz == 0


@pytest.mark.parametrize("n_jobs", [None, 3])
def test_rows_in_files_are_those_in_memory(n_jobs, lexicon, tmp_path):
    texts = [text for _, text in COMPLAINTS] * 900
    vectoriser = ComplaintVectoriser(lexicon.trie, n_jobs=n_jobs)
    in_memory = vectoriser.fit_transform(texts)
    for number, make in enumerate((vectoriser.fit_transform, vectoriser.transform)):
        spool = tmp_path / str(number)
        spool.mkdir()
        in_files = make(texts, spool=spool)
        assert abs(in_files - in_memory).nnz == 0
        assert {file.name: file.stat().st_size for file in spool.iterdir()} == {
            "columns.i4": 4 * in_memory.nnz,
            "values.f4": 4 * in_memory.nnz,
        }
        in_files.data[0] = 7
        assert np.fromfile(spool / "values.f4", np.float32)[0] == 7


def test_rows_in_files_outlive_others_in_the_same_directory(lexicon, tmp_path):
    texts = [text for _, text in COMPLAINTS]
    vectoriser = ComplaintVectoriser(lexicon.trie)
    first = vectoriser.fit_transform(texts, spool=tmp_path)
    vectoriser.transform(["", "龘"], spool=tmp_path)
    assert abs(first - vectoriser.transform(texts)).nnz == 0


def test_a_field_weighs_as_told(lexicon, reference):
    documents = [complaint for complaint in COMPLAINTS if all(complaint)]
    vectoriser = ComplaintVectoriser(lexicon.trie, field_weights=(0.5, 2.0))
    matrix = vectoriser.fit_transform(documents)
    _, theirs, names = reference(documents, 2, (0.5, 2.0))
    same(matrix, vectoriser.get_feature_names_out(), theirs, names)


def test_after_a_selection_rows_are_those_of_a_vocabulary_of_what_is_kept(lexicon):
    texts = [text for _, text in COMPLAINTS]
    vectoriser = ComplaintVectoriser(lexicon.trie, min_df=1).fit(texts)
    names, idf = vectoriser.get_feature_names_out(), vectoriser.idf_
    kept = np.flatnonzero(np.arange(len(names)) % 3 == 1)
    matrix = vectoriser.select(kept).transform(texts)
    assert vectoriser.get_feature_names_out().tolist() == names[kept].tolist()
    characters = [name[2:] for name in names[kept] if name.startswith("1:")]
    tfidf = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 4), lowercase=False, sublinear_tf=True, vocabulary=characters
    )
    tfidf.idf_ = idf[[name.startswith("1:") and place in set(kept) for place, name in enumerate(names)]]
    columns = [place for place, name in enumerate(names[kept]) if name.startswith("1:")]
    np.testing.assert_allclose(matrix[:, columns].toarray(), tfidf.transform(texts).toarray(), atol=1e-6)


def test_a_document_that_shares_nothing_is_a_row_of_zeros(lexicon):
    vectoriser = ComplaintVectoriser(lexicon.trie).fit(["过期食品", "过期食品"])
    assert vectoriser.transform(["", "齉龘", "过期食品"]).getnnz(axis=1).tolist()[:2] == [0, 0]


def test_the_same_words_are_other_features_in_another_field(lexicon):
    vectoriser = ComplaintVectoriser(lexicon.trie, min_df=1).fit([("价格", ""), ("", "价格")])
    title, text = vectoriser.transform([("价格", ""), ("", "价格")]).toarray()
    assert not (title * text).any()


def test_two_words_in_the_other_order_or_one_twice_are_features_of_their_own(lexicon):
    vectoriser = ComplaintVectoriser(lexicon.trie, min_df=1).fit(["退款 超市", "超市 退款", "退款 退款", "超市 超市"])
    pairs = [name for name in vectoriser.get_feature_names_out() if name.startswith("0:") and " " in name]
    assert sorted(pairs) == ["0:超市 超市", "0:超市 退款", "0:退款 超市", "0:退款 退款"]


@pytest.mark.parametrize("texts", [[], ["过期食品"], ["", ""], ["甲", "乙"]])
def test_nothing_in_common_is_refused_with_the_way_out(texts, lexicon):
    with pytest.raises(NoFeatures, match="give more text or lower min_df"):
        ComplaintVectoriser(lexicon.trie).fit(texts)


def test_documents_with_other_fields_are_refused(lexicon):
    vectoriser = ComplaintVectoriser(lexicon.trie).fit(["过期食品", "过期食品"])
    with pytest.raises(ValueError, match="document 0 has 2 fields, expected 1"):
        vectoriser.transform([("过期", "食品")])
    with pytest.raises(ValueError, match="document 1 has 1 fields, expected 2"):
        vectoriser.fit([("过期", "食品"), ("过期",)])
    with pytest.raises(ValueError, match="the corpus has 2 fields, expected 1"):
        vectoriser.transform(corpus([("过期", "食品")], 2))


@given(st.sets(st.integers(0, 2**64 - 1), min_size=1, max_size=200), st.lists(st.integers(0, 2**64 - 1), max_size=50))
@settings(max_examples=100, deadline=None)
def test_a_look_up_finds_each_key_in_its_row_and_no_other(known, others):
    keys = np.array(sorted(known), np.uint64)
    slots, row_bits = 1 << (2 * len(keys)).bit_length(), len(keys).bit_length()
    table = build_lookup(keys, slots, row_bits)
    shift, bits = np.uint64(64 - slots.bit_length() + 1), np.uint64(row_bits)
    assert [look_up(table, shift, bits, key) for key in keys] == list(range(len(keys)))
    # a key is told from another by its low bits and by its place: two that differ in high bits alone may meet
    low = {key & ((1 << (64 - row_bits)) - 1) for key in known}
    for other in others:
        if other & ((1 << (64 - row_bits)) - 1) not in low:
            assert look_up(table, shift, bits, np.uint64(other)) == -1
