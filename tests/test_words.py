"""Words: the segmenter leaves nothing out."""

from hypothesis import given

from nlp import words
from tests.toys import texts


@given(texts)
def test_words_join_to_the_text(text: str) -> None:
    """The words joined again are the text, and each span holds its word."""
    found = words.cut(text)
    assert "".join(found) == text
    assert [text[start:end] for start, end in words.spans(text)] == found


def test_words_are_words() -> None:
    """Plain Chinese is cut into dictionary words."""
    assert words.cut("请求街道办事处处理") == ["请求", "街道", "办事处", "处理"]
