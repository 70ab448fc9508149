"""The cards of verdicts in notebooks: drawn from what a run stored, again wherever that changes.

A card's words and looks, its plan and its literature are no results: to change them runs nothing.
"""

from nbformat import NotebookNode

from tools.course import Course, CourseError, read_notebook
from tools.sources import code_cells
from utils import claims
from utils.claims.card import card
from utils.claims.stored import is_card, parsed


def redraw(course: Course, notebook: NotebookNode) -> bool:
    """Draw every card of a notebook from its numbers, in place; False where none changed."""
    try:
        known = claims.load(course.root / "sources").claims
    except ValueError as error:
        raise CourseError(str(error)) from error
    changed = False
    for cell in code_cells(notebook):
        for output in cell.outputs:
            data = output.get("data", {})
            before = data.get("text/html", "")
            if not is_card(before):
                continue
            settled = parsed(data["text/plain"], before)
            if settled.id in known:  # what became of its claim, the checks of the ledger say
                data["text/html"] = card(known[settled.id], settled)
                changed |= data["text/html"] != before
    return changed


def outdated(course: Course, slug: str) -> list[str]:
    """The cards are those that today's code draws of the stored numbers."""
    if redraw(course, read_notebook(course.chapter(slug))):
        return [
            f"chapters/{slug}.ipynb: a card is drawn as before its claim or utils/claims/card.py "
            f"changed: make notebooks CH={slug} draws it anew and runs nothing"
        ]
    return []
