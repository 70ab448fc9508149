from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.solutions import Exercise, exercises

FIRST = """\
> **Exercise 1.** Add two numbers:
>
> ```python
> not_a_solution
> ```

<details><summary>Solution</summary>

```python
x = 1 + 2
```

Or longer:

```python
def add(a, b):

    return a + b
```

```text
not code
```

</details>
"""
SECOND = (
    "> **Exercise 2.** Think.\n\n<details>\n<summary>Solution</summary>\nA thought.\n</details>"
)


def test_solutions_are_taken_from_their_folds_in_order() -> None:
    cells = [new_markdown_cell(FIRST), new_code_cell("y = 1"), new_markdown_cell(SECOND)]
    assert exercises(new_notebook(cells=cells)) == [
        Exercise(1, True, ("x = 1 + 2", "def add(a, b):\n\n    return a + b")),
        Exercise(2, True, ()),
    ]


def test_a_solution_belongs_to_the_exercise_before_it() -> None:
    text = "> **Exercise 1.** No answer.\n\n" + SECOND
    found = exercises(new_notebook(cells=[new_markdown_cell(text)]))
    assert [exercise.solved for exercise in found] == [False, True]
