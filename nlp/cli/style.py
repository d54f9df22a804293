"""Colours of levels on a terminal."""

from nlp.scan.table import CRISIS, UNREAD, URGENCY

_STYLES = {
    URGENCY[3]: "bold white on red",
    URGENCY[2]: "bold dark_orange",
    URGENCY[1]: "yellow",
    URGENCY[0]: "",
    CRISIS["imminent"]: "bold white on red",
    CRISIS["high"]: "bold dark_orange",
    CRISIS["concern"]: "yellow",
    CRISIS["none"]: "dim",
    UNREAD: "bold magenta",
}


def of_level(name: str) -> str:
    """The rich style of a level's name; plain when the name is unknown."""
    return _STYLES.get(name, "")
