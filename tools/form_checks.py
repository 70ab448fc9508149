"""Checks of a chapter's form: how much code a reader is shown, and call-outs that exist."""

from dataclasses import dataclass

from tools.course import Course, read_source
from tools.markup import KINDS, OPENING_TAG, call_outs, cell_lines, fold, is_recut, kind_of
from tools.sources import code_cells

MOST_IN_CHAPTER = 150
MOST_IN_CELL = 15


@dataclass(frozen=True)
class Shown:
    """The visible cells of a chapter: for each the line where it begins and its lines of code."""

    recut: bool
    cells: dict[int, int]

    @property
    def lines(self) -> int:
        """Of the whole chapter."""
        return sum(self.cells.values())

    @property
    def long(self) -> dict[int, int]:
        """The cells that are over."""
        return {line: count for line, count in self.cells.items() if count > MOST_IN_CELL}


def shown(course: Course, slug: str) -> Shown:
    """What the book shows unasked of a chapter's code; blank lines are free."""
    path = course.source(slug)
    cells = code_cells(read_source(path))
    recut = is_recut(cell.source for cell in cells)
    found = {}
    for line, cell in zip(cell_lines(path.read_text(encoding="utf-8")), cells, strict=True):
        tags = cell.metadata.get("tags", [])
        if OPENING_TAG not in tags and fold(cell.source, tags, recut) is None:
            found[line] = sum(bool(row.strip()) for row in cell.source.splitlines())
    return Shown(recut, found)


def visible_code(course: Course, slug: str) -> list[str]:
    """A chapter in the new form shows little code: the model and the question."""
    code, name = shown(course, slug), f"sources/{slug}/chapter.md"
    if not code.recut:
        return []
    problems = [
        f"{name}:{line}: this cell has {count} visible lines of code, expected at most "
        f"{MOST_IN_CELL}: split it, or fold what measures, plots or settles behind # @title …"
        for line, count in code.long.items()
    ]
    if code.lines > MOST_IN_CHAPTER:
        problems.append(
            f"{name}:{min(code.cells)}: from here on {code.lines} lines of code are visible, "
            f"expected at most {MOST_IN_CHAPTER} in a chapter"
        )
    return problems


def yet_to_recut(course: Course, slug: str) -> list[str]:
    """A chapter without a title, which shows more code than one in the new form may."""
    code, name = shown(course, slug), f"sources/{slug}/chapter.md"
    if code.recut or not (code.long or code.lines > MOST_IN_CHAPTER):
        return []
    over = [f"{code.lines} visible lines of code"] * (code.lines > MOST_IN_CHAPTER)
    over += [f"{len(code.long)} cells of more than {MOST_IN_CELL} lines"] * bool(code.long)
    return [f"{name}: {', '.join(over)}; a first # @title makes this an error that names them"]


def known_call_outs(course: Course) -> list[str]:
    """Every quotation that opens like a call-out is one of those that the book knows."""
    pages = [course.source(slug) for slug in course.slugs]
    pages += sorted([*course.root.glob("*.md"), *course.root.glob("pages/*.md")])
    return [
        f"{page.relative_to(course.root)}:{line}: there is no call-out {words!r}; it may open with "
        + ", ".join(f"{word.capitalize()}." for word in KINDS)
        for page in pages
        for line, words in call_outs(page.read_text(encoding="utf-8"))
        if kind_of(words) is None
    ]
