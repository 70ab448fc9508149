"""What a chapter's source must fulfill before it is run, and how it meets its stored outputs."""

import ast
import re

from nbformat import NotebookNode, from_dict

from tools.course import CourseError
from tools.markup import OPENING_TAG, title

TAGS = {
    OPENING_TAG: "the opening cell",
    "nbval-check-output": "settles claims or prints results: nbval compares its output",
    "raises-exception": "is meant to raise",
    "hide-input": "code folded away in the book",
    "hide-output": "output folded away in the book",
    "hide-cell": "both folded away in the book",
    "remove-input": "code left out of the book",
    "remove-output": "output left out of the book",
    "remove-cell": "both left out of the book",
}
"""Every tag that a cell may carry, and what it means."""


def check_source(notebook: NotebookNode, name: str) -> None:
    """Refuse a source with a syntax error or an unknown tag, showing the cell."""
    for number, cell in enumerate(code_cells(notebook), start=1):
        unknown = sorted(set(cell.metadata.get("tags", [])) - set(TAGS))
        if unknown:
            raise CourseError(
                f"{name}, code cell {number}: unknown tag {', '.join(unknown)}; "
                f"a cell may carry {', '.join(TAGS)}\n{cell.source}"
            )
        if not cell.source.strip() and OPENING_TAG not in cell.metadata.get("tags", []):
            raise CourseError(f"{name}, code cell {number} is empty: fill it or take it out")
        if re.search(r"^\s*#\s*@title\b", cell.source, re.MULTILINE) and not title(cell.source):
            raise CourseError(
                f"{name}, code cell {number}: expected the title as the cell's first line, with "
                f"words: # @title How this was decided\n{cell.source}"
            )
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            lines = cell.source.splitlines() or [""]
            line = min(error.lineno or 1, len(lines))
            caret = " " * max((error.offset or 1) - 1, 0) + f"^ {error.msg}"
            shown = "\n".join([*lines[:line], caret, *lines[line:]])
            raise CourseError(
                f"{name}, code cell {number}, line {line}: {error.msg} "
                f"(chapters are plain Python, without magics)\n{shown}"
            ) from error


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def adopt_outputs(notebook: NotebookNode, stored: NotebookNode) -> None:
    """Give a fresh source the outputs and the course metadata of its stored notebook, in place."""
    for new, old in zip(code_cells(notebook), code_cells(stored), strict=True):
        new.execution_count, new.outputs = old.execution_count, old.outputs
    notebook.metadata["course"] = stored.metadata["course"]


def written(notebook: NotebookNode) -> list[NotebookNode]:
    """What an author wrote: the cells' types, texts and metadata, without ids and outputs."""
    return [
        from_dict({"type": cell.cell_type, "source": cell.source, "metadata": cell.metadata})
        for cell in notebook.cells
    ]
