import pytest

from tools.adopt import adopt, configured, validate
from tools.chapter_checks import CHECKS
from tools.course import HERE, Course, CourseError, read_notebook

NEW = "https://github.com/ada/training-nets"


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        (NEW, NEW),
        (f"{NEW}/", NEW),
        (f"{NEW}.git", NEW),
        (
            "https://git.example.org:8443/group/sub/name",
            "https://git.example.org:8443/group/sub/name",
        ),
        ("https://github.com/a-b/c.d_e", "https://github.com/a-b/c.d_e"),
    ],
)
def test_addresses_of_repositories_are_taken(given: str, plain: str) -> None:
    assert validate(given) == plain


@pytest.mark.parametrize(
    "given",
    [
        "",
        "ada/training-nets",
        "http://github.com/ada/nets",
        "git@github.com:ada/nets.git",
        "ssh://git@github.com/ada/nets",
        "https://ada:secret@github.com/ada/nets",
        "https://github.com/ada",
        "https://github.com/ada/nets/tree/main",
        "https://github.com/-unset-/nets",
        "https://github.com/ada/nets?tab=readme",
        "https://github.com/ada/nets#readme",
        "https://github.com/ada/my nets",
        "https://github.com/ada/nets;id",
        "https://github.com/ada/$(id)",
        "https://github.com/ada/`id`",
        "https://github.com/ada/..",
        'https://github.com/ada/nets"',
        "https://github.com/ada/nets\n",
        "https://localhost/ada/nets",
        "file:///tmp/nets",
        "https://github.com/adä/nets",
        "https://GitHub.com/ada/nets/tree",
        "https://www.github.com/ada/nets",
        "https://github.com:443/ada/nets",
    ],
)
def test_anything_else_is_refused_in_one_sentence_and_changes_nothing(
    executed: Course, given: str
) -> None:
    before = {path: path.read_bytes() for path in executed.root.rglob("*") if path.is_file()}
    with pytest.raises(CourseError, match="https://") as refused:
        adopt(executed, given)
    assert len(str(refused.value).splitlines()) == 1
    after = {path: path.read_bytes() for path in executed.root.rglob("*") if path.is_file()}
    assert after == before


def test_the_address_is_stamped_everywhere_and_nothing_is_executed(executed: Course) -> None:
    (executed.root / "README.md").write_text(f"See {executed.address}/issues.\n")
    before = read_notebook(executed.chapter("tiny"))
    changed = adopt(executed, f"{NEW}.git")
    source = "sources/tiny/chapter.md"
    assert sorted(changed) == ["README.md", "_config.yml", "chapters/tiny.ipynb", source]
    assert executed.address == NEW
    assert (executed.root / "README.md").read_text() == f"See {NEW}/issues.\n"
    after = read_notebook(executed.chapter("tiny"))
    assert after.metadata == before.metadata
    assert [c.get("outputs") for c in after.cells] == [c.get("outputs") for c in before.cells]
    assert [check(executed, "tiny") for check in CHECKS.values()] == [[]] * len(CHECKS)


def test_comments_of_the_settings_stay(executed: Course) -> None:
    adopt(executed, NEW)
    expected = f"  url: {NEW} # no one can register it\n  branch: main\n"
    assert expected in (executed.root / "_config.yml").read_text()


def test_the_settings_say_nothing_of_an_address_that_turns_false() -> None:
    assert f"\n  url: {NEW}\n" in configured(HERE, NEW)


def test_an_address_can_be_adopted_twice_and_changed(executed: Course) -> None:
    adopt(executed, NEW)
    assert adopt(executed, NEW) == []
    assert len(adopt(executed, "https://github.com/bob/nets")) == 3
    assert executed.address == "https://github.com/bob/nets"


def test_a_source_that_cannot_be_stamped_leaves_every_file_as_it_was(executed: Course) -> None:
    executed.source("other").parent.mkdir()
    executed.source("other").write_text("# No code here\n")
    with pytest.raises(
        CourseError, match=r"sources/other/chapter\.md: the first code cell must be"
    ):
        adopt(executed, NEW)
    assert NEW not in (executed.root / "_config.yml").read_text()
