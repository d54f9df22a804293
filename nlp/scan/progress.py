"""A progress bar on standard error, for a person who watches."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def watched(items: Iterable[T], total: int, *, quiet: bool) -> Iterator[T]:
    """Pass items on while a bar shows how far they are; no bar when quiet or not on a terminal."""
    # rich is slow to load, and often not needed
    from rich import progress  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield from items
        return
    parts = (
        progress.TextColumn("研判来信"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[speed]}"),
        progress.TimeRemainingColumn(),
    )
    done = 0
    with progress.Progress(*parts, console=console) as bar:
        task = bar.add_task("", total=total, speed="正在载入模型…")
        for item in items:
            yield item
            done += 1
            elapsed = bar.tasks[0].elapsed or 1.0
            bar.update(task, advance=1, speed=f"{done / max(elapsed, 0.1):.0f} 封/秒")
