import itertools
import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from utils.samples import Sample, decisive
from utils.strip import FULL, TINY, strip

HOSTILE = """<script>alert(1)</script> & ' " -->"""
ANYWHERE = st.floats(-1e30, 1e30, allow_subnormal=False)
SMALL = st.floats(-3, 3).map(lambda value: round(value, 2))  # with ties
POSITIVE = st.floats(-9, 9).map(lambda power: 10.0**power)


@st.composite
def medians(draw):
    numbers = draw(st.sampled_from([ANYWHERE, SMALL, POSITIVE]))
    values = draw(st.lists(numbers, min_size=6, max_size=90))
    low, high = sorted([draw(st.sampled_from(values)), draw(st.sampled_from(values))])
    side = draw(st.sampled_from(["above", "below"]))
    return Sample("name", tuple(values), draw(numbers), side, low, high)


@st.composite
def shares(draw):
    values = draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=150))
    low, high = sorted([draw(st.floats(0.01, 0.99)), draw(st.floats(0.01, 0.99))])
    side = draw(st.sampled_from(["above", "below"]))
    return Sample("runs", tuple(values), draw(st.floats(0.01, 0.99)), side, low, high)


def drawn(sample, tiny=False):
    return ET.fromstring(strip(sample, tiny=tiny))


def path(svg, name):
    """The path of a class; the starting points of its parts; its width of stroke."""
    found = svg.find(f".//path[@class='strip-{name}']")
    if found is None:
        return [], 0.0
    points = re.findall(r"M(-?[\d.]+) (-?[\d.]+)", found.get("d"))
    return [(float(x), float(y)) for x, y in points], float(found.get("stroke-width", 0))


def threshold(svg):
    ((x, _),), _ = path(svg, "threshold")
    return x


@given(st.one_of(medians(), shares()), st.booleans())
def test_every_value_is_drawn_once_and_none_outside_the_box_or_on_another(sample, tiny):
    svg, box = drawn(sample, tiny), TINY if tiny else FULL
    dots, size = path(svg, "dots")
    off, _ = path(svg, "off")
    assert len(dots) + len(off) == len(sample.values)
    for x, y in dots:
        assert size / 2 - 0.06 <= x <= box.width - size / 2 + 0.06
        assert size / 2 <= y <= box.height
    for x, y in off:
        assert 0 <= x <= box.width
        assert 0 <= y <= box.height
    if len(sample.values) <= 40:
        assert len(set(dots)) == len(dots)


@given(st.one_of(medians(), shares()))
def test_each_value_stands_on_its_own_side_of_the_threshold(sample):
    svg = drawn(sample)
    edge = threshold(svg)
    side = svg.find(".//rect[@class='strip-side']")
    start, width = float(side.get("x")), float(side.get("width"))
    assert edge == pytest.approx(start if sample.side == "above" else start + width, abs=0.11)
    places = [x for name in ("dots", "off") for x, _ in path(svg, name)[0]]
    for left, right in ((1, 0), (0, 1)):
        drawn_there = sum((x - edge) * (right - left) > 0.11 for x in places)
        are_there = sum((v - sample.threshold) * (right - left) > 0 for v in sample.values)
        assert drawn_there <= are_there


@given(medians())
@example(Sample("", (0.1,) * 6 + (50.0,), 0, "above", 0.1, 0.1))
def test_what_is_off_the_scale_is_marked_at_its_edge_and_counted_in_words(sample):
    svg = drawn(sample)
    dots, _ = path(svg, "dots")
    off, _ = path(svg, "off")
    told = re.search(r"(\d+) off the scale", svg.get("aria-label"))
    assert int(told[1] if told else 0) == len(off)
    texts = "".join(text.text for text in svg.iter("text"))
    if any(x < 10 for x, _ in off) and len(off) < len(sample.values):
        assert min(x for x, _ in dots) >= FULL.left - 0.06
    assert off or not re.search("[◂▸]", texts)


@given(medians())
def test_a_greater_value_never_stands_further_left(sample):
    for tiny in (False, True):
        dots, _ = path(drawn(sample, tiny), "dots")
        places = [x for x, _ in dots]
        assert places == sorted(places)


@given(medians(), st.booleans())
def test_the_interval_reaches_from_its_low_to_its_high_end_across_the_middle(sample, tiny):
    svg = drawn(sample, tiny)
    bar = svg.find(".//path[@class='strip-interval']").get("d")
    start, end = map(float, re.fullmatch(r"M(-?[\d.]+) [\d.]+H(-?[\d.]+)", bar).groups())
    assert 0 <= start < end <= (TINY if tiny else FULL).width
    edge = threshold(svg)
    if sample.low > sample.threshold:
        assert start >= edge - 1.11
    if sample.high < sample.threshold:
        assert end <= edge + 1.11


