"""Run chapters again with other seeds, or with other instructions of the processor (`make fresh`).

Says which words moved, where the call was close, and which the run contradicts; only the last is
a failure. The data sets stay those of the book; what a study measured too, unless STUDIES=1 asks
for the studies with the same other seeds, which takes as long as they took. What was run is kept
in _build/fresh, so that an interrupted call goes on, and nothing of today's code is run twice.
"""

import copy
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import pairwise, product
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tools.course import HERE, Course, CourseError, read_source, write_text
from tools.execute import versions
from tools.notebooks import unknown_slug
from tools.proofs import decided
from tools.shift import imported
from tools.slicing import sliced
from tools.sources import code_cells
from tools.staleness import source_hash
from tools.study_code import declarations, progress, results, with_studies
from tools.variation import Job, Workshop, work
from utils.claims import Outcome, Settled
from utils.claims.rules import contradicts

SEEDS = (31337, 62674, 94011)
APART = 10_000
"""More than any seed that a chapter names, so that sets so far apart share none."""

WITHOUT_AVX = {"XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2", "ONEDNN_MAX_CPU_ISA": "SSE41"}
"""No AVX and no FMA: both change the last bits of a training from the first step on."""


@dataclass(frozen=True)
class Variation:
    """How a chapter is run: its seeds moved by a number, and the kernel's further variables."""

    name: str
    shift: int = 0
    variables: Mapping[str, str] = field(default_factory=dict)


INSTRUCTIONS = Variation("without AVX", variables=WITHOUT_AVX)


@dataclass(frozen=True)
class Result:
    """What a chapter gave: the code and versions that were run, and the outcomes."""

    hash: str
    versions: Mapping[str, str]
    date: str
    seconds: int
    verdicts: Mapping[str, str]
    outcomes: Mapping[str, Mapping[str, Outcome]]
    studies: bool = False
    """Whether its studies were measured with the same other seeds."""


@dataclass(frozen=True)
class Difference:
    """A claim in a setting that came out otherwise than in the book, or close."""

    claim: str
    setting: str
    book: Outcome
    run: Outcome

    @property
    def kind(self) -> str:
        """Whether the run is the book's, has moved by a close call, or contradicts it."""
        if self.book.answer == self.run.answer:
            return "same"
        return "contradicted" if contradicts(self.book, self.run) else "moved"


def other_seeds(shift: int) -> Variation:
    """All seeds of a chapter moved by a number."""
    return Variation(f"seeds + {shift}", shift)


