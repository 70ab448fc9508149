"""The cards and tables of verdicts in notebooks: drawn from what a run stored, anew if need be.

A card's words and looks, its plan and its literature are no results: to change them runs nothing.
"""

from nbformat import NotebookNode

from tools.course import Course, CourseError, read_notebook
from tools.sources import code_cells
from utils import claims
from utils.claims.card import card
from utils.claims.listing import is_table, table_html
from utils.claims.stored import is_card, parsed


def redraw(course: Course, notebook: NotebookNode) -> bool:
    """Draw every card and table of a notebook from its numbers, in place; False if none changed."""
    try:
        known = claims.load(course.root / "sources").claims
    except ValueError as error:
        raise CourseError(str(error)) from error
    settled: dict[str, claims.Settled] = {}
    changed = False
    for cell in code_cells(notebook):
        for output in cell.outputs:
            data = output.get("data", {})
            before = data.get("text/html", "")
            if is_card(before):
                found = parsed(data["text/plain"], before)
                settled[found.id] = found
                told = [found.id]
            elif is_table(before):
                told = [line.partition(" | ")[0] for line in data["text/plain"].split("\n")]
            else:
                continue
            if not set(told) <= set(known):
                continue  # what became of its claim, the checks of the ledger say
            if is_table(before):
                data["text/html"] = table_html([(known[id], settled.get(id)) for id in told])
            else:
                data["text/html"] = card(known[told[0]], settled[told[0]])
            changed |= data["text/html"] != before
    return changed


def outdated(course: Course, slug: str) -> list[str]:
    """The cards are those that today's code draws of the stored numbers."""
    if redraw(course, read_notebook(course.chapter(slug))):
        return [
            f"chapters/{slug}.ipynb: a card or a table is drawn as before a claim or utils/claims "
            f"changed: make notebooks CH={slug} draws it anew and runs nothing"
        ]
    return []
