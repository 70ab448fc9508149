"""A slice gives what the whole chapter gives: shown by running both, on real and on drawn code."""

import builtins
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook

from tools.course import HERE, read_source
from tools.proofs import plants
from tools.slicing import beside, needed, settling, sliced, steps


def notebook(*cells: str):
    return new_notebook(cells=[new_code_cell(source) for source in cells])


def settled(code) -> list:
    """What `settle` hears when the cells run one after the other."""
    heard = []

    class claims:
        @staticmethod
        def settle(claim, evidence):
            heard.append((claim, repr(evidence)))

    names = {"claims": claims, "Counter": Counter}
    for cell in code.cells:
        exec(cell.source, names)
    return heard


def heard_of(claim: str, code) -> list:
    return [found for found in settled(code) if found[0] == claim]


def kept(code: str, claim: str = "c") -> list[str]:
    """The statements of a chapter of one cell that a claim needs."""
    found = steps(notebook(code))
    return [found[place].statement.text for place in needed(found, settling(found, [claim]))]


SETTLE = "claims.settle('c', x)"


@pytest.mark.parametrize(
    "code",
    [
        "x = [1]\ny = 2\n{}",
        "x = [1]\nx.append(2)\n{}",
        "x = [1]\nx += [2]\n{}",
        "x = [1]\nx[0] = 2\n{}",
        "a = [1]\nx = a\na.append(2)\n{}",
        "a = [1]\nx = a\nx.append(2)\nx = a\n{}",
        "a = [1]\nx = [a]\na.append(2)\n{}",
        "x = [[1], [2]]\nfor part in x:\n    part.append(3)\n{}",
        "x = [[1]]\n[part.append(3) for part in x]\n{}",
        "x = {{'a': [1]}}\nfor name, part in x.items():\n    part.append(name)\n{}",
        "x = [1]\ny = [[5]]\nfor a, b in zip(y, [x]):\n    b.append(2)\n{}",
        "def grow(a):\n    a.append(1)\n\n\nx = []\ngrow(x)\n{}",
        "def grow(a):\n    b = a\n    b += [1]\n\n\ndef twice(a):\n    grow(a)\n    grow(a)\n\n\n"
        "x = []\ny = twice(x)\n{}",
        "x = [0]\n\n\ndef grow():\n    x.append(1)\n\n\ny = grow()\n{}",
        "n = 0\n\n\ndef count():\n    global n\n    n += 1\n\n\ncount()\nx = n\n{}",
        "n = 1\n\n\ndef f():\n    return n\n\n\nn = 2\nx = f()\nn = 3\n{}",
        "n = 1\nf = lambda: n\nn = 2\nx = f()\n{}",
        "def f():\n    return 1\n\n\nx = f()\n\n\ndef f():\n    return 2\n\n\n{}",
        "x = 1\nif x > 5:\n    x = 2\n{}",
        "x = 1\nwhile x < 5:\n    x = x * 2\n{}",
        "x = 1\ntry:\n    x = 1 / 0\nexcept ZeroDivisionError:\n    x = 7\n{}",
        "class A:\n    n = 1\n\n    def up(self):\n        self.n += 1\n\n\n"
        "x = A()\nx.up()\nx = x.n\n{}",
        "from collections import Counter\n\nx = Counter()\nx.update('ab')\n{}",
        "it = iter([1, 2, 3])\nnext(it)\nx = next(it)\n{}",
        "a, (b, *x) = 1, (2, 3, 4)\nx.append(b)\n{}",
        "x = (n * k for n in [1, 2])\nk = 3\nx = list(x)\n{}",
        "a = [y for y in [1]]\ny = 5\nx = a + [y for _ in a]\n{}",
        "x = [1]\nsetattr(x, 'no', 1) if False else None\nx.reverse()\n{}",
        "x = [3, 1]\nx.sort()\n{}",
        "found = {{'c': 1, 'd': 2}}\nfor claim, x in found.items():\n    claims.settle(claim, x)",
    ],
)
def test_a_slice_settles_what_the_whole_settles(code: str) -> None:
    whole = notebook("setup = 1", *code.format(SETTLE).split("\n{}"))
    assert heard_of("c", sliced(whole, ["c"])) == heard_of("c", whole) != []


