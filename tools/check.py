"""Everything that can be checked without TensorFlow and without running anything (`make check`)."""

import re
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.chapter_checks import CHECKS as CHAPTER_CHECKS
from tools.course import HERE, Course, CourseError, notebook_text, read_source
from tools.form_checks import known_call_outs, visible_code, yet_to_recut
from tools.ledger_checks import folders, ledger, plans
from tools.links import broken_links, unlisted_papers, unreadable_papers
from tools.picture import outdated
from tools.predictions import typed
from tools.study_code import studies

AT_ONCE = 3  # the first checks wait for other programs
NOT_CHANGED = re.compile(r"^--- .*\n\+\+\+ .*(?:\n(?!@@)|\Z)", re.MULTILINE)
"""What ruff writes of each other cell of a notebook in which one cell would be reformatted."""


def ruff(course: Course) -> list[str]:
    """Lint and format, of the code and of the chapters' cells, also before their first run."""
    found = _linted(course, ".")
    for slug in course.slugs:
        if not course.chapter(slug).exists():
            text = notebook_text(read_source(course.source(slug)))
            found += _linted(course, "-", "--stdin-filename", f"chapters/{slug}.ipynb", given=text)
    named = sorted(set(re.findall(r"\bchapters/([\w-]+)\.ipynb\b", "\n".join(found))))
    return found + [
        f"chapters/{slug}.ipynb is made: change sources/{slug}/chapter.md, then make notebooks "
        f"CH={slug}"
        for slug in named
    ]


def types(course: Course) -> list[str]:
    """The code's types agree, as far as the libraries' are known."""
    return _said(course, "mypy", "--no-error-summary", "--no-pretty")


def spelling(course: Course) -> list[str]:
    """No word of code or prose is misspelled, and all are American."""
    return _said(course, "typos", "--format", "brief")


def _linted(course: Course, *what: str, given: str = "") -> list[str]:
    """What ruff complains about."""
    found = _said(course, "ruff", "check", "--quiet", *what, given=given)
    for diff in _said(course, "ruff", "format", "--check", "--quiet", "--diff", *what, given=given):
        found.append(NOT_CHANGED.sub("", diff).strip())
    return found


def _said(course: Course, tool: str, *arguments: str, given: str = "") -> list[str]:
    """What a tool of this Python's environment complains about."""
    path = Path(sysconfig.get_path("scripts"), tool)
    if not path.exists():
        return [f"{tool} is not installed here: make check installs it in .venv"]
    command = [str(path), *arguments]
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True, input=given)
    return [(done.stdout + done.stderr).strip()] if done.returncode else []


def contents(course: Course) -> list[str]:
    """Every file of the table of contents exists, and every chapter has a source and is in it."""
    listed = course.contents
    made = {f"chapters/{slug}": f": make notebooks CH={slug}" for slug in course.slugs}
    problems = [
        f"_toc.yml: there is no {name}.md or {name}.ipynb{made.get(name, '')}"
        for name in sorted(listed)
        if not any((course.root / f"{name}{suffix}").exists() for suffix in (".md", ".ipynb"))
    ]
    chapters = {path.stem for path in (course.root / "chapters").glob("*.ipynb")}
    for slug in sorted(chapters | set(course.slugs)):
        if slug not in course.slugs:
            problems.append(f"chapters/{slug}.ipynb has no source: add sources/{slug}/chapter.md")
        if f"chapters/{slug}" not in listed:
            problems.append(f"_toc.yml does not list chapters/{slug}: add it where it belongs")
    return problems


def pins(course: Course) -> list[str]:
    """The book's pins are among the course's."""
    whole = _pins(course.root / "requirements.txt")
    return [
        f"requirements-book.txt: {pin} is not in requirements.txt: make pins"
        for pin in sorted(_pins(course.root / "requirements-book.txt") - whole)
    ]


def each_chapter(check: Callable[[Course, str], list[str]]) -> Callable[[Course], list[str]]:
    """A check of one chapter, applied to all of them."""

    def checked(course: Course) -> list[str]:
        problems = []
        for slug in course.slugs:
            try:
                problems += check(course, slug)
            except CourseError as error:
                problems.append(str(error))
            except ValueError as error:  # of a card or a claim that cannot be read
                problems.append(f"{slug}: {error}")
            except SyntaxError as error:  # the check of sources says where
                problems.append(f"{slug}: a cell cannot be read: {error.msg}")
        return problems

    return checked


CHECKS: dict[str, Callable[[Course], list[str]]] = {
    "types agree": types,
    "code is linted and formatted": ruff,
    "words are spelled right": spelling,
    **{name: each_chapter(check) for name, check in CHAPTER_CHECKS.items()},
    "little code is visible": each_chapter(visible_code),
    "call-outs are known": known_call_outs,
    "chapter folders are complete": folders,
    "the ledger is whole": ledger,
    "plans are frozen": plans,
    "studies are of today's code": studies,
    "the table of contents is complete": contents,
    "the readme shows the first figure": outdated,
    "links lead somewhere": broken_links,
    "cited papers are in the bibliography": unlisted_papers,
    "the bibliography can be read": unreadable_papers,
    "the book's pins are the course's": pins,
}


NOTES: dict[str, Callable[[Course], list[str]]] = {
    "older chapters show more code than a new one may": each_chapter(yet_to_recut),
    "answers to predictions are typed": each_chapter(typed),
}
"""What is said without failing."""


def main(course: Course = HERE) -> int:
    """Run every check and show what is wrong; returns the exit status."""
    begin = time.perf_counter()
    failed = 0
    told: set[str] = set()
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        found = {name: pool.submit(check, course) for name, check in CHECKS.items()}
        for name, future in found.items():
            try:
                problems = future.result()
            except CourseError as error:
                problems = [str(error)]
            new = [problem for problem in dict.fromkeys(problems) if problem not in told]
            again = ", for a reason given above" if problems and not new else ""
            print(f"{'FAILED' if problems else 'ok':6}  {name}{again}", flush=True)
            for problem in new:
                print("        " + problem.replace("\n", "\n        "))
            told.update(new)
            failed += bool(problems)
    for name, check in NOTES.items():
        notes = check(course)
        if notes:
            print(f"note    {name}")
            print("\n".join(f"        {note}" for note in notes))
    seconds = time.perf_counter() - begin
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} checks passed in {seconds:.1f} s")
    return 1 if failed else 0


def _pins(path: Path) -> set[str]:
    """The pins of a file, without the systems for which it needs them."""
    return set(re.findall(r"(?m)^[\w.-]+==[^\s;]+", path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    sys.exit(main())
