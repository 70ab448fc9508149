import pytest

from tools.course import UNSET_ADDRESS, Course, CourseError
from tools.opening import opening, stamp_text

FENCED = "```{{code-cell}} ipython3\n{options}{code}\n```\n"
FORMS = ["---\ntags: [setup]\n---\n", ":tags: [setup]\n\n"]


@pytest.mark.parametrize("options", FORMS)
@pytest.mark.parametrize("code", ["", "old = 1\n\nmore = 2"])
def test_an_empty_or_old_opening_is_replaced_and_the_rest_stays(options: str, code: str) -> None:
    rest = "# Title\n\n" + "{}" + "\nText\n\n```{code-cell} ipython3\nx = 1\n```\n"
    source = rest.replace("{}", FENCED.format(options=options, code=code))
    stamped = stamp_text(source, "https://a.org/b/c", "x.md")
    filled = FENCED.format(options=FORMS[0], code=opening("https://a.org/b/c"))
    assert stamped == rest.replace("{}", filled)
    assert stamp_text(stamped, "https://a.org/b/c", "x.md") == stamped


@pytest.mark.parametrize(
    "source",
    [
        "# No code\n",
        "```{code-cell} ipython3\nx = 1\n```\n",
        "```{code-cell} ipython3\nx = 1\n```\n\n" + FENCED.format(options=FORMS[0], code=""),
    ],
)
def test_a_source_that_does_not_begin_with_the_opening_is_refused(source: str) -> None:
    with pytest.raises(CourseError, match=r"x\.md: the first code cell must be the opening"):
        stamp_text(source, "https://a.org/b/c", "x.md")


def test_the_opening_is_short_and_names_the_address_once() -> None:
    code = opening("https://github.com/ada/nets")
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 18
    assert code.count("https://github.com/ada/nets") == 1


def test_no_one_can_register_the_address_that_stands_before_one_is_set(course: Course) -> None:
    (course.root / "_config.yml").write_text("title: No repository\n")
    assert course.address == UNSET_ADDRESS
    owner = UNSET_ADDRESS.split("/")[3]
    assert owner.startswith("-")  # account names there may not begin with a hyphen