# Programs of a few names and statements that read, bind, change, hand on and hide.
NAMES = st.sampled_from("abcd")
FORMS = st.sampled_from(
    [
        "{p} = [{n}]",
        "{p} = {q}",
        "{p} = [{q}, {r}]",
        "{p} = list({q})",
        "{p}.append({n})",
        "{p} += [{n}]",
        "{p}[0] = {n}",
        "{p} = {p} + [{n}]",
        "for {p} in [{q}]:\n    {p}.append({n})",
        "for {p}, {r} in zip([{q}], [[{n}]]):\n    {r}.append({p}[0])",
        "if len({q}) > 2:\n    {p} = [{n}]",
        "{p} = [len({p}) for {p} in [{q}]] + {r}",
        "def f{p}():\n    return [*{q}, {n}]",
        "{p} = f{q}()",
        "def g{p}(x):\n    x.append({n})",
        "g{q}({p})",
        "{p} = [g{q}({r}), {n}]",
        "def f{p}():\n    {q}.append({n})\n    return {r}",
    ]
)
STATEMENTS = st.builds(
    lambda form, p, q, r, n: form.format(p=p, q=q, r=r, n=n),
    *(FORMS, NAMES, NAMES, NAMES, st.integers(1, 9)),
)
FIRST = "\n".join(
    f"{name} = [0]\n\n\ndef f{name}():\n    return [0]\n\n\n"
    f"def g{name}(x):\n    x.clear()\n    x.append(0)\n\n\n"
    for name in "abcd"
)


@given(st.lists(STATEMENTS, min_size=1, max_size=12), NAMES)
def test_a_slice_of_any_program_settles_what_the_whole_settles(statements, name) -> None:
    whole = notebook(FIRST, *statements, f"claims.settle('c', len(str({name})) and {name}[:3])")
    try:
        expected = settled(whole)
    except (RecursionError, TypeError):  # a list that holds itself, or numbers where lists were
        return
    assert settled(sliced(whole, ["c"])) == expected


def test_what_a_claim_does_not_need_is_left_out() -> None:
    code = """\
import numpy as np
from utils import claims, plots
runs = {"a": [1.0, 2.0]}
slow = sorted(range(10))
fig, ax = plots.subplots()
for ax, (name, values) in zip([ax], runs.items()):
    plots.band(ax, values, name)
ax.set(xlabel="epoch")
print(runs)
claims.settle("other", slow)
x = np.mean(runs["a"])
claims.settle("c", x)"""
    lines = code.splitlines()
    assert kept(code) == [lines[place] for place in (0, 1, 2, 10, 11)]


def test_a_name_that_is_bound_anew_needs_nothing_of_its_past() -> None:
    assert kept(f"x = 1\ny = x\nx = 2\n{SETTLE}") == ["x = 2", SETTLE]


def test_claims_are_grouped_by_the_cell_that_settles_them() -> None:
    code = notebook("claims.settle('c', 1)\nclaims.settle('d', 2)", "claims.settle('e', 3)")
    assert beside(code, ["e", "d", "c"]) == [["d", "c"], ["e"]]


@pytest.mark.parametrize("slug", HERE.slugs)
def test_a_slice_of_a_chapter_binds_every_name_before_it_needs_it(slug: str) -> None:
    whole = read_source(HERE.source(slug))
    for together in beside(whole, plants(HERE, slug)):
        cut = sliced(whole, together)
        known = {*vars(builtins), "__name__"}
        for step in steps(cut):
            missing = step.statement.flow.reads - known
            assert not missing, f"{together}: {missing} in\n{step.statement.text}"
            known |= step.statement.flow.binds
        later = {name for step in steps(cut) for name in step.statement.flow.later}
        assert later <= known


@pytest.mark.parametrize("slug", HERE.slugs)
def test_a_slice_of_a_chapter_draws_no_figure(slug: str) -> None:
    whole = read_source(HERE.source(slug))
    for together in beside(whole, plants(HERE, slug)):
        found = [step.statement.text for step in steps(sliced(whole, together))]
        drawn = [text for text in found if text.startswith(("plots.", "plt."))]
        assert drawn == [], together
