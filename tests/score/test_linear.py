"""The linear scorer: the training side's features, and answers that stand by themselves."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from safetensors.numpy import load_file, save_file
from sklearn.feature_extraction.text import TfidfVectorizer

from nlp import bundle
from nlp.errors import BundleError
from nlp.letter import Letter
from nlp.score.linear import VOCABULARY, WEIGHTS, LinearScorer
from nlp.score.terms import FAMILIES
from tests import toy_training
from tests.toys import letters

LETTERS = [
    Letter(row["id"], row["title"], row["body"]) for row in toy_training.gold_rows()[:14]
] + [Letter("x", "", "請問學區什麼時候公佈？？😀"), Letter("y", "路灯", "\r\n")]


@pytest.fixture(scope="module")
def scorer(toy_bundle: Path) -> LinearScorer:
    """The scorer of the toy bundle."""
    return LinearScorer(bundle.open_bundle(toy_bundle))


@pytest.mark.parametrize("family", FAMILIES)
def test_tf_idf_is_scikit_learns(scorer: LinearScorer, toy_bundle: Path, family: str) -> None:
    """On the same terms, a family's values are TfidfVectorizer's, times the family's weight."""
    terms = json.loads((toy_bundle / VOCABULARY).read_text("utf-8"))
    start = sum(len(terms[name]) for name in list(FAMILIES)[: list(FAMILIES).index(family)])
    size = len(terms[family])
    weight = bundle.open_bundle(toy_bundle).manifest["families"][family]
    cut: Any = FAMILIES[family]  # scikit-learn's types know of names only
    theirs = TfidfVectorizer(
        analyzer=cut, vocabulary=terms[family], sublinear_tf=True, dtype=np.float64
    )
    idf = load_file(toy_bundle / WEIGHTS)["idf"][start : start + size]
    theirs.fit([Letter("", "", "")])
    theirs.idf_ = idf.astype(np.float64)
    expected = theirs.transform(LETTERS).toarray() * weight
    for letter, row in zip(LETTERS, expected, strict=True):
        sparse = scorer._sparse(letter)
        ours = np.zeros(start + size + sum(map(len, terms.values())))
        ours[sparse.columns] = sparse.values
        np.testing.assert_allclose(ours[start : start + size], row, atol=2e-6)


def test_a_letters_row_is_its_own(scorer: LinearScorer) -> None:
    """Any subset, in any order, gives the same rows to the bit."""
    whole = scorer.score(LETTERS)
    chosen = [7, 0, 15, 3]
    part = scorer.score([LETTERS[i] for i in chosen])
    for head, rows in whole.items():
        assert rows.dtype == np.float32
        assert rows.shape == (len(LETTERS), len(scorer.heads[head]))
        np.testing.assert_array_equal(part[head], rows[chosen])


@given(letters)
@settings(max_examples=40)
def test_every_letter_has_finite_logits(scorer: LinearScorer, letter: Letter) -> None:
    """Empty, blank, one character, emoji, unknown signs: always finite numbers."""
    assert all(np.isfinite(rows).all() for rows in scorer.score([letter]).values())


@pytest.mark.parametrize("body", ["", " ", "冤", "\U0002a6d6", "工资拖欠了半年，请帮忙。" * 17_000])
def test_any_length_is_read(scorer: LinearScorer, body: str) -> None:
    """Nothing, one character and 200,000 characters are all read whole."""
    rows = scorer.score([Letter("1", "", body)])
    assert all(np.isfinite(values).all() for values in rows.values())


def test_no_letters_give_no_rows(scorer: LinearScorer) -> None:
    """An empty batch gives empty rows of every head."""
    assert {len(rows) for rows in scorer.score([]).values()} == {0}


def test_the_end_of_a_long_letter_counts(scorer: LinearScorer) -> None:
    """What is said only at the very end changes the answer: nothing is cut off."""
    head = "今天天气很好。" * 3000
    said = "隔壁工厂半夜排放废气，气味刺鼻"
    without, with_end = (scorer.score([Letter("1", "", head + end)]) for end in ("", said * 40))
    place = scorer.heads["category"].index("环境保护")
    assert with_end["category"][0, place] > without["category"][0, place] + 0.5


