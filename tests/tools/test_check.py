import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import check
from tools.course import HERE, Course

Change = Callable[[dict], None]


def change_notebook(course: Course, change: Change) -> None:
    path = course.chapter("tiny")
    notebook = json.loads(path.read_text())
    change(notebook)
    path.write_text(json.dumps(notebook))


def change_both(course: Course, old: str, new: str) -> None:
    """Change the source and the stored notebook alike, so that they still agree."""
    for path, quoted in ((course.source("tiny"), False), (course.chapter("tiny"), True)):
        text = path.read_text()
        found, put = (json.dumps(s)[1:-1] if quoted else s for s in (old, new))
        assert found in text
        path.write_text(text.replace(found, put))


def problems(course: Course, name: str) -> list[str]:
    return check.CHECKS[name](course)


CHAPTER = [
    "sources and chapters agree",
    "every cell was executed",
    "settling cells are compared",
    "figures have alt text",
    "figures have captions",
    "opening cells are stamped",
    "exercises have solutions",
    "predictions have answers",
    "notebooks are small",
    "little code is visible",
    "call-outs are known",
    "chapter folders are complete",
    "the ledger is whole",
    "plans are frozen",
    "studies are of today's code",
    "the table of contents is complete",
    "links lead somewhere",
    "cited papers are in the bibliography",
]


@pytest.mark.parametrize("name", CHAPTER)
def test_a_course_in_order_passes(executed: Course, name: str) -> None:
    assert problems(executed, name) == []


def code_cell(notebook: dict, number: int) -> dict:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"][number - 1]


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (
            "sources and chapters agree",
            lambda nb: nb["cells"][0].update(source=["# Other"]),
            "differs from its source",
        ),
        (
            "sources and chapters agree",
            lambda nb: code_cell(nb, 3)["metadata"].clear(),
            "differs from its source",
        ),
        (
            "sources and chapters agree",
            lambda nb: nb["metadata"]["course"].update(source_hash="0"),
            "was executed before its code, a helper, a pin, a claim or a study changed",
        ),
        (
            "every cell was executed",
            lambda nb: code_cell(nb, 2).update(execution_count=None),
            "execution counts are [1, None, 3, 4]",
        ),
        (
            "every cell was executed",
            lambda nb: code_cell(nb, 2).update(execution_count=7),
            "execution counts are [1, 7, 3, 4]",
        ),
        (
            "every cell was executed",
            lambda nb: code_cell(nb, 4).update(
                outputs=[{"output_type": "error", "ename": "E", "evalue": "", "traceback": []}]
            ),
            "code cell 4: stored with an error",
        ),
        (
            "settling cells are compared",
            lambda nb: code_cell(nb, 2).update(source=["claims.settle('x', y)"]),
            "code cell 2 settles a claim",
        ),
        (
            "settling cells are compared",
            lambda nb: code_cell(nb, 2).update(source=["by_reading('x', 'y', 'z')"]),
            "code cell 2 settles a claim",
        ),
        (
            "settling cells are compared",
            lambda nb: code_cell(nb, 3)["metadata"].update(tags=["nbval-check-output"]),
            "code cell 3 has the tag nbval-check-output and a figure",
        ),
        (
            "settling cells are compared",
            lambda nb: code_cell(nb, 4).update(outputs=[]),
            "code cell 4 has the tag nbval-check-output but no output",
        ),
        (
            "figures have alt text",
            lambda nb: code_cell(nb, 3)["metadata"].clear(),
            "code cell 3 has a figure with alt text ''",
        ),
        (
            "figures have alt text",
            lambda nb: nb["cells"][0].update(source=["![](x.png)"]),
            "an image in the text has no alt text",
        ),
        (
            "opening cells are stamped",
            lambda nb: code_cell(nb, 1).update(source=["import utils"]),
            "chapters/tiny.ipynb: its first code cell is not the opening",
        ),
        (
            "notebooks are small",
            lambda nb: code_cell(nb, 2).update(
                outputs=[{"output_type": "stream", "name": "stdout", "text": "x" * 1_000_001}]
            ),
            "expected at most 1,000,000",
        ),
        (
            "links lead somewhere",
            lambda nb: nb["cells"][0].update(source=["[a](../pages/nowhere.md)"]),
            "the link ../pages/nowhere.md leads to no file",
        ),
        (
            "links lead somewhere",
            lambda nb: nb["cells"][0].update(source=["[a](../pages/setup.md#install)"]),
            "the link ../pages/setup.md#install leads to no heading",
        ),
        (
            "cited papers are in the bibliography",
            lambda nb: nb["cells"][0].update(source=["[A](https://doi.org/10.1000/abc)"]),
            "https://doi.org/10.1000/abc is not in references.bib",
        ),
    ],
)
def test_a_fault_in_a_stored_notebook_is_named(
    executed: Course, name: str, change: Change, said: str
) -> None:
    change_notebook(executed, change)
    assert any(said in problem for problem in problems(executed, name))


