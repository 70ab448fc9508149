"""Checks of one chapter: does its notebook say what its source says, and all of it?

Each check returns what is wrong, one line each, nothing where all is well.
"""

import re
from collections.abc import Callable, Iterator

from nbformat import NotebookNode

from tools import cards, labs, markup
from tools.course import Course, read_notebook, read_source
from tools.markup import OPENING_TAG
from tools.opening import opening
from tools.predictions import answered
from tools.proofs import turned
from tools.solutions import exercises
from tools.sources import check_source, code_cells, written
from tools.staleness import is_stale, source_hash

CHECKED_TAG = "nbval-check-output"
MAX_BYTES = 1_000_000
SHORTEST_ALT = 20


def drift(course: Course, slug: str) -> list[str]:
    """The notebook's cells are the source's, and its outputs were made by today's code."""
    source = read_source(course.source(slug))
    check_source(source, f"sources/{slug}/chapter.md")
    stored = read_notebook(course.chapter(slug))
    if written(source) != written(stored):
        return [f"chapters/{slug}.ipynb differs from its source: make notebooks CH={slug}"]
    if is_stale(source, stored, source_hash(course, source)):
        return [
            f"chapters/{slug}.ipynb was executed before its code, a helper, a pin, a claim "
            f"or a study changed: make notebooks CH={slug}"
        ]
    return []


def execution(course: Course, slug: str) -> list[str]:
    """Every cell was run, once, in order, and none failed."""
    counts = [cell.execution_count for cell in _stored_cells(course, slug)]
    problems = []
    if counts != list(range(1, len(counts) + 1)):
        problems.append(
            f"chapters/{slug}.ipynb: execution counts are {counts}, expected 1 to {len(counts)}; "
            "a cell without one passes every test without running"
        )
    for number, cell in _numbered(course, slug):
        failed = any(output.output_type == "error" for output in cell.outputs)
        if failed and "raises-exception" not in cell.metadata.get("tags", []):
            problems.append(f"chapters/{slug}.ipynb, code cell {number}: stored with an error")
    return problems


def tags(course: Course, slug: str) -> list[str]:
    """Every cell that settles a claim is compared by nbval, and has no figure: those are not."""
    problems = []
    for number, cell in _numbered(course, slug):
        where = f"chapters/{slug}.ipynb, code cell {number}"
        checked = CHECKED_TAG in cell.metadata.get("tags", [])
        if settles(cell) and not checked:
            problems.append(f"{where} settles a claim: give it the tag {CHECKED_TAG}")
        if checked and images(cell):
            problems.append(f"{where} has the tag {CHECKED_TAG} and a figure: split it in two")
        if checked and not cell.outputs:
            problems.append(f"{where} has the tag {CHECKED_TAG} but no output to compare")
    return problems


def alt_texts(course: Course, slug: str) -> list[str]:
    """Every cell with a figure says in words what the figure shows."""
    problems = []
    for number, cell in _numbered(course, slug):
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        where = f"chapters/{slug}.ipynb, code cell {number}"
        if images(cell) and not isinstance(alt, str):
            problems.append(f"{where}: its alt text is {alt!r}, expected a sentence")
        elif images(cell) and len(alt) < SHORTEST_ALT:
            problems.append(
                f"{where} has a figure with alt text {alt!r}; say what it shows, in "
                "the cell's metadata: mystnb: {image: {alt: …}}"
            )
    for cell in read_notebook(course.chapter(slug)).cells:
        if cell.cell_type == "markdown" and re.search(r"!\[\s*\]\(", cell.source):
            problems.append(f"chapters/{slug}.ipynb: an image in the text has no alt text")
    return problems


def captions(course: Course, slug: str) -> list[str]:
    """In a chapter of the new form, whose cells have titles, every figure has name and caption."""
    path = course.source(slug)
    cells = code_cells(read_source(path))
    if not markup.is_recut(cell.source for cell in cells):
        return []
    text = path.read_text(encoding="utf-8")
    problems = []
    for number, cell in _numbered(course, slug):
        shown = cell.metadata.get("mystnb", {})
        given = {**shown.get("figure", {}), **shown.get("image", {})}
        missing = [key for key in ("name", "caption", "alt") if not given.get(key)]
        left_out = "remove-output" in cell.metadata.get("tags", ())  # a lab shows it
        if images(cell) and missing and not left_out:
            line = text[: max(0, text.find(cell.source))].count("\n") + 1
            problems.append(
                f"sources/{slug}/chapter.md:{line}: the figure of code cell {number} has no "
                f"{' and no '.join(missing)}: mystnb: {{image: {{alt: …}}, figure: {{name: fig-…, "
                "caption: …}}"
            )
    return problems


def first_cell(course: Course, slug: str) -> list[str]:
    """The opening cell is the template with the address of _config.yml."""
    expected = opening(course.address)
    problems = []
    for name, notebook in (
        (f"sources/{slug}/chapter.md", read_source(course.source(slug))),
        (f"chapters/{slug}.ipynb", read_notebook(course.chapter(slug))),
    ):
        cells = code_cells(notebook)
        tagged = bool(cells) and OPENING_TAG in cells[0].metadata.get("tags", [])
        if not tagged or cells[0].source != expected:
            problems.append(
                f"{name}: its first code cell is not the opening for {course.address}: "
                f"make notebooks CH={slug}"
            )
    return problems


def solved(course: Course, slug: str) -> list[str]:
    """Exercises are numbered from 1, and each has a solution to check oneself against."""
    found = exercises(read_source(course.source(slug)))
    problems = [
        f"sources/{slug}/chapter.md: exercise {exercise.number} has no <details> with its solution"
        for exercise in found
        if not exercise.solved
    ]
    numbers = [exercise.number for exercise in found]
    if numbers != list(range(1, len(numbers) + 1)):
        problems.append(f"sources/{slug}/chapter.md: its exercises are numbered {numbers}")
    return problems


def size(course: Course, slug: str) -> list[str]:
    """A notebook stays small enough for a web page and a diff."""
    path = course.chapter(slug)
    size = path.stat().st_size if path.exists() else 0
    if size <= MAX_BYTES:
        return []
    return [
        f"chapters/{slug}.ipynb has {size:,} bytes, expected at most {MAX_BYTES:,}: rasterize its "
        "figures"
    ]


CHECKS: dict[str, Callable[[Course, str], list[str]]] = {
    "sources and chapters agree": drift,
    "every cell was executed": execution,
    "settling cells are compared": tags,
    "cards are drawn by today's code": cards.outdated,
    "figures have alt text": alt_texts,
    "figures have captions": captions,
    "opening cells are stamped": first_cell,
    "exercises have solutions": solved,
    "predictions have answers": answered,
    "notebooks are small": size,
    "labs are whole": labs.whole,
    "planted faults turn their verdicts": turned,
}


def settles(cell: NotebookNode) -> bool:
    """Whether a cell calls settle, by_reading or claims.table, or shows a verdict."""
    if any(markup.settles(name) for name in markup.calls(cell.source)):
        return True
    shown = (output.get("data", {}).get("text/html", "") for output in cell.outputs)
    return any('class="verdict' in html for html in shown)


def images(cell: NotebookNode) -> bool:
    """Whether a cell has a figure among its outputs."""
    return any(
        kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {})
    )


def _stored_cells(course: Course, slug: str) -> list[NotebookNode]:
    return code_cells(read_notebook(course.chapter(slug)))


def _numbered(course: Course, slug: str) -> Iterator[tuple[int, NotebookNode]]:
    return enumerate(_stored_cells(course, slug), start=1)
