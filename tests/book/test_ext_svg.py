import base64
import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from svg import UnsafeFigure, inline_svg

OPEN = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'viewBox="0 0 10 10">'
)
RED_DOT = "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4"

HOSTILE = {
    "a script": "<script>alert(1)</script>",
    "a script in another namespace": '<x:script xmlns:x="http://www.w3.org/1999/xhtml">1</x:script>',
    "an event attribute": '<rect onload="alert(1)" onclick="alert(1)" width="1" height="1"/>',
    "HTML inside": '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>',
    "a link": '<a href="javascript:alert(1)"><text>here</text></a>',
    "a link by XLink": '<a xlink:href="https://example.org"><text>here</text></a>',
    "an image from elsewhere": '<image href="https://example.org/x.png"/>',
    "an SVG as image": '<image href="data:image/svg+xml;base64,PHN2Zy8+"/>',
    "a use of another file": '<use href="https://example.org/x.svg#a"/>',
    "a style sheet": "<style>body {display: none} @import url(https://example.org);</style>",
    "a url in a style": '<rect style="fill: url(https://example.org/#a)" width="1" height="1"/>',
    "a source without url": '<rect style="fill: src(\'https://example.org/#a\')" width="1"/>',
    "an element as paint": '<rect style="mask: element(#a)" width="1" data-x="example.org"/>',
    "a url with escapes": r'<rect style="fill: u\72l(https://example.org)" width="1" height="1"/>',
    "a url with a comment": '<rect style="fill: ur/**/l(https://example.org)" width="1"/>',
    "a url in an attribute": '<rect fill="url(https://example.org/#a)" width="1" height="1"/>',
    "a style that leaves the figure": '<rect style="position: fixed; inset: 0" class="modal"/>',
    "an animation": '<rect><set attributeName="href" to="javascript:alert(1)"/></rect>',
    "a description with markup": "<desc><b>bold</b>&lt;script&gt;alert(1)&lt;/script&gt;</desc>",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_nothing_hostile_survives(what):
    markup = inline_svg(f"{OPEN}{HOSTILE[what]}<circle r='1'/></svg>", "p-", "A dot in a box.")
    page = BeautifulSoup(markup, "html.parser")
    assert page.find("circle"), "what draws has to stay"
    assert "example.org" not in markup
    for element in page.find_all(True):
        assert element.name not in {"script", "style", "a", "foreignobject", "set", "b", "body"}
        assert not [key for key in element.attrs if key.startswith("on")]
        assert "javascript" not in str(element.attrs)
        assert not re.search(r"position|src|element", element.get("style", ""))
        if element.name != "svg":
            assert not element.get("class")


def test_the_text_after_a_removed_element_stays():
    markup = inline_svg(f"{OPEN}<text>a<script>x</script>b</text></svg>", "p-", "Two letters.")
    assert BeautifulSoup(markup, "html.parser").find("text").get_text() == "ab"


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ('<!DOCTYPE svg [<!ENTITY a "b">]>' + OPEN + "&a;</svg>", "entities"),
        ('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', "entities"),
        (OPEN, "not well-formed"),
        ("<html/>", "expected an <svg> element"),
        ('<svg xmlns="http://www.w3.org/2000/svg"/>', "viewBox"),
        (OPEN + "<g>" * 5000 + "</g>" * 5000 + "</svg>", "nests more than 100"),
    ],
)
def test_what_cannot_be_cleaned_is_refused_with_a_reason(source, complaint):
    with pytest.raises(UnsafeFigure, match=complaint):
        inline_svg(source, "p-", "Nothing to see.")


def test_the_label_is_the_name_and_cannot_break_out():
    label = "Loss < 0.1 & \"flat\" 'after' <script>"
    figure = BeautifulSoup(inline_svg(f"{OPEN}</svg>", "p-", label), "html.parser").svg
    assert figure["role"] == "img"
    assert figure["aria-label"] == label
    assert not figure.find_all(True)


def test_a_raster_part_stays():
    source = f'{OPEN}<image xlink:href="data:image/png;base64,{RED_DOT}" width="5"/></svg>'
    image = BeautifulSoup(inline_svg(source, "p-", "A red dot."), "html.parser").find("image")
    assert image["href"] == f"data:image/png;base64,{RED_DOT}"


@pytest.fixture(scope="module")
def figure():
    """A figure with everything that matplotlib draws, stored as the chapters store theirs."""
    look = {
        "svg.fonttype": "none",
        "svg.hashsalt": "fixed",
        "figure.facecolor": "#fdfcf9",
        "savefig.facecolor": "#fdfcf9",
        "text.color": "#1b1f24",
        "axes.edgecolor": "#1b1f24",
    }
    with plt.rc_context(look):
        fig, ax = plt.subplots()
        ax.plot([0, 1], [0, 1], color="#0072b2", label="a line")
        ax.fill_between([0, 1], [0, 1], [1, 2], color="#d55e00", alpha=0.2)
        ax.imshow(np.eye(3), extent=(0, 1, 0, 1))
        ax.set_title("Two lines < three $x^2$")
        ax.legend()
        stored = io.StringIO()
        fig.savefig(stored, format="svg", metadata={"Date": None})
        plt.close(fig)
    return stored.getvalue()


def drawn(markup):
    page = BeautifulSoup(markup[markup.index("<svg") :], "html.parser")
    return {name: len(page.find_all(name)) for name in ("path", "use", "text", "image", "g")}


