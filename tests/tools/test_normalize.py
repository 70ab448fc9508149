import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.normalize import clean, compact, identities, last_state, normalize

LOGGED = """\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795255082.821883   29744 cudart_stub.cc:31] Could not find cuda drivers
"""


def stream(text: str, name: str = "stdout"):
    return new_output("stream", name=name, text=text)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("one\ntwo\n", "one\ntwo\n"),
        (" 10%\r 50%\r100%\n", "100%\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("step\rdone", "done"),
    ],
)
def test_a_progress_line_is_stored_as_a_terminal_leaves_it(written: str, shown: str) -> None:
    assert last_state(written) == shown


def test_streams_are_joined_and_stderr_and_widgets_left_out() -> None:
    widget = new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {}})
    kept = clean([stream("a"), stream("log", "stderr"), widget, stream("b\n")])
    assert kept == [stream("ab\n")]


def test_memory_addresses_are_left_out_of_text() -> None:
    result = new_output("execute_result", data={"text/plain": "<object at 0x7f00deadbeef>"})
    assert clean([result])[0].data["text/plain"] == "<object at 0x…>"


def test_what_went_to_stderr_is_handed_back_for_the_author() -> None:
    notebook = new_notebook(
        cells=[new_code_cell("x", outputs=[stream(LOGGED + "careful\n", "stderr")])]
    )
    assert normalize(notebook) == ["careful\n"]


def test_metadata_of_editors_and_kernels_does_not_survive() -> None:
    notebook = new_notebook(metadata={"widgets": {"state": {}}, "colab": {}, "course": {"a": 1}})
    normalize(notebook)
    assert set(notebook.metadata) == {"course", "kernelspec", "language_info"}


@given(st.lists(st.sampled_from(["a", "b", "c"])))
def test_ids_are_unique_and_the_same_each_time(texts: list[str]) -> None:
    cells = [make(text) for text in texts for make in (new_code_cell, new_markdown_cell)]
    ids = identities(new_notebook(cells=cells))
    assert len(set(ids)) == len(ids)
    assert identities(new_notebook(cells=cells)) == ids


def test_an_edit_changes_the_id_of_its_own_cell_alone() -> None:
    before = identities(new_notebook(cells=[new_code_cell(text) for text in "abc"]))
    after = identities(new_notebook(cells=[new_code_cell(text) for text in "axc"]))
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, True]


DRAWN = """\
<svg viewBox="0 0 9.0001 9">
 <metadata>
  <x>made by</x>
 </metadata>
 <g>
  <path d="M 0.123456 -1.000001
L 2.5 3.14159
z
" style="fill: #1b1f24"/>
  <text x="1.005001" y="-0.0004">0.123456 and
more</text>
 </g>
</svg>
"""


def test_a_figure_is_stored_without_what_nobody_can_see_in_both_its_forms() -> None:
    kinds = ("image/svg+xml", "application/vnd.course.narrow+svg")
    figure = new_output("display_data", data={**dict.fromkeys(kinds, DRAWN), "image/png": "0.1234"})
    (kept,) = clean([figure])
    assert kept.data["image/png"] == "0.1234"
    for kind in kinds:
        assert kept.data[kind] == (
            '<svg viewBox="0 0 9 9">\n<g>\n<path d="M0.12 -1L2.5 3.14z" style="fill: #1b1f24"/>\n'
            '<text x="1.01" y="0">0.123456 and\nmore</text>\n</g>\n</svg>\n'
        )


def test_a_figure_made_compact_twice_is_the_same() -> None:
    assert compact(compact(DRAWN)) == compact(DRAWN)


def test_comments_turns_by_nothing_and_names_that_nothing_uses_are_left_out() -> None:
    drawn = (
        '<svg><style type="text/css">*{stroke-linejoin: round; stroke-linecap: butt}</style>\n'
        '<!-- one -->\n<g id="axes_1">\n<g id="line2d_3">\n'
        "<text style=\"font-size: 9px; font-family: 'A B'; fill: #111\" "
        'transform="rotate(-0 1 2)">one</text>\n'
        "<text style=\"font-size: 8px; font-family: 'A B'; fill: #111\" "
        'transform="rotate(-90 1 2)">two</text>\n</g>\n</g>\n</svg>\n'
    )
    assert compact(drawn) == (
        '<svg><style type="text/css">*{stroke-linejoin: round; stroke-linecap: butt} '
        "text{font-family: 'A B'}</style>\n"
        '<g id="axes_1">\n<g>\n<text style="font-size: 9px; fill: #111">one</text>\n'
        '<text style="font-size: 8px; fill: #111" transform="rotate(-90 1 2)">two</text>\n'
        "</g>\n</g>\n</svg>\n"
    )


def test_markers_that_look_alike_say_so_once() -> None:
    one, two = '<use x="1" style="fill: red"/>\n', '<use x="2" style="fill: blue"/>\n'
    alike = f'<g clip-path="url(#a)">\n{one}{one}</g>\n'
    assert compact(alike) == (
        '<g clip-path="url(#a)" style="fill: red">\n<use x="1"/>\n<use x="1"/>\n</g>\n'
    )
    assert compact(f"<g>\n{one}{two}</g>\n") == f"<g>\n{one}{two}</g>\n"
