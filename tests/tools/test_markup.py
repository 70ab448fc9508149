import pytest

from tools.markup import call_outs, cell_lines, fold, is_recut, kind_of, title, untitled

SETTLING = "claims.settle('x', {'moons': y})"
DRAWING = "fig, ax = plt.subplots()\nplt.show()"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("# @title How this was decided\nx = 1", "How this was decided"),
        ("# @title Alone", "Alone"),
        ("# @title", ""),
        ("x = 1\n# @title Too late", None),
        ("# @titles are others'", None),
        ("x = 1", None),
    ],
)
def test_a_title_is_the_first_line_of_a_cell_or_none(source: str, words: str | None) -> None:
    assert title(source) == words


def test_a_cell_without_its_title_is_the_rest() -> None:
    assert untitled("# @title Words\n\nx = 1") == "\nx = 1"
    assert untitled("x = 1") == "x = 1"


@pytest.mark.parametrize(
    ("source", "tags", "line"),
    [
        (SETTLING, [], "How this was decided"),
        ("for c in both:\n    settle(c, y)", [], "How this was decided"),
        ("claims.table(chapter='one')", [], "How this was decided"),
        (DRAWING, [], "How this figure was drawn"),
        ("def draw(ax):\n    plots.band(ax, x, y)", [], "How this figure was drawn"),
        ("plots.style()\nx = plots.COLORS", [], None),
        ("runs = train(build, moons)", [], None),
        ("runs = train(build, moons)", ["hide-input"], "What was run"),
        ("x = (", [], None),
    ],
)
def test_in_an_old_chapter_cells_that_settle_or_draw_are_folded_by_rule(
    source: str, tags: list[str], line: str | None
) -> None:
    assert fold(source, tags, recut=False) == line


def test_in_a_chapter_with_titles_they_alone_decide() -> None:
    assert is_recut(["x = 1", "# @title Words\ny = 2"])
    assert not is_recut(["x = 1"])
    assert fold(SETTLING, [], recut=True) is None
    assert fold(f"# @title Our words\n{SETTLING}", [], recut=True) == "Our words"


TEXT = """\
# A page

> **Predict.** How many?

```{code-cell} ipython3
---
tags: [x]
---
# > **Inside.** Code
```

````markdown
```{code-cell} ipython3
```
> **Inside.** An example
````

> A quotation
> **Later.** with bold words

> **Bold** without a full stop

> **Warning.** Mind.

```{code-cell} ipython3
```
"""


def test_cells_and_call_outs_are_found_at_their_lines_and_not_inside_of_code() -> None:
    assert cell_lines(TEXT) == [5, 25]
    assert list(call_outs(TEXT)) == [(3, "Predict."), (23, "Warning.")]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("The notes say.", "notes-say"),
        ("Exercise 12.", "exercise"),
        ("Aside.", "aside"),
        ("Note.", None),
    ],
)
def test_the_opening_words_name_the_kind(words: str, kind: str | None) -> None:
    assert kind_of(words) == kind
