"""Freeze the plans of claims before anything is run (`make freeze CH=slug`).

`sources/<slug>/plans.lock` holds, for each claim, the day and digests of what its plan promises. A
frozen plan changes only with an entry in the claim's `changes` that keeps the old text: what lacks
one is refused, with the edit that mends it, and its line of the lock stays as it was.
"""

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import asdict
from datetime import date

import yaml
from nbformat import NotebookNode

from tools.course import HERE, LOADER, Course, CourseError, write_text
from tools.sources import code_cells
from utils import claims
from utils.claims.plans import LOCK, Frozen, broken, digest, digests, locked, unexplained

OLD_TEXT = "<the old text, word for word>"


def freeze(course: Course, slug: str, today: date) -> list[str]:
    """Write a chapter's lock, as far as its plans can be frozen; returns why others cannot."""
    lock = dict(locked(slug, course.root / "sources"))
    problems = removed(course, slug)
    for claim in claims.load(course.root / "sources").of(slug):
        before = lock.get(claim.id)
        if claim.settle_by == "experiment" and not claim.settings:
            problems.append(
                f"{claim.id}: before its plan is frozen an experiment names the settings in which "
                "it measures: add `settings: [...]`"
            )
        elif before and broken(claim, before):
            problems.append(refusal(course, claim, before, today))
        elif left := [c.reason for c in claim.changes if c.reason.startswith("<")]:
            problems.append(f"{claim.id}: write the reason in place of {left[0]}")
        else:
            lock[claim.id] = entry(claim, before, today)
    if lock != locked(slug, course.root / "sources"):
        write_text(text_of(lock), course.root / "sources" / slug / LOCK)
    return problems


def entry(claim: claims.Claim, before: Frozen | None, today: date) -> Frozen:
    """A claim's line in the lock; a plan that promises the same keeps its day."""
    promised = digests(claim)
    kept = before is not None and before.promised == promised
    was = tuple(digest(change.was) for change in claim.changes)
    return Frozen(before.date if before and kept else today.isoformat(), promised, was)


def text_of(entries: dict[str, Frozen]) -> str:
    """A lock as it stands in its file: sorted, one line for each claim."""
    lines = (f"{json.dumps(k)}: {json.dumps(asdict(entries[k]))}" for k in sorted(entries))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def refusal(course: Course, claim: claims.Claim, lock: Frozen, today: date) -> str:
    """Why a changed plan is not frozen, and what to write into claims.yml."""
    changes = "".join(
        change(today, f"<why {part} changed>", earlier(course, claim, part, lock.promised[part]))
        for part in unexplained(claim, lock)
    )
    if changes and not claim.changes:
        changes = f"  changes:\n{changes}"
    return f"{broken(claim, lock)}{':' if changes else ''}\n{changes}".rstrip("\n")


def change(day: date, reason: str, was: str) -> str:
    """An entry of `changes` as it stands in claims.yml."""
    return f"    - date: {day}\n      reason: {reason}\n      was: >-\n{folded(was, 8)}\n"


def folded(text: str, indent: int) -> str:
    """Text for a YAML block that opens with `>-`, in lines of at most 100 characters."""
    return textwrap.fill(
        text,
        width=100,
        initial_indent=" " * indent,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def earlier(course: Course, claim: claims.Claim, part: str, frozen: str) -> str:
    """What a part of the promise said when it was frozen, from git where it knows."""
    path = f"sources/{claim.chapter}/claims.yml"
    for commit in git(course, "log", "--format=%H", "--", path).split():
        text = git(course, "show", f"{commit}:./{path}")
        for found in (yaml.load(text, Loader=LOADER) or {}).get("claims", ()):
            value = found.get(part, "")
            said = value if isinstance(value, str) else "; ".join(value)
            if found["id"] == claim.id and digest(said) == frozen:
                return said
    return OLD_TEXT


def git(course: Course, *arguments: str) -> str:
    """What git says, nothing where it or the history is missing."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=course.root, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def removed(course: Course, slug: str) -> list[str]:
    """Frozen plans whose claims are gone."""
    known = {claim.id for claim in claims.load(course.root / "sources").of(slug)}
    return [
        f"{claim} is frozen in sources/{slug}/{LOCK} and no longer in claims.yml there: put it "
        "back, or, if it is meant to go, delete its line of the lock too"
        for claim in locked(slug, course.root / "sources")
        if claim not in known
    ]


def refuse_unfrozen(course: Course, notebook: NotebookNode) -> None:
    """Raise a CourseError for a notebook whose code names a claim that cannot be settled yet."""
    code = "\n".join(cell.source for cell in code_cells(notebook))
    sources = course.root / "sources"
    named = [
        claim
        for claim in claims.load(sources).claims.values()
        if f'"{claim.id}"' in code or f"'{claim.id}'" in code
    ]
    problems = [problem for claim in named if (problem := claims.frozen(claim, sources))]
    if problems:
        raise CourseError("\n".join(problems))


def begun(course: Course) -> list[str]:
    """The chapters that are written, or of which a plan was frozen."""
    locks = {path.parent.name for path in (course.root / "sources").glob(f"*/{LOCK}")}
    return sorted({*course.slugs, *locks})


def make_freeze(course: Course, only: str = "") -> int:
    """Freeze the chapters named, or all that are begun; returns the exit status."""
    status = 0
    try:
        ledger = claims.load(course.root / "sources")
    except ValueError as error:
        print(error)
        return 1
    for slug in [slug.strip() for slug in only.split(",") if slug.strip()] or begun(course):
        try:
            if slug not in ledger.chapters:
                known = ", ".join(ledger.chapters)
                raise CourseError(f"there is no sources/{slug}/claims.yml; there are: {known}")
            problems = freeze(course, slug, date.today())
            told = [claims.frozen(claim, course.root / "sources") for claim in ledger.of(slug)]
            print(f"{slug}: {told.count(None)} of {len(told)} plans are frozen")
        except (ValueError, CourseError) as error:
            problems = [str(error)]
        for problem in problems:
            print(f"  {problem}")
        status = 1 if problems else status
    return status


if __name__ == "__main__":
    sys.exit(make_freeze(HERE, os.environ.get("CH", "")))
