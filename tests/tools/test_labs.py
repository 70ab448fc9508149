import json

import pytest
from nbformat import from_dict

from tools import labs
from tools.course import Course, read_notebook, write_notebook
from utils.labs import MIME, element_name, title_of

CALL_OUT = """
> **Lab.** The slot machine. Bet on one.
>
> ![Two clouds of dots that overlap.](../sources/tiny/lab.svg)
"""
MODULE = 'customElements.define("lab-the-slot-machine", SlotMachine);'
DATA = {"arms": [{"name": "relu", "values": [0.5, 0.75]}]}


def with_lab(course: Course, call_out: str = CALL_OUT, module: str | None = MODULE) -> Course:
    source = course.source("tiny")
    source.write_text(source.read_text() + call_out)
    if module is not None:
        (source.parent / "lab.js").write_text(module)
    return course


def stored(course: Course, data: object = DATA, svg: str = "<svg/>") -> Course:
    """The executed course, whose last cell has drawn a figure and stored data for the lab."""
    notebook = read_notebook(course.chapter("tiny"))
    notebook.cells[-1].outputs = [
        from_dict({"output_type": "display_data", "metadata": {}, "data": {"image/svg+xml": svg}}),
        from_dict({"output_type": "display_data", "metadata": {}, "data": {MIME: data}}),
    ]
    write_notebook(notebook, course.chapter("tiny"))
    return course


def said(course: Course) -> str:
    return "\n".join(labs.whole(course, "tiny"))


def line_of_the_call_out(course: Course) -> str:
    lines = course.source("tiny").read_text().splitlines()
    number = next(k for k, line in enumerate(lines, start=1) if line.startswith("> **Lab.**"))
    return f"sources/tiny/chapter.md, line {number}: "


def test_what_the_chapter_stored_stands_beside_its_lab(executed: Course) -> None:
    course = stored(with_lab(executed))
    labs.refresh(course, "tiny")
    folder = course.source("tiny").parent
    assert json.loads((folder / "lab.json").read_text()) == DATA
    assert (folder / "lab.svg").read_text() == "<svg/>"
    assert labs.whole(course, "tiny") == []


def test_numbers_in_single_precision_stand_there_to_six_digits(executed: Course) -> None:
    course = stored(with_lab(executed), {"values": [0.9679999947547913, 3]})
    labs.refresh(course, "tiny")
    assert (course.source("tiny").parent / "lab.json").read_text() == '{"values": [0.968, 3]}\n'


@pytest.mark.parametrize("file", ["lab.json", "lab.svg"])
def test_a_file_that_the_chapter_did_not_store_is_named(executed: Course, file: str) -> None:
    course = stored(with_lab(executed))
    labs.refresh(course, "tiny")
    (course.source("tiny").parent / file).write_text("{}")
    expected = f"sources/tiny/{file} is not what the chapter stored: make notebooks CH=tiny"
    assert labs.whole(course, "tiny") == [expected]


def test_numbers_that_come_from_no_cell_are_named(executed: Course) -> None:
    course = with_lab(executed)
    for file in ("lab.json", "lab.svg"):
        (course.source("tiny").parent / file).write_text("{}")
    assert said(course).count("comes from no cell of the chapter") == 2


def test_a_chapter_without_a_lab_has_nothing_wrong(executed: Course) -> None:
    assert labs.whole(executed, "tiny") == []


def test_a_call_out_without_its_module_is_named_with_its_line(executed: Course) -> None:
    course = with_lab(executed, module=None)
    assert f"{line_of_the_call_out(course)}a Lab without its file: add sources/tiny/lab.js" in said(
        course
    )


def test_a_module_without_a_call_out_is_named(executed: Course) -> None:
    assert "sources/tiny/lab.js: there is no call-out > **Lab.**" in said(with_lab(executed, ""))


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        (
            "> ![Two clouds of dots that overlap.](../sources/tiny/lab.svg)\n",
            "",
            "no static figure",
        ),
        ("Two clouds of dots that overlap.", "", "has the alt text ''"),
        ("Two clouds of dots that overlap.", "Dots", "has the alt text 'Dots'"),
        ("lab.svg", "lab2.svg", "../sources/tiny/lab2.svg is not there"),
        (" The slot machine. Bet on one.", "", "has no title"),
        ("The slot machine.", "The coin.", "element lab-the-coin, which sources/tiny/lab.js does"),
    ],
)
def test_a_call_out_that_lacks_something_is_named_with_its_line(
    executed: Course, was: str, becomes: str, complaint: str
) -> None:
    course = stored(with_lab(executed, CALL_OUT.replace(was, becomes)))
    labs.refresh(course, "tiny")
    (problem,) = labs.whole(course, "tiny")
    assert problem.startswith(line_of_the_call_out(course))
    assert complaint in problem


@pytest.mark.parametrize(
    ("said_after", "title", "name"),
    [
        (" The slot machine. Bet on one.", "The slot machine", "lab-the-slot-machine"),
        (" How wide?\nDrag it.", "How wide", "lab-how-wide"),
        (" A title over\ntwo lines. More.", "A title over two lines", "lab-a-title-over-two-lines"),
    ],
)
def test_a_lab_is_named_by_its_first_sentence(said_after: str, title: str, name: str) -> None:
    assert title_of(said_after) == title
    assert element_name(title) == name
    assert title_of(" no sentence") is None
