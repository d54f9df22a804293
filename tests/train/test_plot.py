"""Pictures of a run: PNG, the same bytes for the same numbers."""

from pathlib import Path

from nlp.train import plot

PNG = b"\x89PNG"
CURVES = "step,epoch,loss,dev category,dev flags\n1,0.5,3.0,,\n2,1.0,2.0,0.5,0.25\n"


def test_curves_become_a_picture(tmp_path: Path) -> None:
    """Rows without a dev figure are skipped; drawing twice changes nothing."""
    (tmp_path / "curves.csv").write_text(CURVES, encoding="utf-8")
    plot.draw(tmp_path / "curves.csv", tmp_path / "curves.png")
    drawn = (tmp_path / "curves.png").read_bytes()
    assert drawn.startswith(PNG)
    assert plot.learning(tmp_path / "curves.csv") == drawn


def test_calibration_becomes_a_picture() -> None:
    """Reliability and coverage take what was measured."""
    bins = [{"count": 5, "confidence": 0.2, "right": 0.1}, {"confidence": 0.9, "right": 0.8}]
    assert plot.reliability(bins).startswith(PNG)
    assert plot.coverage([{"coverage": 1.0, "error": 0.2}, {"coverage": 0.5, "error": 0.1}])
    assert plot.reliability(bins) == plot.reliability(bins)
