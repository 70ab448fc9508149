"""Run chapters again with other seeds, or with other instructions of the processor (`make fresh`).

Says which words moved, where the call was close, and which the run contradicts; only the last is
a failure. The data sets stay those of the book. What was run is kept in _build/fresh, so that an
interrupted call goes on, and what was run of today's code is not run again.
"""

import ast
import copy
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tools.course import HERE, Course, CourseError, read_source, write_text
from tools.execute import versions
from tools.notebooks import unknown_slug
from tools.proofs import decided
from tools.slicing import sliced
from tools.sources import code_cells
from tools.staleness import source_hash
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


def varied(notebook: NotebookNode, variation: Variation) -> NotebookNode:
    """The notebook with a cell after its opening that moves the seeds."""
    if variation.shift:
        hook = (
            "from tools.shift import shift_seeds\n\n"
            f"shift_seeds({variation.shift}, {imported(notebook)})"
        )
        notebook.cells.insert(1, new_code_cell(hook))
    return notebook


def imported(notebook: NotebookNode) -> list[str]:
    """The modules that a chapter's cells import, as far as they may be handed seeds."""
    found = set()
    for cell in code_cells(notebook)[1:]:
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module == "utils":
                found |= {f"utils.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                parts = node.module.split(".")
                found.add(".".join(parts[:2]) if parts[0] == "utils" else parts[0])
    return sorted(found)


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


def chapter(slug: str, variation: Variation, code: NotebookNode, now: str) -> Job:
    """Run a chapter in one variation and keep what it gave."""

    async def job(workshop: Workshop) -> list[str]:
        name = f"{slug}, {variation.name}"
        begin = time.perf_counter()
        try:
            found = await workshop.run(name, varied(code, variation), variation.variables)
        except CourseError as error:
            return [str(error)]
        result = Result(
            now,
            versions(),
            date.today().isoformat(),
            round(time.perf_counter() - begin),
            {claim: settled.verdict for claim, settled in found.items()},
            {claim: dict(settled.outcomes) for claim, settled in found.items()},
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
    hashes: dict[str, str] = {}
    for slug in slugs:
        try:
            if slug not in course.slugs:
                raise CourseError(unknown_slug(course, slug))
            code = sliced(read_source(course.source(slug)), decided(course, slug))
        except (CourseError, FileNotFoundError) as error:
            failures.append(f"{slug}: {error}")
            continue
        hashes[slug] = source_hash(course, code)
        jobs += [
            chapter(slug, variation, copy.deepcopy(code), hashes[slug])
            for variation in variations
            if known(course, slug, variation, hashes[slug]) is None
        ]
    failures += work(course, jobs, len(jobs))
    results = {
        slug: {
            variation.name: result
            for variation in variations
            if (result := known(course, slug, variation, now)) is not None
        }
        for slug, now in hashes.items()
    }
    return results, failures


def make_fresh(course: Course, only: str, seeds: str, instructions: bool) -> int:
    """Run chapters in other ways and tell what came out; returns the exit status."""
    chosen = [slug.strip() for slug in only.split(",") if slug.strip()] or course.slugs
    variations = [other_seeds(shift) for shift in chosen_seeds(seeds or str(SEEDS[0]))]
    results, failures = run_all(course, chosen, [*variations, *[INSTRUCTIONS] * instructions])
    contradicted = 0
    for slug, runs in results.items():
        book = decided(course, slug)
        for name, result in runs.items():
            contradicted += [*worst(book, result).values()].count("contradicted")
            print("\n".join([f"{slug}, {name}: {counted(book, result)}", *told(book, result)]))
    for failure in failures:
        print(f"\n{failure}", file=sys.stderr)
    return 1 if failures or contradicted else 0


if __name__ == "__main__":
    given = {name: os.environ.get(name, "") for name in ("CH", "SEEDS", "INSTRUCTIONS")}
    try:
        status = make_fresh(HERE, given["CH"], given["SEEDS"], bool(given["INSTRUCTIONS"]))
    except CourseError as error:
        print(error, file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        print("\nInterrupted: what was run is kept; make fresh goes on.", file=sys.stderr)
        status = 130
    sys.exit(status)
