"""Planted faults, and the proofs that each of them, alone, turns the verdict on its claim.

A plant is run with no more of the chapter than the cell that settles its claim needs, beside the
same code without it. `sources/<slug>/plants.lock` keeps what came out, with the hashes of both.
"""

import copy
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml
from nbformat import NotebookNode

from tools.course import LOADER, Course, CourseError, read_notebook, read_source, write_text
from tools.slicing import beside, sliced
from tools.sources import code_cells, written
from tools.staleness import code_of
from utils.claims import Settled
from utils.claims.stored import is_card, parsed


@dataclass(frozen=True)
class Plant:
    """What to find in a chapter's code, at one place, and what to plant there instead."""

    claim: str
    find: str
    plant: str


@dataclass(frozen=True)
class Trial:
    """A plant and all that is run for it: the code without it, and with it.

    Their hashes leave the helpers out: an engine that works otherwise turns no proof stale, since
    all plants are run every week.
    """

    plant: Plant
    control: NotebookNode
    planted: NotebookNode

    @property
    def control_hash(self) -> str:
        """Of the code without the plant."""
        return _hash(self.control)

    @property
    def planted_hash(self) -> str:
        """Of the code with the plant."""
        return _hash(self.planted)


def _hash(notebook: NotebookNode) -> str:
    return hashlib.sha256("\n\n".join(code_of(notebook)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Proof:
    """A verdict without its plant and with it, and the hashes of what was run."""

    date: str
    without: str
    planted: str
    control_hash: str
    planted_hash: str

    def holds_for(self, trial: Trial, book: Settled) -> bool:
        """Whether this very code was run, and turned what the book says today."""
        same = (self.control_hash, self.planted_hash) == (trial.control_hash, trial.planted_hash)
        return same and self.planted not in (self.without, book.verdict)


def plants(course: Course, slug: str) -> dict[str, Plant]:
    """The plants of a chapter, by claim."""
    path = course.source(slug).with_name("plants.yml")
    name = f"sources/{slug}/plants.yml"
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        data = yaml.load(text, Loader=LOADER) or {}
        return {claim: Plant(claim, **entry) for claim, entry in data.items()}
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        raise CourseError(
            f"{name}: {error}; expected claims, each with what to `find` and what to `plant`"
        ) from error


def decided(course: Course, slug: str) -> dict[str, Settled]:
    """What the book says of every claim of a chapter that a run decides."""
    try:
        settled = verdicts(read_notebook(course.chapter(slug)))
    except ValueError as error:
        raise CourseError(f"chapters/{slug}.ipynb: {error}: make notebooks CH={slug}") from error
    return {claim: found for claim, found in settled.items() if found.outcomes}


def verdicts(notebook: NotebookNode) -> dict[str, Settled]:
    """The verdicts in a notebook's outputs, by claim."""
    found = {}
    for cell in code_cells(notebook):
        for output in cell.outputs:
            card = output.get("data", {}).get("text/html", "")
            if is_card(card):
                settled = parsed(output.data["text/plain"], card)
                found[settled.id] = settled
    return found


def planted(notebook: NotebookNode, plant: Plant) -> NotebookNode:
    """A chapter's code with a plant in its one place."""
    changed = copy.deepcopy(notebook)
    places = 0
    for cell in code_cells(changed):
        source = cell.source + "\n"
        places += source.count(plant.find)
        cell.source = source.replace(plant.find, plant.plant).rstrip("\n")
    if places != 1:
        raise CourseError(
            f"the plant of {plant.claim} fits {places} places of the chapter's code, expected 1: "
            f"mend its `find`\n{plant.find}"
        )
    return changed


def trials(course: Course, slug: str) -> list[Trial]:
    """What is to be run to prove the plants of a chapter, each with what its claim needs."""
    notebook, known = read_source(course.source(slug)), plants(course, slug)
    found = []
    for together in beside(notebook, known):
        control = sliced(notebook, together)
        for claim in together:
            with_plant = sliced(planted(notebook, known[claim]), together)
            if written(with_plant) == written(control):
                raise CourseError(
                    f"the plant of {claim} lies in code that its verdict does not need: plant it "
                    "where the claim is measured"
                )
            found.append(Trial(known[claim], control, with_plant))
    return found


def lock(course: Course, slug: str) -> Path:
    """Where the proofs of a chapter's plants are kept."""
    return course.source(slug).with_name("plants.lock")


def proofs(course: Course, slug: str) -> dict[str, Proof]:
    """What is proven of a chapter's plants, by claim."""
    path = lock(course, slug)
    try:
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return {claim: Proof(**entry) for claim, entry in kept.items()}
    except (json.JSONDecodeError, AttributeError, TypeError) as error:
        raise CourseError(
            f"sources/{slug}/plants.lock cannot be read ({error}): delete it, and "
            f"make plants CH={slug} writes it anew"
        ) from error


def record(course: Course, slug: str, claim: str, proof: Proof) -> None:
    """Add a proof to a chapter's lock in one step, and forget those of claims without a plant."""
    known = {**proofs(course, slug), claim: proof}
    kept = sorted(known.keys() & plants(course, slug).keys())
    lines = (f"{json.dumps(name)}: {json.dumps(asdict(known[name]))}" for name in kept)
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    write_text(text, lock(course, slug))


def unproven(course: Course, slug: str) -> list[Trial]:
    """The trials whose outcome is not known, or not of today's chapter and plants."""
    book, known = decided(course, slug), proofs(course, slug)
    return [
        trial
        for trial in trials(course, slug)
        if (claim := trial.plant.claim) not in known
        or claim not in book
        or not known[claim].holds_for(trial, book[claim])
    ]


def unmatched(course: Course, slug: str) -> list[str]:
    """Claims that a run decides and no plant turns, and plants of other claims."""
    given, needed = plants(course, slug).keys(), decided(course, slug).keys()
    name = f"sources/{slug}/plants.yml"
    return [
        *(f"{name}: a run decides {claim}; plant what turns it" for claim in needed - given),
        *(f"{name}: no run decides {claim}; take it out" for claim in given - needed),
    ]


def turned(course: Course, slug: str) -> list[str]:
    """Every claim that a run decides has a plant, and each plant is proven to turn its verdict."""
    problems = sorted(unmatched(course, slug))
    if problems:
        return problems
    missing = ", ".join(trial.plant.claim for trial in unproven(course, slug))
    if missing:
        problems.append(
            f"sources/{slug}/plants.lock has no proof, of today's code, that the plant turns "
            f"{missing}: make plants CH={slug}"
        )
    return problems