def test_an_exercise_without_a_solution_or_out_of_order_is_named(executed: Course) -> None:
    text = "\n> **Exercise 1.** Why?\n\n<details>Because.</details>\n\n> **Exercise 3.** How?\n"
    path = executed.source("tiny")
    path.write_text(path.read_text() + text)
    assert problems(executed, "exercises have solutions") == [
        "sources/tiny/chapter.md: exercise 3 has no <details> with its solution",
        "sources/tiny/chapter.md: its exercises are numbered [1, 3]",
    ]


def test_a_chapter_that_was_never_executed_is_named_once_with_the_command(
    course: Course, capsys
) -> None:
    assert check.main(course) == 1
    said, command = capsys.readouterr().out, "make notebooks CH=tiny"
    assert said.count(f"        there is no chapters/tiny.ipynb: {command}\n") == 1
    assert f"_toc.yml: there is no chapters/tiny.md or chapters/tiny.ipynb: {command}\n" in said
    assert "FAILED  every cell was executed, for a reason given above\n" in said


def test_the_contents_miss_neither_a_page_nor_a_chapter(executed: Course) -> None:
    executed.source("tiny").parent.rename(executed.source("renamed").parent)
    (executed.root / "pages/setup.md").unlink()
    found = problems(executed, "the table of contents is complete")
    assert found == [
        "_toc.yml: there is no pages/setup.md or pages/setup.ipynb",
        "_toc.yml does not list chapters/renamed: add it where it belongs",
        "chapters/tiny.ipynb has no source: add sources/tiny/chapter.md",
    ]


def test_a_paper_is_found_by_doi_or_preprint_in_any_case(executed: Course) -> None:
    change_both(executed, "Another, with", "Another (https://doi.org/10.1000/xyz), with")
    assert problems(executed, "cited papers are in the bibliography") == []