def chosen_seeds(text: str) -> list[int]:
    """The shifts that a caller names, far enough apart to share no seed."""
    try:
        shifts = [int(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise CourseError(
            f"SEEDS is {text!r}; expected whole numbers, such as SEEDS='31337 62674'"
        ) from None
    ordered = sorted([0, *shifts])
    if any(b - a < APART for a, b in pairwise(ordered)):
        raise CourseError(
            f"SEEDS is {text!r}; expected numbers at least {APART:,} above 0 and apart, so that "
            "no two runs share a seed"
        )
    return shifts


def varied(
    notebook: NotebookNode, variation: Variation, studies: Path | None = None
) -> NotebookNode:
    """The notebook with a cell after its opening: moved seeds, and whose studies it reads."""
    if variation.shift:
        modules = imported(cell.source for cell in code_cells(notebook)[1:])
        hook = [
            "from tools.shift import shift_seeds",
            f"shift_seeds({variation.shift}, {modules})",
        ]
        if studies:
            hook += ["from pathlib import Path", "from utils import studies"]
            hook += [f"studies.RESULTS = Path({str(studies)!r})", "del Path, studies"]
        notebook.cells.insert(1, new_code_cell("\n".join(hook)))
    return notebook


# --- running -------------------------------------------------------------------------------------


def place(course: Course, slug: str, variation: Variation) -> Path:
    """Where a result is kept."""
    name = variation.name.replace(" ", "-")
    return course.root / "_build" / "fresh" / slug / f"{name}.json"


def known(course: Course, slug: str, variation: Variation, now: str) -> Result | None:
    """The result of this very code with these versions, where there is one."""
    path = place(course, slug, variation)
    if not path.exists():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    data["outcomes"] = {
        claim: {setting: Outcome(*outcome) for setting, outcome in settings.items()}
        for claim, settings in data["outcomes"].items()
    }
    result = Result(**data)
    return result if (result.hash, result.versions) == (now, versions()) else None


def measure_studies(course: Course, slugs: Sequence[str], shift: int) -> list[str]:
    """Measure the studies of chapters with their seeds moved; returns what failed.

    In a process of its own, whose workers have imported nothing with other seeds.
    """
    wanted = ",".join(slug for slug in slugs if slug in with_studies(course))
    if not wanted:
        return []
    variables = {**os.environ, "CH": wanted, "SHIFT": str(shift), "PYTHONPATH": str(course.root)}
    command = [sys.executable, "-m", "tools.studies"]
    done = subprocess.run(command, cwd=course.root, env=variables)
    return [f"the studies with seeds + {shift} are not whole"] * (done.returncode != 0)


def fresh_studies(course: Course, slug: str, variation: Variation) -> Path | None:
    """Where the chapter's studies lie, if all are measured with the variation's seeds."""
    if not variation.shift or slug not in with_studies(course):
        return None
    declared = declarations(course, slug)
    whole = all(not progress(course, each, variation.shift)[0] for each in declared)
    return results(course, variation.shift) if whole else None


def chapter(
    slug: str, variation: Variation, code: NotebookNode, now: str, studies: Path | None
) -> Job:
    """Run a chapter in one variation and keep what it gave."""

    async def job(workshop: Workshop) -> list[str]:
        name = f"{slug}, {variation.name}"
        begin = time.perf_counter()
        try:
            found = await workshop.run(name, varied(code, variation, studies), variation.variables)
        except CourseError as error:
            return [str(error)]
        result = Result(
            now,
            versions(),
            date.today().isoformat(),
            round(time.perf_counter() - begin),
            {claim: settled.verdict for claim, settled in found.items()},
            {claim: dict(settled.outcomes) for claim, settled in found.items()},
            studies is not None,
        )
        path = place(workshop.course, slug, variation)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(json.dumps(asdict(result), indent=1) + "\n", path)
        workshop.say(f"{name}: run in {result.seconds} s")
        return []

    return job


# --- comparing -----------------------------------------------------------------------------------


def differences(book: Mapping[str, Settled], run: Result) -> list[Difference]:
    """Every claim and setting, in the book and in the run."""
    return [
        Difference(claim, setting, outcome, run.outcomes[claim][setting])
        for claim, settled in book.items()
        for setting, outcome in settled.outcomes.items()
        if setting in run.outcomes.get(claim, {})
    ]


def worst(book: Mapping[str, Settled], run: Result) -> dict[str, str]:
    """For each claim whether it is the same, has moved, or is contradicted, in any setting."""
    kinds: dict[str, str] = {}
    for found in differences(book, run):
        order = ["same", "moved", "contradicted"]
        before = kinds.get(found.claim, "same")
        kinds[found.claim] = max(before, found.kind, key=order.index)
    return kinds


def counted(book: Mapping[str, Settled], run: Result) -> str:
    """How many claims came out how."""
    kinds = list(worst(book, run).values())
    parts = [f"{kinds.count(kind)} {kind}" for kind in ("same", "moved", "contradicted")]
    return f"{len(kinds)} claim{'s' * (len(kinds) != 1)}: {', '.join(parts)}"


def told(book: Mapping[str, Settled], run: Result) -> list[str]:
    """What moved, what was close and what is contradicted, a line each."""
    lines = []
    for found in differences(book, run):
        close = found.run.answer != "open" and not found.run.firm
        if found.kind != "same" or close:
            word = "close" if found.kind == "same" else found.kind
            words = book[found.claim].verdict, run.verdicts[found.claim]
            earned = f" ({words[0]} → {words[1]})" if words[0] != words[1] else ""
            lines.append(
                f"  {word:12} {found.claim}{earned}, {found.setting}: "
                f"{shown(found.book)} → {shown(found.run)}"
            )
    return lines


def shown(outcome: Outcome) -> str:
    """An outcome in a few words."""
    if outcome.answer == "open":
        return "open"
    return f"{outcome.answer}, {'firm' if outcome.firm else 'close'}"


# --- the command ---------------------------------------------------------------------------------


def run_all(
    course: Course, slugs: Sequence[str], variations: Sequence[Variation]
) -> tuple[dict[str, dict[str, Result]], list[str]]:
    """Run what is not known yet; returns the results by chapter and variation, and what failed."""
    failures: list[str] = []
    jobs: list[Job] = []
    hashes: dict[tuple[str, str], str] = {}
    for slug in slugs:
        try:
            if slug not in course.slugs:
                raise CourseError(unknown_slug(course, slug))
            code = sliced(read_source(course.source(slug)), decided(course, slug))
        except CourseError as error:
            failures.append(f"{slug}: {error}")
            continue
        for variation in variations:
            studies = fresh_studies(course, slug, variation)
            now = f"{source_hash(course, code)}{' and its studies' * (studies is not None)}"
            hashes[slug, variation.name] = now
            if known(course, slug, variation, now) is None:
                jobs.append(chapter(slug, variation, copy.deepcopy(code), now, studies))
    failures += work(course, jobs, len(jobs))
    found: dict[str, dict[str, Result]] = {slug: {} for slug, _ in hashes}
    for slug, variation in product(found, variations):
        result = known(course, slug, variation, hashes[slug, variation.name])
        if result is not None:
            found[slug][variation.name] = result
    return found, failures


def make_fresh(
    course: Course, only: str, seeds: str, instructions: bool, studies: bool = False
) -> int:
    """Run chapters in other ways and tell what came out; returns the exit status."""
    chosen = [slug.strip() for slug in only.split(",") if slug.strip()] or course.slugs
    variations = [other_seeds(shift) for shift in chosen_seeds(seeds or str(SEEDS[0]))]
    failures = [
        line
        for variation in variations * studies
        for line in measure_studies(course, chosen, variation.shift)
    ]
    every, more = run_all(course, chosen, [*variations, *[INSTRUCTIONS] * instructions])
    failures += more
    contradicted = 0
    for slug, runs in every.items():
        book = decided(course, slug)
        for name, result in runs.items():
            contradicted += [*worst(book, result).values()].count("contradicted")
            how = f"{slug}, {name}{', studies too' * result.studies}"
            print("\n".join([f"{how}: {counted(book, result)}", *told(book, result)]))
    for failure in failures:
        print(f"\n{failure}", file=sys.stderr)
    return 1 if failures or contradicted else 0


if __name__ == "__main__":
    only, seeds = (os.environ.get(name, "") for name in ("CH", "SEEDS"))
    wished = [bool(os.environ.get(name)) for name in ("INSTRUCTIONS", "STUDIES")]
    try:
        status = make_fresh(HERE, only, seeds, *wished)
    except CourseError as error:
        print(error, file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        print("\nInterrupted: what was run is kept; make fresh goes on.", file=sys.stderr)
        status = 130
    sys.exit(status)
