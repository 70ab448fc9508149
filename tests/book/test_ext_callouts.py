import pytest

PAGE = """# A page

> **The notes say.** A thing. *(A:12)*

> **Predict.** How many?
>
> - one
> - two

> **Exercise 3.** Do it.

> **Careful.** Mind the gap.

> **Aside.** In the margin.

> **Remember.** This.

> **Story.** Once.

> A plain quotation with **bold** words.

> **Not a kind.** Another quotation.

<details><summary>Solution</summary>

```python
x = 1
```

</details>
"""


@pytest.fixture
def page(small_book):
    return small_book({"index.md": PAGE}, ["callouts"]).page()


def test_each_kind_becomes_a_box_of_its_class_with_its_words_kept(page):
    kinds = [
        [name for name in box["class"] if name.startswith("callout-")]
        for box in page.select(".callout")
    ]
    assert kinds == [
        ["callout-notes-say"],
        ["callout-predict"],
        ["callout-exercise"],
        ["callout-careful"],
        ["callout-aside"],
        ["callout-remember"],
        ["callout-story"],
    ]
    titles = [box.select_one("strong.callout-title").get_text() for box in page.select(".callout")]
    told = ["The notes say.", "Predict.", "Exercise 3.", "Careful."]
    assert titles == [*told, "Aside.", "Remember.", "Story."]


def test_other_quotations_stay_what_they_are(page):
    quotes = [quote.get_text(strip=True) for quote in page.select("blockquote")]
    assert quotes == ["A plain quotation withboldwords.", "Not a kind.Another quotation."]


def test_a_box_keeps_all_that_it_held(page):
    assert [item.get_text() for item in page.select(".callout-predict li")] == ["one", "two"]


def test_an_exercise_can_be_linked_to(page):
    assert page.select_one("#exercise-3").get_text(strip=True).endswith("Do it.")


def test_a_solution_stays_folded_around_its_code(page):
    assert page.select_one("details summary").get_text() == "Solution"
    assert "x = 1" in page.select_one("details pre").get_text()
