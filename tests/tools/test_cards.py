import shutil
from pathlib import Path

import pytest

from tools import cards
from tools.course import HERE, Course, read_notebook
from tools.notebooks import make_notebooks
from tools.proofs import verdicts

SLUG = "nitty-gritty"


@pytest.fixture
def copy(tmp_path: Path) -> Course:
    """The course with its first chapter alone."""
    for name in ("utils", "sources"):
        ignore = shutil.ignore_patterns("__pycache__", "chapter.md")
        shutil.copytree(HERE.root / name, tmp_path / name, ignore=ignore)
    course = Course(tmp_path)
    for path in (HERE.source(SLUG), HERE.chapter(SLUG)):
        copied = tmp_path / path.relative_to(HERE.root)
        copied.parent.mkdir(exist_ok=True)
        shutil.copy(path, copied)
    for name in ("_config.yml", "requirements.txt", "references.bib", "README.md"):
        shutil.copy(HERE.root / name, tmp_path / name)
    for name in ("_static", f"studies/{SLUG}"):
        shutil.copytree(HERE.root / name, tmp_path / name)
    return course


def test_other_words_about_a_claim_draw_its_card_anew_and_run_nothing(copy: Course, capsys) -> None:
    assert cards.outdated(copy, SLUG) == []
    path = copy.source(SLUG).with_name("claims.yml")
    before, stored = path.read_text(), read_notebook(copy.chapter(SLUG))
    path.write_text(before.replace("  why: >-\n", "  why: >-\n    Because of the moon.\n"))
    assert path.read_text() != before
    assert "make notebooks" in cards.outdated(copy, SLUG)[0]
    assert make_notebooks(copy, SLUG) == 0
    assert f"{SLUG}: text updated, outputs kept" in capsys.readouterr().out
    assert cards.outdated(copy, SLUG) == []
    after = read_notebook(copy.chapter(SLUG))
    assert "Because of the moon." in str(after)
    assert verdicts(after) == verdicts(stored)


def test_a_card_whose_claim_is_gone_stays_as_it_is(copy: Course) -> None:
    stored = read_notebook(copy.chapter(SLUG))
    for path in (copy.root / "sources").glob("*/claims.yml"):
        path.write_text("question: What?\nclaims: []\n")
    assert not cards.redraw(copy, stored)


def test_the_table_of_a_chapter_is_drawn_anew_as_well(copy: Course) -> None:
    path = copy.source(SLUG).with_name("claims.yml")
    path.write_text(path.read_text().replace("With a very large network", "With a 'big' network"))
    notebook = read_notebook(copy.chapter(SLUG))
    assert cards.redraw(copy, notebook)
    tables = [
        output.data["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.get("data", {}).get("text/html", "").startswith("<table")
    ]
    (table,) = (page for page in tables if "large-networks-train-extremely-slowly" in page)
    assert "With a 'big' network" in table
    assert "fails here" in table
