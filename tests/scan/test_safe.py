"""Text in cells and on terminals."""

import pytest

from nlp.scan.safe import MAX_CELL, cell_text, terminal_text


@pytest.mark.parametrize("text", ["=1+1", "+86", "-5", "@x", "＝1", "＠x", "\t=1", "\r=1", " =1"])
def test_formulas_are_only_text(text: str) -> None:
    """A spreadsheet never runs what a letter begins with."""
    assert cell_text(text) == f"'{text}"


def test_plain_text_stays() -> None:
    """Other text is not touched."""
    assert cell_text("1+1=2，a@b\n第二行") == "1+1=2，a@b\n第二行"


def test_illegal_characters_go() -> None:
    """What Excel refuses is left out, before the look for formulas."""
    assert cell_text("\x00\x1b=x\ud800\uffff") == "'=x"


def test_long_cells_are_cut() -> None:
    """Excel's limit holds, and the cut is said."""
    cut = cell_text("=" + "吵" * MAX_CELL)
    assert len(cut) == MAX_CELL
    assert cut.endswith("（过长，余下见原信）")


def test_terminals_are_not_steered() -> None:
    """No escape sequence, no change of direction."""
    assert terminal_text("a\x1b[31mb\u202ec\td") == "a·[31mb·c d"
