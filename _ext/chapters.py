"""What a chapter says about itself: read from its notebook, shared by the extensions that show it.

Title, objectives, prerequisites and lengths come from the chapter's own cells, the
seconds to run from the metadata that `make notebooks` writes, so that no page repeats them by hand.
"""

import json
import math
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from effort import Effort, effort, without_links

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.markup import OPENING_TAG, fold, is_recut

FOLDER = "chapters"


@dataclass(frozen=True)
class Chapter:
    """One finished chapter. `seconds` is None until the notebook has been run."""

    slug: str
    title: str
    objectives: tuple[str, ...]
    prerequisites: str
    minutes: Effort
    seconds: int | None


def read_notebook(path: Path) -> dict[str, Any]:
    """Return the notebook as a dictionary; say which file is broken if it is."""
    try:
        notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        notebook["cells"]
    except (ValueError, KeyError, TypeError) as error:
        message = f"{path} is not a notebook ({error}): write it anew with make notebooks"
        raise ValueError(message) from error
    return notebook


def joined(value: str | list[str]) -> str:
    """Return a notebook's text, which may be stored as one string or as a list of lines."""
    return value if isinstance(value, str) else "".join(value)


def read_chapter(path: Path) -> Chapter:
    """Read title, objectives, prerequisites and lengths from a notebook."""
    notebook = read_notebook(path)
    text = "\n\n".join(
        joined(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"
    )
    heading = re.search(r"^# +(.+?)\s*$", text, re.MULTILINE)
    if heading is None:
        raise ValueError(f"{path} has no title: begin its first cell with a line '# Title'")
    course = notebook.get("metadata", {}).get("course", {})
    seconds = course.get("seconds")
    return Chapter(
        slug=path.stem,
        title=heading[1],
        objectives=tuple(_objectives(text)),
        prerequisites=_prerequisites(text),
        minutes=effort(text, _shown_code(notebook)),
        seconds=None if seconds is None else math.ceil(seconds),
    )


def _shown_code(notebook: dict[str, Any]) -> Iterator[str]:
    """The code that the page shows: neither the opening cell nor what is folded."""
    cells = [
        (joined(cell["source"]), cell["metadata"].get("tags", ()))
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]
    recut = is_recut(source for source, _ in cells)
    for source, tags in cells:
        if OPENING_TAG not in tags and fold(source, tags, recut) is None:
            yield source


def _objectives(text: str) -> list[str]:
    section = re.search(r"^##+ +Objectives\s*$(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    if section is None:
        return []
    items = re.split(r"^\s*(?:[-*]|\d+\.) +", section[1], flags=re.MULTILINE)[1:]
    return [without_links(" ".join(item.split("\n\n")[0].split())) for item in items]


def _prerequisites(text: str) -> str:
    found = re.search(r"^\*\*Prerequisites\.\*\* *(.+?)(?=\n\s*\n|\Z)", text, re.M | re.S)
    return without_links(" ".join(found[1].split())) if found else ""
