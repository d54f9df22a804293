"""Where the package's own data folders lie: in the wheel, or beside nlp/ in a checkout."""

from importlib.resources import files
from pathlib import Path

from nlp.errors import PetitionError


def data_folder(name: str) -> Path:
    """Find a data folder that ships with the package.

    Args:
        name: Path below the data root, such as "labels" or "models/linear".

    Returns:
        The folder inside the installed wheel, else the one of the source checkout.

    Raises:
        PetitionError: Neither place has it.
    """
    package = Path(str(files("nlp")))
    for root in (package / "_data", package.parent):
        if (root / name).is_dir():
            return root / name
    raise PetitionError("找不到随包数据", where=name, remedy="请重新安装 petition-nlp")
