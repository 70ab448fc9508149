"""Checks of what lies beside the chapters: the ledger, its frozen plans, the folders themselves.

Each check returns what is wrong, one line each, nothing where all is well.
"""

from collections.abc import Iterable
from pathlib import Path

from tools.course import Course, CourseError
from tools.freeze import begun, removed
from utils import claims
from utils.claims.entries import ENTRIES
from utils.claims.plans import LOCK, locked

WRITTEN = ("chapter.md", ENTRIES, "plants.yml")
BEFORE = (ENTRIES, LOCK)
LAB = ("lab.js", "lab.json", "lab.svg")
ALLOWED = (*WRITTEN, LOCK, "plants.lock", *LAB, "studies.py", "assignment.md")


def ledger(course: Course) -> list[str]:
    """The ledger is whole, and stored verdicts are of its claims, each settled where it belongs."""
    try:
        known = loaded(course).claims
    except CourseError as error:
        return [str(error)]
    problems = []
    for slug in course.slugs:
        try:
            settled = settled_in(course, slug)
        except ValueError as error:
            problems.append(f"chapters/{slug}.ipynb cannot be read: {error}")
            continue
        for claim in settled:
            if claim not in known:
                problems.append(f"{claim} is settled in {slug}, but in no {ENTRIES}")
            elif known[claim].chapter != slug:
                problems.append(
                    f"{claim} is settled in {slug}, but stands in sources/{known[claim].chapter}/"
                    f"{ENTRIES}: settle it there, or move it to sources/{slug}/{ENTRIES}"
                )
    return problems


def plans(course: Course) -> list[str]:
    """A plan is frozen before its claim is settled, and is afterwards what was frozen."""
    problems = []
    for slug in begun(course):
        try:
            settled = settled_in(course, slug)
        except ValueError:  # `ledger` says so
            settled = []
        problems += plans_of(course, slug, settled)
    return problems


def plans_of(course: Course, slug: str, settled: Iterable[str]) -> list[str]:
    """What is wrong with the plans of one chapter, some of whose claims are settled."""
    sources = course.root / "sources"
    own = loaded(course).of(slug)
    try:
        lock = locked(slug, sources)
        changed = [claims.frozen(claim, sources) for claim in own if claim.id in lock]
    except ValueError as error:
        return [str(error)]
    problems = [*removed(course, slug), *(problem for problem in changed if problem)]
    if early := sorted(set(settled) - set(lock)):
        problems.append(
            f"{slug}: settled before the plan was frozen: {', '.join(early)}: make freeze CH={slug}"
        )
    return problems


def folders(course: Course) -> list[str]:
    """Every chapter's folder holds what a chapter has, or is that of a chapter to come."""
    coming = course.to_come
    paths = [path for path in sorted((course.root / "sources").glob("[!.]*")) if path.is_dir()]
    here = {path.name: visible(path) for path in paths if visible(path)}
    problems = [
        f"_config.yml: {slug} is to come, but there is no sources/{slug}/{ENTRIES}"
        for slug in coming
        if slug not in here
    ]
    for slug, names in here.items():
        problems += [
            f"sources/{slug}/{name} is not a file of a chapter: expected {', '.join(ALLOWED)}"
            for name in names
            if name not in ALLOWED
        ]
        check = written_folder if "chapter.md" in names else folder_to_come
        problems += check(course, slug, names)
    return problems


def written_folder(course: Course, slug: str, names: list[str]) -> list[str]:
    """What is wrong with the folder of a written chapter."""
    problems = [
        f"sources/{slug}/ has a chapter.md and no {name}" for name in WRITTEN if name not in names
    ]
    if slug in course.to_come:
        problems.append(f"_config.yml: {slug} is written: take it out of course_to_come")
    if ENTRIES in names and loaded(course).chapters[slug].title:
        problems.append(
            f"sources/{slug}/{ENTRIES}: take out `title`: it is the heading of chapter.md now"
        )
    return problems


def folder_to_come(course: Course, slug: str, names: list[str]) -> list[str]:
    """What is wrong with a folder without a chapter in it."""
    problems = [
        f"sources/{slug}/{name} belongs to a chapter, but there is no sources/{slug}/chapter.md"
        for name in names
        if name in ALLOWED and name not in BEFORE
    ]
    if ENTRIES not in names:
        return [*problems, f"sources/{slug}/ has no {ENTRIES}"]
    if f"chapters/{slug}" in course.contents:
        problems.append(
            f"_toc.yml lists chapters/{slug}, but there is no sources/{slug}/chapter.md"
        )
    elif slug not in course.to_come:
        problems.append(
            f"sources/{slug}/ has no chapter.md: write it, or list {slug} under course_to_come in "
            "_config.yml"
        )
    if not loaded(course).chapters[slug].title:
        problems.append(f"sources/{slug}/{ENTRIES}: `title` is missing, as there is no chapter.md")
    return problems


def visible(folder: Path) -> list[str]:
    """What lies in a folder, apart from what tools leave behind."""
    names = sorted(path.name for path in folder.iterdir())
    return [name for name in names if not name.startswith((".", "__pycache__"))]


def loaded(course: Course) -> claims.Ledger:
    """The course's ledger, or a CourseError that says what is wrong with it."""
    try:
        return claims.load(course.root / "sources")
    except (ValueError, OSError) as error:
        raise CourseError(str(error)) from error


def settled_in(course: Course, slug: str) -> list[str]:
    """The claims that a chapter's stored notebook has settled."""
    path = course.chapter(slug)
    return [settled.id for settled in claims.verdicts(path)] if path.exists() else []
