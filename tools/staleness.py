"""What the outputs of a chapter depend on, as one hash: decides what `make notebooks` executes.

Prose is left out, so that an edited sentence costs no run. So are the opening cell, which `make
adopt` stamps, and whatever the chapter's code cannot reach of the helpers.
"""

import ast
import hashlib
import json
from collections.abc import Iterable
from typing import Any

from nbformat import NotebookNode

from tools.course import Course, CourseError
from tools.markup import OPENING_TAG, untitled
from tools.reach import reached
from utils import claims, studies

FRAMEWORKS = ("tensorflow", "keras", "numpy")


def source_hash(course: Course, notebook: NotebookNode) -> str:
    """The `code_hash` of a chapter's code cells."""
    return code_hash(course, code_of(notebook))


def code_of(notebook: NotebookNode) -> list[str]:
    """The code cells of a chapter, without its opening cell and without their titles."""
    return [
        untitled(cell.source)
        for cell in notebook.cells
        if cell.cell_type == "code" and OPENING_TAG not in cell.metadata.get("tags", [])
    ]


def code_hash(course: Course, code: Iterable[str]) -> str:
    """Hash of cells, what they reach in `utils`, the pins, the claims and studies that they show.

    The cells have to hold the imports of what they use: see `reached`.
    """
    code = list(code)
    pins = course.pins()
    parts = {
        "code": code,
        "helpers": reached(course.root, code),
        "pins": {name: pins.get(name) for name in FRAMEWORKS},
        "claims": claims_in(course, code),
    }
    if measured := studies_in(course, code):
        parts["studies"] = measured
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def is_stale(notebook: NotebookNode, stored: NotebookNode | None, now: str) -> bool:
    """Whether stored outputs are missing or incomplete, or were made by other code than today's."""
    if stored is None or stored.metadata.get("course", {}).get("source_hash") != now:
        return True
    counts = [cell.execution_count for cell in stored.cells if cell.cell_type == "code"]
    return None in counts or len(counts) != sum(c.cell_type == "code" for c in notebook.cells)


def claims_in(course: Course, code: Iterable[str]) -> list[Any]:
    """What is shown of the claims whose id stands in the code, or whose chapter in a `table`."""
    trees = [ast.parse(source) for source in code]
    quoted, tables = _quoted(trees), _quoted(_calls(trees, "table"))
    try:
        known = claims.load(course.root / "sources").claims.values()
    except ValueError as error:
        raise CourseError(str(error)) from error
    return [
        [claim.id, claim.chapter, claim.says, claim.settle_by, claim.settings]
        for claim in known
        if claim.id in quoted or claim.chapter in tables
    ]


def studies_in(course: Course, code: Iterable[str]) -> dict[str, str]:
    """Digest of each study's result whose name, `chapter/study`, stands in the code."""
    names = filter(studies.NAME.fullmatch, _quoted(map(ast.parse, code)))
    folders = {name: sorted((course.root / "studies" / name).glob("*.json")) for name in names}
    return {
        name: hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]
        for name, paths in folders.items()
        if paths
    }


def _calls(trees: Iterable[ast.AST], name: str) -> list[ast.Call]:
    """The calls of a function of this name, or of a module's."""
    return [
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", "") == name or getattr(node.func, "attr", "") == name)
    ]


def _quoted(trees: Iterable[ast.AST]) -> set[str]:
    """The texts that stand in the code."""
    return {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
