"""Stamp a fork's address everywhere (`make adopt REPO=https://github.com/owner/name`).

_config.yml is the one home of the address; the sources' and chapters' opening cells, README.md and
CITATION.cff repeat it. Nothing is executed: the stored outputs do not depend on the address.
"""

import os
import re
import sys
from pathlib import Path

from tools.course import HERE, Course, CourseError, notebook_text, read_notebook, write_text
from tools.normalize import normalize
from tools.opening import opening, stamp_text
from tools.sources import code_cells

PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?"
HOST = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)+(?::[0-9]+)?"
ADDRESS = re.compile(
    rf"https://(?:github\.com(?:/{PART}){{2}}"
    rf"|(?!(?i:(?:www\.)?github\.com)[:/]){HOST}(?:/{PART}){{2,}})"
)
SETTING = re.compile(
    r"(^repository:[^\n]*\n(?:[ \t]+[^\n]*\n)*?[ \t]+url:[ \t]*)[^\s#]+", re.MULTILINE
)
REPEATED_IN = ("README.md", "CITATION.cff")


def validate(address: str) -> str:
    """The address in its plain form, or a CourseError that says what is wrong with it."""
    if not address:
        raise CourseError("REPO is missing: make adopt REPO=https://github.com/owner/name")
    plain = address.removesuffix("/").removesuffix(".git")
    if not ADDRESS.fullmatch(plain):
        raise CourseError(
            f"{address!r} is not a repository's address: expected https://host/owner/name, "
            "without user name, password, query or spaces"
        )
    return plain


def adopt(course: Course, address: str) -> list[str]:
    """Write the address wherever it stands; returns the names of the files that changed.

    Everything is worked out before the first file is written, so that an error changes nothing.
    """
    address = validate(address)
    texts = {course.root / "_config.yml": configured(course, address)}
    for slug in course.slugs:
        path = course.source(slug)
        texts[path] = stamp_text(
            path.read_text(encoding="utf-8"), address, f"sources/{slug}/{path.name}"
        )
        if course.chapter(slug).exists():
            texts[course.chapter(slug)] = stamped_notebook(course.chapter(slug), address)
    old = re.compile(re.escape(course.address) + r"(?![\w-])")
    for name in REPEATED_IN:
        path = course.root / name
        if path.exists():
            texts[path] = old.sub(address, path.read_text(encoding="utf-8"))
    changed = {
        path: text for path, text in texts.items() if path.read_text(encoding="utf-8") != text
    }
    for path, text in changed.items():
        write_text(text, path)
    return [str(path.relative_to(course.root)) for path in changed]


def configured(course: Course, address: str) -> str:
    """The text of _config.yml with the address in its place."""
    text = (course.root / "_config.yml").read_text(encoding="utf-8")
    stamped, count = SETTING.subn(rf"\g<1>{address}", text)
    if count != 1:
        raise CourseError("_config.yml has no `repository:` with a `url:` to write the address to")
    return stamped


def stamped_notebook(path: Path, address: str) -> str:
    """The text of a chapter's notebook with the address in its opening cell."""
    notebook = read_notebook(path)
    cells = code_cells(notebook)
    if not cells:
        raise CourseError(f"{path.name} has no code cell: make notebooks CH={path.stem}")
    cells[0].source = opening(address)
    normalize(notebook)
    return notebook_text(notebook)


def main() -> int:
    """Adopt the address in the environment variable REPO; returns the exit status."""
    try:
        changed = adopt(HERE, os.environ.get("REPO", ""))
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The course's address is {HERE.address}")
    print("\n".join(f"  stamped {name}" for name in changed) or "  which it was already")
    return 0


if __name__ == "__main__":
    sys.exit(main())
