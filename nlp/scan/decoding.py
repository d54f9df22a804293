"""Bytes to text: the encodings that offices use, checked over the whole file before reading."""

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from nlp.errors import LetterError

_BLOCK = 1 << 20
_SAMPLE = 1 << 16
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"),
         (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_MAGIC = (
    (b"PK\x03\x04", "这是 zip 或 Office 文件", "Excel 请把文件名改为 .xlsx，Word 请另存为 .txt"),
    (b"\xd0\xcf\x11\xe0", "这是旧版 Office 文件", "请用 Excel 或 WPS 另存为 .xlsx"),
    (b"%PDF", "这是 PDF", "请把来信内容另存为文本或 Excel"),
    (b"PAR1", "这是 Parquet 文件", "请把文件名改为 .parquet"),
    (b"\x1f\x8b", "这是 gzip 压缩文件", "请在文件名后加 .gz，如 letters.jsonl.gz"),
)  # fmt: skip
_UTF8_REMEDY = "请用记事本、Excel 或 WPS 另存为 UTF-8 编码后再试"
_MAX_NULS = 1e-3
_MAX_BROKEN = 3e-2


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes that can be opened again and again, and how messages call them."""

    where: str
    open: Callable[[], BinaryIO]

    @classmethod
    def of(cls, path: Path) -> "Source":
        """A file, unpacked on the way when its name ends with .gz."""
        if path.suffix.lower() == ".gz":
            return cls(str(path), lambda: cast("BinaryIO", gzip.open(path, "rb")))
        return cls(str(path), lambda: path.open("rb"))

    @classmethod
    def memory(cls, data: bytes, where: str) -> "Source":
        """Bytes already at hand, such as standard input."""
        return cls(where, lambda: io.BytesIO(data))

    def blocks(self) -> Iterator[bytes]:
        """The bytes, a megabyte at a time.

        Raises:
            LetterError: The file cannot be read, or its compression is damaged.
        """
        try:
            with self.open() as stream:
                while block := stream.read(_BLOCK):
                    yield block
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise LetterError("压缩文件已损坏", where=self.where, remedy="请重新导出") from error
        except OSError as error:
            raise LetterError("文件打不开", where=self.where, remedy="请检查权限和磁盘") from error


def open_text(source: Source) -> io.TextIOWrapper:
    """Open a source as text, line breaks left as they are.

    Args:
        source: Plain text in UTF-8, UTF-16 with a mark, GB18030/GBK or Big5.

    Returns:
        The stream. A file with a broken character in thirty gives U+FFFD for these.

    Raises:
        LetterError: The source is empty, binary, or in no encoding known here.
    """
    encoding, errors = detect(source)
    return io.TextIOWrapper(source.open(), encoding=encoding, errors=errors, newline="")


def read_text(source: Source) -> str:
    """The whole text of a source; see ``open_text``."""
    with open_text(source) as stream:
        return stream.read()


def detect(source: Source) -> tuple[str, str]:
    """Find (encoding, error handling) that reads the whole source.

    Raises:
        LetterError: The source is empty, binary, or in no encoding known here.
    """
    head = next(source.blocks(), b"")
    if not head:
        raise LetterError("文件是空的", where=source.where, remedy="请检查导出是否成功")
    mark = next((name for bom, name in _BOMS if head.startswith(bom)), "")
    if not mark:
        _refuse_binary(head, source.where)
    for name in (mark,) if mark else ("utf-8", *_guesses(source)):
        if _broken(source, name) == 0:
            return name, "strict"
    if _broken(source, mark or "utf-8") <= _MAX_BROKEN:
        return mark or "utf-8", "replace"
    raise LetterError("看不出是哪种文字编码", where=source.where, remedy=_UTF8_REMEDY)


def _refuse_binary(head: bytes, where: str) -> None:
    """Raise for what is no text at all, with a remedy for well-known formats."""
    for magic, what, remedy in _MAGIC:
        if head.startswith(magic):
            raise LetterError(what, where=where, remedy=remedy)
    sample = head[:_SAMPLE]
    if sample.count(0) > len(sample) * _MAX_NULS:
        raise LetterError("不是文本文件（含二进制内容）", where=where, remedy=_UTF8_REMEDY)


def _guesses(source: Source) -> Iterator[str]:
    """Chinese encodings before Unicode, the likelier first."""
    from charset_normalizer import from_bytes  # noqa: PLC0415  # most files never need it

    block = next((b for b in source.blocks() if not b.isascii()), b"")
    start = next((i for i in range(0, len(block), 4096) if not block[i : i + 4096].isascii()), 0)
    sample = block[start : start + _SAMPLE]
    # a sample must not begin or end inside a character: keep whole lines where there are any
    sample = sample[: sample.rfind(b"\n") + 1] or sample
    best = from_bytes(sample, cp_isolation=["gb18030", "big5"]).best()
    first = "big5hkscs" if best is not None and best.encoding == "big5" else "gb18030"
    yield first
    yield "gb18030" if first != "gb18030" else "big5hkscs"


def _broken(source: Source, encoding: str) -> float:
    """Share of characters that cannot be decoded; 1.0 as soon as it is clearly too high."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    broken = total = 0
    for block in source.blocks():
        text = decoder.decode(block)
        # U+FFFD that truly stands in a UTF-8 file is no damage
        true_ones = block.count("\ufffd".encode()) if encoding.startswith("utf-8") else 0
        broken += text.count("\ufffd") - true_ones
        total += len(text)
        if broken > total / 2:
            return 1.0
    rest = decoder.decode(b"", final=True).count("\ufffd")
    return max(broken + rest, 0) / max(total + rest, 1)
