"""What the outputs of a chapter depend on, as one hash: decides what `make notebooks` executes.

Prose is left out, so that an edited sentence costs no run; so are comments, docstrings and
formatting of the helpers, and the opening cell, which `make adopt` stamps.
"""

import ast
import hashlib
import json
from collections.abc import Iterable
from typing import Any

from nbformat import NotebookNode

from tools.course import Course, CourseError
from utils import claims

FRAMEWORKS = ("tensorflow", "keras", "numpy")
OPENING_TAG = "setup"
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def source_hash(course: Course, notebook: NotebookNode) -> str:
    """Hash of the code cells, the helpers they import, the frameworks' pins and their claims."""
    code = [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and OPENING_TAG not in cell.metadata.get("tags", [])
    ]
    pins = course.pins()
    parts = {
        "code": code,
        "helpers": {
            name: essence(ast.parse((course.root / name).read_text(encoding="utf-8")))
            for name in helpers(course, code)
        },
        "pins": {name: pins.get(name) for name in FRAMEWORKS},
        "claims": claims_in(course, code),
    }
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_stale(notebook: NotebookNode, stored: NotebookNode | None, now: str) -> bool:
    """Whether stored outputs are missing or incomplete, or were made by other code than today's."""
    if stored is None or stored.metadata.get("course", {}).get("source_hash") != now:
        return True
    counts = [cell.execution_count for cell in stored.cells if cell.cell_type == "code"]
    return None in counts or len(counts) != sum(c.cell_type == "code" for c in notebook.cells)


def claims_in(course: Course, code: Iterable[str]) -> list[Any]:
    """What a card shows of the claims whose id, or whose chapter's key, stands in the code."""
    quoted = {
        node.value
        for source in code
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    try:
        known = claims.load(course.root / "sources").claims.values()
    except ValueError as error:
        raise CourseError(str(error)) from error
    return [
        [claim.id, claim.chapter, claim.says, claim.settle_by, claim.settings]
        for claim in known
        if quoted & {claim.id, claim.chapter}
    ]


def helpers(course: Course, code: Iterable[str]) -> list[str]:
    """The files of `utils` that the code imports, directly or through one another, sorted."""
    found: set[str] = set()
    pending = [ast.parse(source) for source in code]
    while pending:
        for name in imported(pending.pop()):
            path = name.replace(".", "/")
            for candidate in (f"{path}.py", f"{path}/__init__.py"):
                if candidate not in found and (course.root / candidate).is_file():
                    found.add(candidate)
                    pending.append(ast.parse((course.root / candidate).read_text(encoding="utf-8")))
    return sorted(found)


def imported(tree: ast.AST) -> set[str]:
    """The dotted names below `utils` that could be modules, from any import in a syntax tree."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # Inside utils, `from . import stats` and `from .stats import x` mean utils.stats.
            base = node.module or ""
            base = f"utils.{base}".rstrip(".") if node.level else base
            names.update({base, *(f"{base}.{alias.name}" for alias in node.names)})
    prefixes = {
        ".".join(name.split(".")[:end]) for name in names for end in range(1, name.count(".") + 2)
    }
    return {name for name in prefixes if name.split(".")[0] == "utils"}


def essence(node: Any) -> Any:
    """A syntax tree without positions and docstrings, the same on every Python we support."""
    if isinstance(node, list):
        return [essence(item) for item in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = dict(ast.iter_fields(node))
    if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
        fields["body"] = fields["body"][1:]
    return [
        type(node).__name__,
        *([name, essence(value)] for name, value in fields.items() if value not in (None, [])),
    ]
