"""Prove that planted faults turn their verdicts (`make plants`), each planted alone.

A proof is stored as soon as it is made, so that whatever happens later loses nothing, and what is
proven of today's code is not run again.
"""

import os
import sys
from collections import defaultdict
from datetime import date

from tools.course import HERE, Course, CourseError
from tools.notebooks import unknown_slug
from tools.proofs import Proof, Trial, decided, plants, record, trials, unmatched, unproven
from tools.variation import Job, Workshop, work
from utils.claims import Settled, contradictions


def prove(slug: str, group: list[Trial], book: dict[str, Settled]) -> Job:
    """Run the code that several plants share, once without them and once with each."""

    async def job(workshop: Workshop) -> list[str]:
        names = ", ".join(trial.plant.claim for trial in group)
        try:
            control = await workshop.run(f"{slug}: {names} without a plant", group[0].control)
        except CourseError as error:
            return [str(error)]
        found = [await one(workshop, trial, control) for trial in group]
        return [problem for problem in found if problem]

    async def one(workshop: Workshop, trial: Trial, control: dict[str, Settled]) -> str | None:
        claim = trial.plant.claim
        again = f"make plants CH={slug}"
        if claim not in control:
            return f"{claim} is not settled by the code that it was cut down to; {again}"
        if against := contradictions(book[claim], control[claim]):
            return (
                f"{claim} comes out otherwise than in the book even without a plant: "
                f"{'; '.join(against)}. If the chapter is out of date: make notebooks CH={slug}"
            )
        try:
            after = await workshop.run(f"{slug}: {claim}, planted", trial.planted)
        except CourseError as error:
            return str(error)
        if claim not in after:
            return f"{claim} is not settled at all with its plant, so it does not turn; {again}"
        without, word = control[claim].verdict, after[claim].verdict
        if word in (without, book[claim].verdict):
            return (
                f"{claim}: its plant does not turn the verdict, which is {word!r} with it and "
                f"{without!r} without: plant a fault that matters, then {again}"
            )
        proof = Proof(
            date.today().isoformat(), without, word, trial.control_hash, trial.planted_hash
        )
        record(workshop.course, slug, claim, proof)
        workshop.say(f"{slug}: {claim} turns from {without!r} to {word!r}")
        return None

    return job


def make_plants(course: Course, only: str = "", everything: bool = False) -> int:
    """Prove the plants of the chapters named, or of all; returns the exit status."""
    chosen = [slug.strip() for slug in only.split(",") if slug.strip()] or course.slugs
    failures: list[str] = []
    jobs: list[Job] = []
    total = 0
    for slug in chosen:
        try:
            if slug not in course.slugs:
                raise CourseError(unknown_slug(course, slug))
            failures += unmatched(course, slug)
            book = decided(course, slug)
            pending = trials(course, slug) if everything else unproven(course, slug)
            groups = defaultdict(list)
            for trial in pending:
                if trial.plant.claim in book:
                    groups[trial.control_hash].append(trial)
            jobs += [prove(slug, group, book) for group in groups.values()]
            total += sum(1 + len(group) for group in groups.values())
            proven = len(plants(course, slug)) - len(pending)
            print(f"{slug}: {proven} plants are proven, {len(pending)} to run", flush=True)
        except CourseError as error:
            failures.append(f"{slug}: {error}")
    failures += work(course, jobs, total)
    for failure in failures:
        print(f"\n{failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        status = make_plants(HERE, os.environ.get("CH", ""), bool(os.environ.get("ALL")))
    except KeyboardInterrupt:
        print("\nInterrupted: what was proven is stored; make plants goes on.", file=sys.stderr)
        status = 130
    sys.exit(status)
