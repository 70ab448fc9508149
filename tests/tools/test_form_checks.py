import pytest

from tools import check
from tools.course import Course
from tools.form_checks import known_call_outs, visible_code, yet_to_recut

LONG = "\n".join(f"x{n} = {n}" for n in range(16))


def append(course: Course, *cells: str) -> None:
    path = course.source("tiny")
    text = "".join(f"\n```{{code-cell}} ipython3\n{cell}\n```\n" for cell in cells)
    path.write_text(path.read_text() + text)


def line_of(course: Course, words: str) -> int:
    lines = course.source("tiny").read_text().splitlines()
    return lines.index(words)  # that of the fence above, counted from 1


def test_a_short_chapter_has_nothing_to_say(course: Course) -> None:
    assert visible_code(course, "tiny") == yet_to_recut(course, "tiny") == []


def test_a_long_cell_of_a_chapter_in_the_new_form_fails_with_file_and_line(course: Course) -> None:
    append(course, "# @title What was measured\n" + LONG, LONG)
    place = line_of(course, "x0 = 0")
    last = course.source("tiny").read_text().splitlines()[place:].index("x0 = 0", 1) + place
    (problem,) = check.CHECKS["little code is visible"](course)
    assert problem.startswith(f"sources/tiny/chapter.md:{last}: this cell has 16 visible lines")
    assert yet_to_recut(course, "tiny") == []


def test_too_many_lines_in_all_are_named_where_they_begin(course: Course) -> None:
    append(course, "# @title Folded\ny = 1", *["\n".join(f"x = {n}" for n in range(15))] * 10)
    (problem,) = visible_code(course, "tiny")
    assert "lines of code are visible, expected at most 150 in a chapter" in problem


def test_blank_lines_and_what_is_folded_by_rule_are_free(course: Course) -> None:
    append(course, LONG.replace("x3 = 3\n", "\n\n"), LONG + "\nplt.show()")
    assert visible_code(course, "tiny") == yet_to_recut(course, "tiny") == []


def test_a_chapter_without_titles_is_noted_and_does_not_fail(course: Course) -> None:
    append(course, LONG)
    assert visible_code(course, "tiny") == []
    assert check.NOTES["older chapters show more code than a new one may"](course) == [
        "sources/tiny/chapter.md: 1 cells of more than 15 lines; "
        "a first # @title makes this an error that names them"
    ]


@pytest.mark.parametrize(
    ("opening", "known"),
    [
        ("> **Predict.** How many?", True),
        ("> **Warning.** Mind.", False),
        ("> **Bold** words", True),
    ],
)
def test_a_call_out_with_an_unknown_name_is_named_with_file_and_line(
    course: Course, opening: str, known: bool
) -> None:
    path = course.source("tiny")
    path.write_text(f"{path.read_text()}\n{opening}\n")
    line = len(path.read_text().splitlines())
    found = known_call_outs(course)
    if known:
        assert found == []
    else:
        assert found[0].startswith(
            f"sources/tiny/chapter.md:{line}: there is no call-out 'Warning.'"
        )
