import json

import nbformat
import pytest
import yaml
from chapter_head import head
from effort import Effort, effort, told

from chapters import Chapter, read_chapter

TEXT = """# The nitty-gritty

Opening words.

## Objectives

After this chapter you can

- tell **one** thing from
  another;
- read `probes`, see [setup](https://example.org/setup).

**Prerequisites.** Python and a [first look](https://example.org)
at Keras.

## Next

- no objective
"""


def write(path, *sources, **metadata):
    cells = [nbformat.v4.new_markdown_cell(source) for source in sources]
    cells.append(nbformat.v4.new_code_cell("word " * 1000))
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


def test_a_chapter_tells_its_title_objectives_and_prerequisites(tmp_path):
    chapter = read_chapter(write(tmp_path / "nitty-gritty.ipynb", TEXT))
    assert chapter.slug == "nitty-gritty"
    assert chapter.title == "The nitty-gritty"
    assert chapter.objectives == ("tell **one** thing from another;", "read `probes`, see setup.")
    assert chapter.prerequisites == "Python and a first look at Keras."


@pytest.mark.parametrize(("words", "minutes"), [(10, 1), (398, 2), (600, 4)])
def test_minutes_are_counted_from_prose_and_not_from_code(tmp_path, words, minutes):
    prose = "# Title\n\n" + "word " * words + "\n\n```python\n" + "code " * 900 + "\n```\n"
    assert read_chapter(write(tmp_path / "a.ipynb", prose)).minutes.reading == minutes


def test_code_mathematics_and_exercises_are_counted_apart_and_solutions_not_at_all():
    text = (
        "# T\n\nTwo words.\n\n$$a = b$$\n\n> **Exercise 1.** " + "word " * 900 + "\n\n"
        "<details><summary>Solution</summary>\n\n$$c$$\n\n" + "word " * 900 + "</details>\n"
    )
    counted = effort(text, ["x = 1\n\n" * 11])
    assert counted == Effort(reading=1, code=2, mathematics=1, exercises=10)
    assert told(counted, 41) == (
        "1 min to read · 2 min of code · 1 min of mathematics · 10 min of exercises · 41 s to run"
    )
    assert told(Effort(reading=3), None) == "3 min to read"
    assert told(Effort(reading=3), 119) == "3 min to read · 119 s to run"
    assert told(Effort(reading=3), 229) == "3 min to read · 4 min to run"


def test_seconds_come_from_the_run_and_are_missing_before_it(tmp_path):
    path = tmp_path / "a.ipynb"
    assert read_chapter(write(path, "# T")).seconds is None
    assert read_chapter(write(path, "# T", course={"seconds": 41.2})).seconds == 42


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"nbformat": 4})])
def test_a_broken_notebook_is_named(tmp_path, text):
    path = tmp_path / "broken.ipynb"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"broken\.ipynb is not a notebook"):
        read_chapter(path)


def test_a_chapter_without_a_title_says_how_to_give_it_one(tmp_path):
    with pytest.raises(ValueError, match="begin its first cell with a line '# Title'"):
        read_chapter(write(tmp_path / "a.ipynb", "No heading."))


def chapter(**changes):
    given = {"slug": "a", "title": "A", "objectives": (), "prerequisites": ""}
    return Chapter(**{**given, "minutes": Effort(7), "seconds": None, **changes})


def test_the_head_tells_both_lengths_and_where_to_run_it():
    line = head(chapter(seconds=41), "https://github.com/owner/name", "main")
    assert "7 min to read · 41 s to run" in line
    address = "https://colab.research.google.com/github/owner/name/blob/main/chapters/a.ipynb"
    assert f'href="{address}"' in line
    assert 'href="../_sources/chapters/a.ipynb" download' in line


def test_without_a_public_address_the_head_offers_the_download_and_how_to_open_it():
    line = head(chapter(), "https://github.com/-unset-/training-neural-networks", "main")
    assert "7 min to read</span>" in line
    assert 'href="../pages/setup.html#colab"' in line
    assert 'href="../_sources/chapters/a.ipynb" download' in line
    assert "Colab" not in line


def test_the_outline_shows_finished_chapters_and_marks_those_to_come(small_book, tmp_path):
    source = tmp_path / "source" / "chapters"
    source.mkdir(parents=True)
    write(source / "nitty-gritty.ipynb", TEXT, language_info={"name": "python"})
    index = "# B\n\n```{outline} full\n```\n\n```{toctree}\nchapters/nitty-gritty\n```\n"
    contents = {"parts": [{"caption": "I", "chapters": [{"file": "chapters/nitty-gritty"}]}]}
    (tmp_path / "source" / "_toc.yml").write_text(yaml.safe_dump(contents))
    to_come = [{"part": "V", "chapters": ["recipe"]}]
    page = small_book({"index.md": index}, ["outline"], course_to_come=to_come).page()
    ready, to_come = page.select("ul.outline-full > li")
    assert ready.select_one("a")["href"] == "chapters/nitty-gritty.html"
    assert ready.select_one("a").get_text() == "The nitty-gritty"
    assert [item.get_text(strip=True) for item in ready.select("li")] == [
        "tellonething from another;",
        "readprobes, see setup.",
    ]
    assert "Prerequisites: Python" in ready.get_text()
    assert "to come" in to_come.get_text()
    assert not to_come.find("a")
