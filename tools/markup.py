"""What an author marks in a chapter: the title of a folded cell, the opening word of a call-out.

The book's extensions and the tools read the marks by these functions; they need Python alone.
"""

import ast
import re
from collections.abc import Collection, Iterable, Iterator

TITLE = re.compile(r"\A# @title\b[ \t]*(.*?)[ \t]*(?:\n|\Z)")
DECIDED = "How this was decided"
DRAWN = "How this figure was drawn"
RUN = "What was run"
HIDDEN_TAG = "hide-input"
OPENING_TAG = "setup"

KINDS = {
    "the notes say": "notes-say",
    "predict": "predict",
    "lab": "lab",
    "exercise": "exercise",
    "careful": "careful",
    "remember": "remember",
    "story": "story",
    "aside": "aside",
}
"""The opening words of call-outs, and the class of each in the book."""

FENCE = re.compile(r"^\s*(?:> ?)*(`{3,}|~{3,})(.*)$")
CALL_OUT = re.compile(r"^\s{0,3}> ?\*\*([^*]+\.)\*\*")


def title(source: str) -> str | None:
    """The words of a cell's `# @title` line, which is its first line if it has one."""
    found = TITLE.match(source)
    return found[1] if found else None


def untitled(source: str) -> str:
    """A cell's code without its title line."""
    return TITLE.sub("", source)


def is_recut(sources: Iterable[str]) -> bool:
    """Whether a chapter is in the new form: some of its cells have titles."""
    return any(title(source) is not None for source in sources)


def fold(source: str, tags: Collection[str], recut: bool) -> str | None:
    """The line behind which the book folds a cell's code, or None where the code is shown.

    In a chapter in the new form the titles say it; in others the cells that settle a claim, that
    draw, and those with today's tag are folded.
    """
    words = title(source)
    if words is not None or HIDDEN_TAG in tags:
        return words or RUN
    if recut:
        return None
    names = calls(source)
    if any(settles(name) for name in names):
        return DECIDED
    return DRAWN if any(draws(name) for name in names) else None


def calls(source: str) -> set[str]:
    """What a cell calls: `claims.settle`, `plt.show`."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # named by the checks of sources
        return set()
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def settles(name: str) -> bool:
    """Whether a call of this name shows verdicts."""
    return name.split(".")[-1] in ("settle", "by_reading") or name == "claims.table"


def draws(name: str) -> bool:
    """Whether a call of this name draws."""
    return name == "plt.show" or (name.startswith("plots.") and name != "plots.style")


def kind_of(opening: str) -> str | None:
    """The kind that a call-out's bold words name ("Exercise 3." is an exercise), if any."""
    word = re.sub(r"\s+\d+$", "", opening.strip().rstrip(".:")).casefold()
    return KINDS.get(word)


def prose_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a source outside its fences, and those that open a fence, numbered from 1."""
    inside = ""
    for number, line in enumerate(text.splitlines(), start=1):
        fence = FENCE.match(line)
        if not inside:
            inside = fence[1] if fence else ""
            yield number, line
        elif fence and fence[1].startswith(inside) and not fence[2].strip():
            inside = ""


def cell_lines(text: str) -> list[int]:
    """The line of a source at which each code cell begins."""
    return [number for number, line in prose_lines(text) if re.match(r"^`{3,}\{code-cell\}", line)]


def call_outs(text: str) -> Iterator[tuple[int, str]]:
    """The bold words, ending in a full stop, with which quotations of a source open; with lines."""
    before = ""
    for number, line in prose_lines(text):
        found = CALL_OUT.match(line)
        if found and not before.lstrip().startswith(">"):
            yield number, found[1]
        before = line
