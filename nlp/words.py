"""Word segmentation; the only file that imports jieba (its Rust port, rjieba)."""

from collections.abc import Iterable

import rjieba


def cut(text: str) -> list[str]:
    """Cut text into words; joined again they give the text."""
    return rjieba.cut(text)


def spans(text: str) -> Iterable[tuple[int, int]]:
    """Yield each word's (start, end) in text, in code points."""
    start = 0
    for word in cut(text):
        yield start, start + len(word)
        start += len(word)