def test_evidence_points_at_the_sentence(scorer: LinearScorer) -> None:
    """Of several sentences the one that a label was learnt from speaks for it."""
    parts = ["您好，打扰了。", "村干部贪污补助款，请为我保密。", "建议增加公交班次。"]
    ask = scorer.evidence(parts)
    pointed = [ask("flags", "检举控告"), ask("purpose", "建议")]
    assert [scores is not None and int(scores.argmax()) for scores in pointed] == [1, 2]
    assert scorer.evidence([])("flags", "检举控告") is None
    assert scorer.evidence(["𠮷𠮷"])("flags", "检举控告") is None


def copied(source: Path, target: Path) -> Path:
    """A copy of a bundle that may be harmed."""
    return Path(shutil.copytree(source, target / "bundle"))


def _reshape(name: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        arrays = load_file(folder / WEIGHTS)
        arrays[name] = np.ascontiguousarray(change(arrays[name]))
        save_file(arrays, folder / WEIGHTS)

    return harm


def _drop(folder: Path) -> None:
    arrays = load_file(folder / WEIGHTS)
    del arrays["latent_rows"]
    save_file(arrays, folder / WEIGHTS)


def _shorten(folder: Path) -> None:
    terms = json.loads((folder / VOCABULARY).read_text("utf-8"))
    terms["words"] = terms["words"][1:]
    (folder / VOCABULARY).write_text(json.dumps(terms), "utf-8")


HARM: dict[str, tuple[Callable[[Path], object], str]] = {
    "not safetensors": (lambda f: (f / WEIGHTS).write_bytes(b"\x80\x04."), "权重文件读不出来"),
    "no tensor": (_drop, "权重文件缺少 latent_rows"),
    "short bias": (_reshape("bias", lambda a: a[1:]), "形状"),
    "wide weights": (_reshape("weights", lambda a: np.hstack([a, a])), "形状"),
    "short dense": (_reshape("dense", lambda a: a[1:]), "形状"),
    "column too far": (_reshape("columns", lambda a: a + 10**6), "形状"),
    "negative column": (_reshape("columns", lambda a: a - 10**6), "形状"),
    "short latent": (_reshape("latent", lambda a: a[1:]), "形状"),
    "words missing": (_shorten, "形状"),
    "not json": (lambda f: (f / VOCABULARY).write_text("["), "词表读不出来"),
    "no family": (lambda f: (f / VOCABULARY).write_text("{}"), "词表读不出来"),
    "a list": (lambda f: (f / VOCABULARY).write_text("[]"), "词表读不出来"),
}


@pytest.mark.parametrize("harm", HARM)
def test_files_that_do_not_fit_are_refused(toy_bundle: Path, tmp_path: Path, harm: str) -> None:
    """A bundle whose files agree with the manifest's digests but not with each other."""
    folder = copied(toy_bundle, tmp_path)
    do, message = HARM[harm]
    do(folder)
    manifest = dict(bundle.open_bundle(toy_bundle).manifest)
    opened = bundle.write(folder, manifest, tuple(manifest.pop("files")))
    with pytest.raises(BundleError, match=message) as caught:
        LinearScorer(opened)
    assert str(folder) in caught.value.where
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("key", "value"), [("heads", ...), ("heads", []), ("families", ...), ("families", {"words": 1})]
)
def test_a_manifest_without_its_keys_is_refused(
    toy_bundle: Path, tmp_path: Path, key: str, value: Any
) -> None:
    """Heads and families must be there and whole."""
    folder = copied(toy_bundle, tmp_path)
    manifest = dict(bundle.open_bundle(toy_bundle).manifest)
    files = tuple(manifest.pop("files"))
    if value is ...:
        del manifest[key]
    else:
        manifest[key] = value
    opened = bundle.write(folder, manifest, files)
    with pytest.raises(BundleError, match=r"manifest\.json.*缺少词族或任务"):
        LinearScorer(opened)
