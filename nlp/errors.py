"""One root error and its few children; every message says what, where, and what to do."""


class PetitionError(Exception):
    """Anything this package refuses, in words a person can act on.

    Args:
        what: What is wrong, one sentence, without any text of a letter.
        where: File, row, key or letter id; empty when there is none.
        remedy: What the reader can do about it; empty when nothing can be advised.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        head = f"{where}：{what}" if where else what
        super().__init__(f"{head}。{remedy}" if remedy else head)


class LetterError(PetitionError):
    """A letter or a file of letters cannot be read."""


class LabelError(PetitionError):
    """A file under labels/ is not what the loader expects."""


class BundleError(PetitionError):
    """A model folder is missing, incomplete, altered or does not fit the labels."""


class OptionError(PetitionError):
    """A command was given an option it cannot follow."""
