"""The exercises of a chapter and the code of their solutions."""

import re
import textwrap
from dataclasses import dataclass

from nbformat import NotebookNode

EXERCISE = re.compile(r"^> \*\*Exercise (\d+)\.", re.MULTILINE)
DETAILS = re.compile(r"<details>(.*?)</details>", re.DOTALL)
CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Exercise:
    """A numbered exercise, whether a solution follows it, and the solution's blocks of code."""

    number: int
    solved: bool
    blocks: tuple[str, ...]


def exercises(notebook: NotebookNode) -> list[Exercise]:
    """The exercises in the text of a chapter, in order; a solution stands before the next one."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    # Split at each exercise's number: what stands before the first, then number and text in turn.
    _, *parts = EXERCISE.split(text)
    found = []
    for number, body in zip(parts[::2], parts[1::2], strict=True):
        details = DETAILS.findall(body)
        blocks = tuple(
            textwrap.dedent(code).rstrip() for part in details for code in CODE.findall(part)
        )
        found.append(Exercise(int(number), bool(details), blocks))
    return found
