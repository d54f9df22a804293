"""Reading rows on one or more processes: order kept, no row lost."""

from collections.abc import Iterator

import pytest

from nlp.errors import BundleError
from nlp.letter import Letter
from nlp.scan.engine import CHUNK, FEW, read_all
from nlp.scan.reading import Reads, read_rows
from nlp.scan.rows import Row
from tests.fakes import FakeTriage, load

COUNT = FEW + 2 * CHUNK + 7


def rows(special: dict[int, str] | None = None, count: int = COUNT) -> Iterator[Row]:
    """Many letters; some special."""
    for i in range(count):
        yield Row(i, f"n{i}", Letter(f"n{i}", "", (special or {}).get(i, "夜里太吵")))


def no_bundle() -> Reads:
    """A loader that refuses."""
    raise BundleError("没有模型")


@pytest.mark.parametrize("workers", [1, 2])
def test_order_is_kept(workers: int) -> None:
    """Every row comes out once, in order, with its own report."""
    found = list(read_all(rows(), load, workers=workers))
    assert [row.id for row, _ in found] == [f"n{i}" for i in range(COUNT)]
    assert all(row.id == report.id for row, report in found)


def test_a_letter_that_kills_its_worker_goes_to_a_person() -> None:
    """Only that letter is lost to the model; all others are read."""
    found = {row.id: report for row, report in read_all(rows({70: "CRASH"}), load, workers=2)}
    assert len(found) == COUNT
    assert [key for key, report in found.items() if report.review.required] == ["n70"]
    assert "中断" in found["n70"].review.reasons[0]
    assert found["n70"].model == FakeTriage.model


def test_a_letter_that_raises_goes_to_a_person() -> None:
    """The other letters of its chunk are read; the reason holds no text of the letter."""
    found = list(read_all(rows({3: "RAISE"}, 9), load, workers=1))
    assert [report.review.required for _, report in found] == [i == 3 for i in range(9)]
    assert "ValueError" in found[3][1].review.reasons[0]
    assert "RAISE" not in str(found[3][1])


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bundle_that_cannot_be_loaded_is_an_error(workers: int) -> None:
    """The reason reaches the caller from a worker, too."""
    with pytest.raises(BundleError, match="没有模型"):
        list(read_all(rows(), no_bundle, workers=workers))


def test_rows_without_letter_get_a_report() -> None:
    """In their place among the others, with the reason."""
    mixed = [Row(1, "a", None, "第 1 行没有来信内容"), *rows(count=1)]
    reports = read_rows(FakeTriage(), mixed)
    assert [report.id for report in reports] == ["a", "n0"]
    assert reports[0].review.reasons == ("第 1 行没有来信内容",)


def test_notes_reach_the_review() -> None:
    """Notes alone oblige nobody; doubt does."""
    letter = Letter("a", "", "吵")
    noted = Row(1, "a", letter, notes=("提示",))
    doubtful = Row(1, "a", letter, notes=("可疑",), doubtful=True)
    first, second = read_rows(FakeTriage(), [noted])[0], read_rows(FakeTriage(), [doubtful])[0]
    assert (first.review.required, first.review.reasons) == (False, ("提示",))
    assert (second.review.required, second.review.reasons) == (True, ("可疑",))


def test_stopping_early_lets_the_workers_go() -> None:
    """A caller who breaks off does not wait for the rest."""
    reading = read_all(rows(), load, workers=2)
    next(reading)
    reading.close()
