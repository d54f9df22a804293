"""Finders for tests: rules alone, and with a small ranker trained on invented letters."""

from pathlib import Path

import pytest

from nlp import labels
from nlp.fields import Finders
from nlp.train import fields as training

_NAMES = ("青禾", "柳溪", "云台", "白石", "江桥", "石泉")


def invented() -> list[dict[str, object]]:
    """Twelve annotated letters of one pattern."""
    rows: list[dict[str, object]] = []
    for number, name in enumerate(_NAMES * 2):
        year = 2012 + number % 6
        body = (
            f"领导您好，我是{name}小区的业主。从{year}年3月开始，{name}物业服务有限公司乱收费，"
            f"楼道没有人打扫。我们多次向{name}街道办事处反映，没有任何答复。请求有关部门尽快查处。"
        )
        rows.append(
            {
                "id": str(number),
                "group": number,
                "title": f"反映{name}小区物业乱收费",
                "body": body,
                "fields": {
                    "when": [f"从{year}年3月开始"],
                    "where": [f"{name}小区"],
                    "who_self": [f"{name}小区的业主"],
                    "who_party": [f"{name}物业服务有限公司"],
                    "agency": [f"{name}街道办事处"],
                    "what": ["楼道没有人打扫"],
                    "why": [],
                    "how": ["请求有关部门尽快查处"],
                    "history": ["没有任何答复"],
                },
            }
        )
    return rows


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle folder with a ranker trained on the invented letters."""
    folder = tmp_path_factory.mktemp("bundle")
    training.train(invented(), labels.load(), folder)
    return folder


@pytest.fixture(scope="session", params=["rules", "ranker"])
def finders(request: pytest.FixtureRequest, trained: Path) -> Finders:
    """Finders without and with a ranker."""
    return Finders.load(trained if request.param == "ranker" else None, labels.load())