def test_everything_that_matplotlib_draws_stays_but_the_background(figure):
    before, after = drawn(figure), drawn(inline_svg(figure, "p-", "A line and a band."))
    assert before["path"] > 5
    assert before["image"] == 1
    assert after == {**before, "path": before["path"] - 1}


def test_every_reference_finds_its_target_and_two_figures_share_no_id(figure):
    ids = []
    for prefix in ("one-", "two-"):
        page = BeautifulSoup(inline_svg(figure, prefix, "A line and a band."), "html.parser")
        own = [element["id"] for element in page.find_all(id=True)]
        links = re.findall(r"url\(#([^)]+)\)", str(page))
        links += [use["href"][1:] for use in page.find_all("use")]
        assert links
        assert set(links) <= set(own)
        ids += own
    assert len(ids) == len(set(ids))


def test_an_id_that_matplotlib_repeats_without_need_is_dropped():
    twice = '<image id="same"/><image id="same"/><path id="used"/><use href="#used"/>'
    page = BeautifulSoup(inline_svg(f"{OPEN}{twice}</svg>", "p-", "Two images."), "html.parser")
    assert [element["id"] for element in page.find_all(id=True)] == ["p-used"]


def test_a_picture_of_few_colors_gets_a_palette_and_keeps_every_pixel():
    rng = np.random.default_rng(0)
    colors = rng.integers(0, 256, (200, 4), dtype=np.uint8)
    sent = {}
    for name, pixels in {
        "few": colors[rng.integers(0, 200, (90, 120))],
        "many": rng.integers(0, 256, (90, 120, 4), dtype=np.uint8),
    }.items():
        packed = io.BytesIO()
        Image.fromarray(pixels).save(packed, "PNG")
        stored = "data:image/png;base64," + base64.b64encode(packed.getvalue()).decode()
        markup = inline_svg(f'{OPEN}<image xlink:href="{stored}"/></svg>', "p-", "Colors.")
        href = BeautifulSoup(markup, "html.parser").image["href"]
        sent[name] = len(href) / len(stored)
        shown = Image.open(io.BytesIO(base64.b64decode(href.partition(",")[2]))).convert("RGBA")
        np.testing.assert_array_equal(np.asarray(shown), pixels)
    assert sent["few"] < 0.6
    assert sent["many"] == 1


@given(
    st.lists(
        st.tuples(st.sampled_from("ML"), st.floats(-999, 999), st.floats(-999, 999)),
        min_size=40,
        max_size=60,
    ),
    st.sampled_from([" ", ""]),
)
def test_a_curve_in_steps_goes_through_the_same_tenths(places, apart):
    places = [("M", 0.04, 99.97), *places]
    curve = "".join(f"{kind}{apart}{x:.2f} {y:.2f}{apart}" for kind, x, y in places) + "z"
    markup = inline_svg(f'{OPEN}<path d="{curve}"/></svg>', "p-", "A curve.")
    drawn = BeautifulSoup(markup, "html.parser").path["d"]
    assert drawn.endswith("z")
    at, seen = (0.0, 0.0), []
    for kind, x, y in re.findall(r"([Ml])(\S+?) ([^Mlz]+)", drawn):
        at = (float(x), float(y)) if kind == "M" else (at[0] + float(x), at[1] + float(y))
        seen.append((kind.upper(), *at))
    assert [kind for kind, *_ in seen] == [kind for kind, *_ in places]
    expected = [[x, y] for _, x, y in places]
    np.testing.assert_allclose([place for _, *place in seen], expected, atol=0.0551)


def test_a_curve_that_is_not_of_straight_lines_keeps_its_form():
    curve = "M 1.25 2.5 " + "C 1.25 2.5 3.75 4.5 5.25 6.5 " * 30
    markup = inline_svg(f'{OPEN}<path d="{curve}"/></svg>', "p-", "A curve.")
    drawn = BeautifulSoup(markup, "html.parser").path["d"]
    assert re.sub(r"[\d.\s]+", " ", drawn) == re.sub(r"[\d.\s]+", " ", curve)


def test_dots_and_curves_are_placed_to_a_tenth_and_markers_keep_their_outline():
    curve = "M 1.26 3.34 " + "L 2.25 4.44 L 3.0 2.0 " * 20
    marker = "M 0 1.25 C 0.44 1.25 0.83 1.08 1.13 0.81 z"
    drawn = f'<path id="m" d="{marker}"/><use href="#m" x="10.26" y="-3.04"/><path d="{curve}"/>'
    page = BeautifulSoup(inline_svg(f"{OPEN}{drawn}</svg>", "p-", "A curve."), "html.parser")
    assert (page.use["x"], page.use["y"]) == ("10.3", "-3")
    outline, line = page.find_all("path")
    assert outline["d"] == marker
    assert line["d"].startswith("M1.3 3.3l0.9 1.1l0.8 -2.4")


def test_ink_paper_and_the_dark_blue_follow_the_theme(figure):
    markup = inline_svg(figure, "p-", "A line and a band.").lower()
    for stored in ("#1b1f24", "#fdfcf9", "#0072b2"):
        assert stored in figure.lower()
        assert stored not in markup
    assert "currentcolor" in markup
    assert "var(--data-blue)" in markup
    assert "#d55e00" in markup, "data keep their colors"
