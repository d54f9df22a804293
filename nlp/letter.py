"""Letter and Span: the text as it came, and places in it. Standard library only."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from nlp.errors import LetterError

Part = Literal["title", "text"]


@dataclass(frozen=True, slots=True)
class Span:
    """A place in one part of a letter.

    Attributes:
        part: Which part the offsets count in: "title", or "text" for the body.
        start: First code point, from 0.
        end: One past the last code point (half-open).
        quote: The words themselves; always ``part_text[start:end]``.
    """

    part: Part
    start: int
    end: int
    quote: str

    def __post_init__(self) -> None:
        """Refuse empty, reversed or misquoted spans.

        Raises:
            LetterError: Offsets and quote do not fit each other.
        """
        if not 0 <= self.start < self.end or len(self.quote) != self.end - self.start:
            raise LetterError(
                "Span 的起止与引文不符", where=f"{self.part}[{self.start}:{self.end}]"
            )


@dataclass(frozen=True, slots=True)
class Letter:
    """One petition as it came; nothing ever rewrites it.

    Attributes:
        id: The sender's identifier, unique in a scan.
        title: The title line, may be empty.
        body: The letter's text, may be empty.
        received_at: Day of receipt, or None when it is not known.
    """

    id: str
    title: str = ""
    body: str = ""
    received_at: date | None = None

    @property
    def text(self) -> str:
        """Title and body joined by one line break, or the body alone without a title."""
        return f"{self.title}\n{self.body}" if self.title else self.body

    @property
    def body_offset(self) -> int:
        """Where the body begins in ``text``, in code points."""
        return len(self.title) + 1 if self.title else 0

    def span(self, start: int, end: int) -> Span | None:
        """Turn offsets in ``text`` into a Span of the part that holds most of them.

        Args:
            start: First code point in ``text``.
            end: One past the last code point in ``text``.

        Returns:
            The Span, cut to one part, or None when nothing of it lies in any part.
        """
        shift = self.body_offset
        in_title = min(end, len(self.title)) - start
        in_body = end - max(start, shift)
        if in_title > max(in_body, 0):
            stop = min(end, len(self.title))
            return Span("title", start, stop, self.title[start:stop])
        first, last = max(start - shift, 0), min(end - shift, len(self.body))
        if first >= last:
            return None
        return Span("text", first, last, self.body[first:last])

    def offsets(self, span: Span) -> tuple[int, int]:
        """Place a Span of this letter back into ``text`` (start, end)."""
        shift = 0 if span.part == "title" else self.body_offset
        return span.start + shift, span.end + shift
