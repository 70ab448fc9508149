"""The first code cell, the same in every chapter but for the repository's address."""

import re
from pathlib import Path

from tools.course import HERE, CourseError, write_text

TEMPLATE = (Path(__file__).parent / "opening.py.txt").read_text(encoding="utf-8").strip()
CELL = re.compile(
    r"^```\{code-cell\}[^\n]*\n"
    r"(?P<options>---\ntags: \[setup\]\n---\n|:tags: \[setup\]\n\n?)"
    r".*?^```$",
    flags=re.MULTILINE | re.DOTALL,
)


def opening(address: str) -> str:
    """The code of the first cell for a repository at this address."""
    return TEMPLATE.replace("{address}", address)


def stamp_text(text: str, address: str, name: str) -> str:
    """A chapter's source with the opening filled in: an author leaves the `setup` cell empty."""
    first = re.search(r"^```\{code-cell\}", text, flags=re.MULTILINE)
    match = CELL.search(text)
    if first is None or match is None or match.start() != first.start():
        raise CourseError(
            f"{name}: the first code cell must be the opening; put this before the others and "
            "make notebooks fills it in:\n```{code-cell} ipython3\n---\ntags: [setup]\n---\n```"
        )
    cell = f"```{{code-cell}} ipython3\n---\ntags: [setup]\n---\n{opening(address)}\n```"
    return text[: match.start()] + cell + text[match.end() :]


def stamp_source(path: Path, address: str) -> None:
    """Write the opening into a source where it is missing or old."""
    text = path.read_text(encoding="utf-8")
    stamped = stamp_text(text, address, path.name)
    if stamped != text:
        write_text(stamped, path)


if __name__ == "__main__":
    print(opening(HERE.address))
