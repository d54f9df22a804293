"""Help pages in Chinese: typer's own words are replaced when a page is shown, not before."""

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from typer.core import TyperCommand, TyperGroup

_WORDS: Mapping[str, str] = MappingProxyType({
    "ARGUMENTS_PANEL_TITLE": "参数",
    "OPTIONS_PANEL_TITLE": "选项",
    "COMMANDS_PANEL_TITLE": "命令",
    "REQUIRED_LONG_STRING": "（必填）",
    "DEFAULT_STRING": "（默认 {}）",
})  # fmt: skip
_HELP = "显示这一页"


def _translate() -> None:
    """Put the Chinese words where typer looks them up; slow to load, so only for a help page."""
    pages: Any = importlib.import_module("typer.rich_utils")
    for name, word in _WORDS.items():
        setattr(pages, name, word)


class Command(TyperCommand):
    """A command with a Chinese help page."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  # as typer declares
        """Show the page."""
        _translate()
        super().format_help(ctx, formatter)

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401
        """The option that shows the page."""
        return _named(super().get_help_option(ctx))


class Group(TyperGroup):
    """A group of commands with a Chinese help page."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Show the page."""
        _translate()
        super().format_help(ctx, formatter)

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401
        """The option that shows the page."""
        return _named(super().get_help_option(ctx))


def _named(option: Any) -> Any:  # noqa: ANN401  # typer's option
    """The option with a Chinese explanation."""
    if option is not None:
        option.help = _HELP
    return option
