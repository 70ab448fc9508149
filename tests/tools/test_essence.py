import ast
import builtins
import keyword

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tools.modules import parse

FUNCTION = 'def f(x):\n    """Old words."""\n    return x + 1\n'

LOCALS = """
LIMIT = 3

def f(given, *rest, key=None, **more):
    {0} = given + LIMIT
    for {1}, other in enumerate(rest):
        {0} += {1}
    def inner(x, y={0}):
        nonlocal kept
        kept = [{2} for {2} in range(x) if {2} != {1}]
        return lambda z: z + {0}
    kept = 0
    with open(key) as {3}:
        ({3}, *{4}) = {3}.lines
    while ({2} := inner({0})):
        {3}.given = {2}
    return {0}, {1}, {2}, {3}, {4}
"""
NAMES = ["alpha", "beta", "gamma", "delta", "epsilon"]
TAKEN = {"LIMIT", "f", "given", "rest", "key", "more", "other", "inner", "kept", "x", "y", "z"}
TAKEN |= set(dir(builtins)) | set(keyword.kwlist)


def forms(text: str) -> list:
    return [statement.form for statement in parse(text, "m", package=False).statements]


@pytest.mark.parametrize(
    "same",
    [
        'def f(x):\n    """New words."""\n    return x + 1\n',
        "def f(x):\n    return x + 1  # a comment\n",
        '"""A module."""\n\n\ndef f(\n    x,\n):\n    """Old words."""\n\n    return (x + 1)\n',
        "def f(x: int) -> int:\n    return x + 1\n",
    ],
)
def test_comments_docstrings_formatting_and_annotations_are_not_code(same: str) -> None:
    assert forms(same) == forms(FUNCTION)


@pytest.mark.parametrize(
    "other",
    [
        "def f(x):\n    return x + 2\n",
        "def f(y):\n    return y + 1\n",
        "def g(x):\n    return x + 1\n",
        "def f(x, y=None):\n    return x + 1\n",
        "def f(x=0):\n    return x + 1\n",
        "async def f(x):\n    return x + 1\n",
        "def f(x):\n    return x - 1\n",
        'def f(x):\n    "kept" + "words"\n    return x + 1\n',
        "@lru_cache\ndef f(x):\n    return x + 1\n",
    ],
)
def test_any_change_of_code_is_seen(other: str) -> None:
    assert forms(other) != forms(FUNCTION)


@pytest.mark.slow
@given(st.lists(st.from_regex(r"\A[a-z_][a-z0-9_]{0,6}\Z"), min_size=5, max_size=5, unique=True))
def test_the_names_of_local_variables_make_no_difference(names: list[str]) -> None:
    assume(not TAKEN & set(names))
    assert forms(LOCALS.format(*names)) == forms(LOCALS.format(*NAMES))


@given(st.lists(st.sampled_from(NAMES), min_size=5, max_size=5))
def test_which_variable_is_meant_makes_a_difference(names: list[str]) -> None:
    assume(len(set(names)) < 5)
    assert forms(LOCALS.format(*names)) != forms(LOCALS.format(*NAMES))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f():\n    a = 1\n    return locals()", "def f():\n    b = 1\n    return locals()"),
        ("def f():\n    return [x for x in y], x", "def f():\n    return [z for z in y], x"),
        ("x = 1\ndef f():\n    [x for x in y]\n    return x",
         "x = 1\ndef f():\n    [z for z in y]\n    return z"),
        ("def f():\n    class C:\n        a = 1", "def f():\n    class C:\n        b = 1"),
        ("def f():\n    global a\n    a = 1", "def f():\n    global b\n    b = 1"),
        ("class C:\n    a: int", "class C:\n    a: str"),
        ("def f():\n    class C:\n        a: int", "def f():\n    class C:\n        a: str"),
        ("@register\ndef f(a: int): pass", "@register\ndef f(a: str): pass"),
    ],
)  # fmt: skip
def test_names_and_annotations_that_can_be_seen_from_outside_count(one: str, other: str) -> None:
    assert forms(one) != forms(other)


@given(
    st.sampled_from([node for node in ast.walk(ast.parse(LOCALS.format(*NAMES)))
                     if isinstance(node, ast.Constant | ast.BinOp | ast.Compare)])
)  # fmt: skip
def test_every_constant_and_operator_counts(node: ast.expr) -> None:
    lines = LOCALS.format(*NAMES).splitlines(keepends=True)
    line = lines[node.lineno - 1]
    lines[node.lineno - 1] = f"{line[: node.col_offset]}(5){line[node.end_col_offset :]}"
    assert forms("".join(lines)) != forms(LOCALS.format(*NAMES))


@pytest.mark.parametrize(
    ("statement", "effect"),
    [
        ("def f(x=1): return g(x)", False),
        ("def f(x=g()): return x", True),
        ("@functools.lru_cache(maxsize=1)\ndef f(): return g()", False),
        ("@memo\ndef f(): return 1", False),
        ("@register\ndef f(): return 1", True),
        ("@dataclass(frozen=True)\nclass C:\n    x: list = field(default_factory=list)", False),
        ("class C(Base):\n    @property\n    def f(self): return g()", False),
        ("class C(Base, metaclass=M): pass", True),
        ("class C(Outside): pass", False),
        ("class C(Own): pass\nclass Own: pass\nclass D(Own): pass", True),
        ("class C:\n    print('made')", True),
        ("class C(make()): pass", True),
        ("A, (B, C) = 1, (2, 3)", False),
        ("A = {name: x.y for name, x in B}", False),
        ("A: dict[str, int] = dict()", False),
        ("A = lambda: g()", False),
        ("A = g()", True),
        ("A = re.compile('x')", False),
        ("A = re.purge()", True),
        ("A.b = 1", True),
        ("A['b'] = f", True),
        ("A += [1]", True),
        ("A.append(1)", True),
        ("if x:\n    A = 1", True),
        ("if TYPE_CHECKING:\n    import numpy", False),
        ("with x as y: pass", True),
        ("'words'", False),
        ("del A", True),
    ],
)
def test_a_statement_that_may_do_more_than_define_is_known(statement: str, effect: bool) -> None:
    head = (
        "import functools, re\nfrom functools import cache as memo\n"
        "from dataclasses import dataclass, field\nfrom elsewhere import Outside\n"
    )
    assert parse(head + statement, "m", package=False).statements[-1].effect is effect
