import asyncio

import pytest
from nbformat.v4 import new_code_cell

from tools.course import HERE, read_source
from tools.execute import execute
from tools.solutions import exercises
from tools.sources import code_cells


@pytest.mark.parametrize("slug", HERE.slugs)
def test_every_solution_runs_after_its_chapter(slug: str) -> None:
    notebook = read_source(HERE.source(slug))
    solutions = [
        (exercise.number, code) for exercise in exercises(notebook) for code in exercise.blocks
    ]
    # Tagged, so that one failure does not hide the next.
    cells = [new_code_cell(code, metadata={"tags": ["raises-exception"]}) for _, code in solutions]
    notebook.cells = [*code_cells(notebook), *cells]
    asyncio.run(execute(HERE, notebook))
    failures = {
        f"exercise {number}": f"{output.ename}: {output.evalue}\n{code}"
        for (number, code), cell in zip(solutions, cells, strict=True)
        for output in cell.outputs
        if output.output_type == "error"
    }
    assert failures == {}
