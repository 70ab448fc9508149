"""A planted fault for each claim that a run decides; `make plants` runs them."""

import pytest
import yaml

from tools.course import HERE, read_source
from tools.sources import code_cells
from utils import claims


def plants(slug: str) -> dict[str, dict[str, str]]:
    """What to replace in a chapter, by claim."""
    path = HERE.source(slug).with_name("plants.yml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def decided_by_a_run(slug: str) -> dict[str, str]:
    """The stored verdict of every claim of a chapter that is not settled by reading."""
    stored = claims.verdicts(HERE.chapter(slug))
    return {s.id: s.verdict for s in stored if s.verdict != "by reading"}


@pytest.mark.parametrize("slug", HERE.slugs)
def test_every_claim_that_a_run_decides_has_a_planted_fault(slug: str) -> None:
    assert set(plants(slug)) == set(decided_by_a_run(slug))


@pytest.mark.parametrize("slug", HERE.slugs)
def test_every_planted_fault_fits_exactly_one_place_in_the_code(slug: str) -> None:
    code = "\n".join(cell.source + "\n" for cell in code_cells(read_source(HERE.source(slug))))
    places = {claim: code.count(plant["find"]) for claim, plant in plants(slug).items()}
    assert places == dict.fromkeys(places, 1)
