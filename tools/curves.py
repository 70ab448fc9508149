"""The curves that a chapter keeps go from its cells into the open table, `studies/`."""

import base64

from nbformat import NotebookNode

from tools.course import Course, write_bytes
from tools.sources import code_cells
from utils.studies import MIME, packed, unpacked


def take(notebook: NotebookNode) -> bytes | None:
    """What the cells of an executed chapter keep, as one file; it is taken out, in place."""
    found = []
    for cell in code_cells(notebook):
        kept = [output for output in cell.outputs if MIME in output.get("data", {})]
        cell.outputs = [output for output in cell.outputs if output not in kept]
        found += [unpacked(base64.b64decode(output["data"][MIME])) for output in kept]
    return packed(found) if found else None


def store(course: Course, slug: str, kept: bytes | None) -> None:
    """Let the table hold what a chapter keeps now."""
    path = course.root / "studies" / slug / "chapter.npz"
    if kept is None:
        path.unlink(missing_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(kept, path)