def test_pins_of_the_book_that_the_course_does_not_have_are_named(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\nb==2\n    # via a\n")
    (tmp_path / "requirements-book.txt").write_text("a==1 ; sys_platform != 'x'\nb==3\n")
    found = check.pins(Course(tmp_path))
    assert found == ["requirements-book.txt: b==3 is not in requirements.txt: make pins"]


def test_lint_and_format_are_checked_in_notebooks_too(executed: Course) -> None:
    shutil.copy(HERE.root / "pyproject.toml", executed.root)
    shutil.rmtree(executed.root / "utils")
    assert check.ruff(executed) == []
    change_notebook(executed, lambda nb: code_cell(nb, 2).update(source=["import  os"]))
    found = "\n".join(check.ruff(executed))
    assert "F401" in found
    assert "-import  os" in found
    assert found.count("\n+++ ") == 1  # of the one cell that is not as it should be
    assert "change sources/tiny/chapter.md, then make notebooks CH=tiny" in found


def test_code_is_linted_and_formatted_before_it_is_first_run(course: Course) -> None:
    shutil.copy(HERE.root / "pyproject.toml", course.root)
    shutil.rmtree(course.root / "utils")
    assert check.ruff(course) == []
    path = course.source("tiny")
    names = ", ".join(f"name_{n}" for n in range(20))
    path.write_text(path.read_text().replace("import time\n", f"import time\n\nprint({names})\n"))
    found = "\n".join(check.ruff(course))
    assert "E501 Line too long" in found
    assert f"-print({names})" in found
    assert "change sources/tiny/chapter.md, then make notebooks CH=tiny" in found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout with our settings for the tools and nothing to complain about."""
    shutil.copy(HERE.root / "pyproject.toml", tmp_path)
    for name in ("utils", "tools", "benchmarks", "_ext"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "empty.py").touch()
    (tmp_path / "utils/half.py").write_text("def half(x: int) -> float:\n    return x / 2\n")
    (tmp_path / "index.md").write_text("The color of a claim such as bigger-normalises-better.\n")
    return tmp_path


def test_code_without_types_or_with_wrong_ones_is_named(folder: Path) -> None:
    assert check.types(Course(folder)) == []
    (folder / "tools/use.py").write_text(
        "from utils.half import half\n\n\ndef f(x):\n    return half(x)\n\n\nhalf('one')\n"
    )
    found = "\n".join(check.types(Course(folder)))
    assert "tools/use.py:4: error: Function is missing a type annotation" in found
    assert 'has incompatible type "str"; expected "int"' in found


def test_a_misspelled_or_british_word_is_named(folder: Path) -> None:
    assert check.spelling(Course(folder)) == []
    (folder / "index.md").write_text("Teh colour.\n")  # misspelled on purpose
    (folder / "utils/half.py").write_text("x = 1  # normalise\n")  # misspelled on purpose
    found = "\n".join(check.spelling(Course(folder)))
    for word in ("`The`", "`color`", "`normalize`"):
        assert word in found


def test_a_tool_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    assert check.spelling(HERE) == ["typos is not installed here: make check installs it in .venv"]


def test_a_ledger_that_is_not_whole_is_named(executed: Course) -> None:
    (executed.root / "sources/fluids/claims.yml").write_text("claims: []\n")
    assert "fluids/claims.yml: expected" in "\n".join(problems(executed, "the ledger is whole"))


def test_a_chapter_that_a_check_cannot_read_does_not_keep_the_others_from_it(tmp_path) -> None:
    def picky(course: Course, slug: str) -> list[str]:
        if slug == "b":
            raise ValueError("a verdict card of an old form")
        if slug == "c":
            ast.parse("print(")
        return [f"{slug} is read"]

    for slug in "abcd":
        (tmp_path / "sources" / slug).mkdir(parents=True)
        (tmp_path / "sources" / slug / "chapter.md").touch()
    found = check.each_chapter(picky)(Course(tmp_path))
    assert found == [
        "a is read",
        "b: a verdict card of an old form",
        "c: a cell cannot be read: '(' was never closed",
        "d is read",
    ]


def test_what_several_chapters_say_alike_is_said_once(
    executed: Course, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(check, "CHECKS", {"all is well": lambda course: 3 * ["it is not"]})
    monkeypatch.setattr(check, "NOTES", {})
    assert check.main(executed) == 1
    assert capsys.readouterr().out.count("it is not") == 1


def test_checking_names_each_failure_and_fails(executed: Course, capsys) -> None:
    (executed.root / "sources/fluids/claims.yml").write_text("claims: []\n")
    assert check.main(executed) == 1
    said = capsys.readouterr().out
    assert "FAILED  the ledger is whole" in said
    assert "ok      figures have alt text" in said


def test_the_checks_never_load_tensorflow() -> None:
    code = "import sys, tools.check, tools.adopt; print({'tensorflow', 'keras'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=HERE.root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
