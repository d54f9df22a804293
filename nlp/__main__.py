"""The command ``petition``; also ``python -m nlp``."""

import io
import os
import sys
import traceback
from pathlib import Path

_INTERRUPTED = 130
_BUG = 70


def main() -> None:
    """Run the command line; whatever goes wrong ends in one line, never in a traceback.

    Set PETITION_DEBUG=1 to see tracebacks; these may show parts of letters.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        from nlp.cli.app import app  # noqa: PLC0415  # so that Ctrl-C is met while loading, too

        app()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except Exception as error:
        if os.environ.get("PETITION_DEBUG"):
            raise
        sys.stderr.write(_said(error))
        sys.exit(_BUG)


def _said(error: Exception) -> str:
    """Type and place of a bug; its own message is left out, for it may quote a letter."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return f"内部错误：{type(error).__name__}（{place}）。请把这一行告诉维护者\n"


if __name__ == "__main__":
    main()