@pytest.mark.parametrize(("side", "ends"), [("above", ["no", "yes"]), ("below", ["yes", "no"])])
def test_both_sides_are_named_and_the_words_say_which_is_yes(side, ends):
    svg = drawn(Sample("", (0.1, 0.2, 0.4) * 3, 0.3, side, 0.1, 0.4))
    words = [text for text in svg.iter("text") if text.text in ("yes", "no")]
    assert [word.text for word in words] == ends
    assert [word.get("text-anchor") for word in words] == ["start", "end"]
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == (
        f"9 seeds from 0.10 to 0.40; the interval is 0.10 to 0.40; yes is {side} 0.3"
    )


@pytest.mark.parametrize(
    ("low", "high", "answer"), [(0.2, 0.4, "yes"), (-0.4, -0.2, "no"), (-0.2, 0.4, "open")]
)
def test_the_color_is_that_of_the_answer(low, high, answer):
    svg = drawn(Sample("", (low, high) * 4, 0, "above", low, high))
    assert svg.get("class") == f"strip strip-{answer}"
    verdict = {"yes": "holds", "no": "fails", "open": "open"}[answer]
    assert f"--answer:var(--verdict-{verdict},#" in svg.get("style")


def test_values_over_decades_stand_on_a_logarithmic_axis_that_says_so():
    values = tuple(10.0**-power for power in range(9))
    svg = drawn(Sample("loss", values, 1e-4, "below", values[-2], values[1]))
    assert "log scale" in [text.text for text in svg.iter("text")]
    assert "on a log scale" in svg.get("aria-label")
    places = [x for x, _ in path(svg, "dots")[0]]
    steps = [b - a for a, b in itertools.pairwise(places)]
    assert all(math.isclose(step, steps[0], abs_tol=0.11) for step in steps)
    for name, shift in (("a − b", 0), ("loss", -2e-8)):
        moved = tuple(value + shift for value in values)
        linear = drawn(Sample(name, moved, 1e-4, "below", moved[-2], moved[1]))
        assert "log scale" not in [text.text for text in linear.iter("text")]


def test_a_tiny_strip_has_no_words_and_is_silent():
    svg = drawn(Sample("", (0.1, 0.2) * 8, 0.15, "above", 0.1, 0.2), tiny=True)
    assert list(svg.iter("text")) == []
    assert svg.get("aria-hidden") == "true"


def test_a_hostile_unit_is_escaped():
    svg = strip(Sample(HOSTILE, (0.1, 0.2) * 8, 0.15, "above", 0.1, 0.2, HOSTILE, HOSTILE))
    assert "<script" not in svg
    ET.fromstring(svg)


def test_the_comparison_shown_is_the_closest_of_those_that_agree_with_the_outcome():
    far = Sample("far", (2.0,) * 16, 1, "above", 2, 2)
    near = Sample("near", (2.0,) * 13 + (0.5,) * 3, 1, "above", 2, 2)
    against = Sample("against", (0.5,) * 16, 1, "above", 0.5, 0.5)
    assert decisive([far, near], True) is near
    assert decisive([far, against, near], True) is near
    assert decisive([far, against, near], False) is against


def test_where_all_seeds_agree_the_closest_has_the_least_room_in_widths_of_its_interval():
    far = Sample("far", tuple(1.4 + 0.01 * i for i in range(16)), 1, "above", 1.43, 1.52)
    near = Sample("near, in ms", tuple(20.0 + 10 * i for i in range(16)), 1, "above", 50, 140)
    share = Sample("share", (1.0,) * 30 + (0.0,) * 2, 0.75, "above", 0.79, 0.99)
    assert decisive([far, near], True) is near
    assert decisive([far, near, share], True) is share
    other_side = [
        replace(one, threshold=-one.threshold, low=-one.high, high=-one.low, side="below")
        for one in (far, near, share)
    ]
    assert decisive(other_side, True) is other_side[2]
    assert decisive([replace(one, side="below") for one in (far, near)], False).name == near.name


def test_of_what_is_open_the_one_with_the_threshold_deepest_inside_is_shown():
    values = tuple(float(i) for i in range(16))
    edge, middle = (Sample("", values, at, "above", 3, 12) for at in (3.5, 7.0))
    beyond = Sample("", values, -1, "above", 3, 12)
    assert decisive([beyond, edge, middle], None) is middle
