from tools.course import Course
from tools.picture import PICTURE, outdated, refresh


def with_readme(course: Course, text: str = f"# Course\n\n![]({PICTURE})\n\nWords.\n") -> Course:
    (course.root / "README.md").write_text(text)
    return course


def test_the_readme_shows_the_first_figure_with_its_alt_text(executed: Course) -> None:
    course = with_readme(executed)
    assert outdated(course, "tiny") == [
        f"{PICTURE} is not the first figure of tiny: make notebooks"
    ]
    refresh(course, "tiny")
    assert "<rect" in (course.root / PICTURE).read_text()
    shown = (course.root / "README.md").read_text()
    assert shown == f"# Course\n\n![A red square on white.]({PICTURE})\n\nWords.\n"
    assert outdated(course, "tiny") == []


def test_an_old_picture_or_alt_text_is_named(executed: Course) -> None:
    course = with_readme(executed)
    refresh(course, "tiny")
    with_readme(course)
    assert outdated(course, "tiny") == [
        f"README.md does not show {PICTURE} with its chapter's alt text: make notebooks"
    ]
    (course.root / PICTURE).write_text("<svg/>")
    assert outdated(course, "tiny") == [
        f"{PICTURE} is not the first figure of tiny: make notebooks"
    ]


def test_before_the_chapter_is_executed_there_is_nothing_to_show(course: Course) -> None:
    refresh(with_readme(course), "tiny")
    assert outdated(course, "tiny") == []
    assert not (course.root / PICTURE).exists()
