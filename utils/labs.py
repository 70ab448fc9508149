"""Labs, the book's living figures: what a chapter computes for its own, and how it is named."""

import re
from collections.abc import Mapping
from typing import Any

MIME = "application/vnd.course.lab+json"
TITLE = re.compile(r"\s*(.+?)[.?!](?:\s|$)", re.DOTALL)


def store(data: Mapping[str, Any]) -> None:
    """Keep numbers, lists and words with this cell; `make notebooks` puts them beside the lab.

    The cell's figure becomes the lab's static one.
    """
    from IPython.display import display

    display({MIME: dict(data), "text/plain": "What the lab shows is stored here."}, raw=True)


def title_of(said: str) -> str | None:
    """The title of a lab: the first sentence after "Lab."; None where there is none."""
    found = TITLE.match(said)
    return " ".join(found[1].split()) if found else None


def element_name(title: str) -> str:
    """The custom element that a lab of this title is; its address and its anchor say the same."""
    return "lab-" + re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")
