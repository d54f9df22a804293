"""Personal data (个人信息): find it, and mask it with stable placeholders such as 〔手机号1〕.

Patterns are data (labels/rules/privacy.toml); what a pattern cannot tell, such as a check digit, is
checked here. Case and document numbers are not personal data. This file stands on the floor of
``nlp.rules`` and does not use it: these patterns need no guards and no sentences.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from nlp.entries import Rule
from nlp.labels import Labels
from nlp.letter import Part
from nlp.report import Pii
from nlp.text import View, fold

TRUSTED = ".cued"
"""Rules whose id ends so follow a word like 身份证号 and are believed without a check digit."""
_FIRST = ("身份证号", "统一社会信用代码", "银行卡号", "护照与港澳台证件", "手机号", "固定电话")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_CODE_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_PROVINCES = frozenset(
    (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55))
) | frozenset((*range(61, 66), 71, 81, 82, 83))
_NOISE = re.compile(r"[^0-9A-Za-z@._\u4e00-\u9fff]")
_COUNTRY = re.compile(r"^(?:00)?86(?=1)")


def is_identity(number: str) -> bool:
    """Whether 18 signs are a citizen's number: region, birthday, check digit (GB 11643-1999)."""
    if len(number) != len(_ID_WEIGHTS) + 1 or int(number[:2]) not in _PROVINCES:
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(a) * b for a, b in zip(number, _ID_WEIGHTS, strict=False))
    return born.year >= 1850 and _ID_CHECKS[total % 11] == number[17].upper()  # noqa: PLR2004


def is_credit_code(code: str) -> bool:
    """Whether 18 signs are a unified social credit code with its check sign (GB 32100-2015)."""
    signs = code.upper()
    if len(signs) != len(_CODE_WEIGHTS) + 1 or any(sign not in _CODE_SIGNS for sign in signs):
        return False
    pairs = zip(signs, _CODE_WEIGHTS, strict=False)
    total = sum(_CODE_SIGNS.index(sign) * weight for sign, weight in pairs)
    return _CODE_SIGNS[-total % len(_CODE_SIGNS)] == signs[17]


def is_card(number: str) -> bool:
    """Whether digits pass the Luhn check (ISO/IEC 7812-1) and are not one digit over and over."""
    digits = [int(char) for char in reversed(number)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0 and len(set(digits)) > 1


def is_mobile(number: str) -> bool:
    """Whether digits are a mobile number and not a stand-in such as 13000000000."""
    return len(set(_COUNTRY.sub("", number)[2:])) > 1


_CHECKS: Mapping[str, Callable[[str], bool]] = {
    "身份证号": is_identity,
    "统一社会信用代码": is_credit_code,
    "银行卡号": is_card,
    "手机号": is_mobile,
}


@dataclass(frozen=True, slots=True)
class _Find:
    type: str
    start: int
    end: int


class Finder:
    """Finds personal data; holds what is compiled from the labels once."""

    def __init__(self, labels: Labels) -> None:
        self._rules = tuple(
            (rule, tuple(re.compile(pattern) for pattern in rule.patterns))
            for rule in labels.rules["privacy"]
        )

    def find(self, view: View) -> tuple[Pii, ...]:
        """Find personal data in title and body.

        Returns:
            Finds in the order of the letter; none overlaps another.
        """
        kept: list[_Find] = []  # in the order of the letter
        for find in sorted(self._matches(view.text), key=_rank):
            at = bisect_left(kept, find.end, key=_start)
            if not at or kept[at - 1].end <= find.start:
                kept.insert(at, find)
        places = ((find, view.span(find.start, find.end)) for find in kept)
        return tuple(Pii(find.type, span) for find, span in places if span)

    def _matches(self, text: str) -> Iterator[_Find]:
        """Every match that its check lets pass."""
        for rule, patterns in self._rules:
            for pattern in patterns:
                group = "span" if "span" in pattern.groupindex else 0
                for match in pattern.finditer(text):
                    if _passes(rule, match[group]):
                        yield _Find(rule.label, *match.span(group))


def _start(find: _Find) -> int:
    """Where a find begins."""
    return find.start


def _passes(rule: Rule, words: str) -> bool:
    """Whether the check of a rule's type, if it has one, lets a match pass."""
    check = _CHECKS.get(rule.label)
    return check is None or rule.id.endswith(TRUSTED) or check(_plain(words))


def _rank(find: _Find) -> tuple[int, int, int]:
    """Checked numbers before the rest, longer before shorter, earlier before later."""
    first = _FIRST.index(find.type) if find.type in _FIRST else len(_FIRST)
    return first, find.start - find.end, find.start


def _plain(words: str) -> str:
    """A find without blanks, dashes and invisible signs, folded: what tells it from others."""
    return _NOISE.sub("", fold(words))


def mask(text: str, found: Sequence[Pii], *, part: Part = "text") -> str:
    """Replace personal data by placeholders that stay the same for the same value.

    Args:
        text: One part of a letter.
        found: All finds of the letter; numbers count over title and body together.
        part: Which part ``text`` is.

    Returns:
        The text with 〔手机号1〕 and the like in place of the finds of that part.
    """
    names: dict[tuple[str, str], str] = {}
    counts: dict[str, int] = {}
    for find in sorted(found, key=lambda f: (f.span.part != "title", f.span.start)):
        key = (find.type, _COUNTRY.sub("", _plain(find.span.quote)).upper())
        if key not in names:
            counts[find.type] = counts.get(find.type, 0) + 1
            names[key] = f"〔{find.type}{counts[find.type]}〕"
    own = sorted((f for f in found if f.span.part == part), key=lambda f: -f.span.start)
    for find in own:
        key = (find.type, _COUNTRY.sub("", _plain(find.span.quote)).upper())
        text = text[: find.span.start] + names[key] + text[find.span.end :]
    return text
