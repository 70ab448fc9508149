import io
import re
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text
from nbclient import NotebookClient

from utils import plots
from utils.palette import INK, NIGHT, PAPER, VERDICTS
from utils.plots.end_labels import apart, end_labels
from utils.plots.looks import ACTIVATIONS, INITIALIZERS, OPTIMIZERS, OTHERS, known_look
from utils.plots.maps import ON_BRIGHT, ON_DARK
from utils.plots.narrow import MIME_TYPE, narrow, narrow_svg
from utils.plots.style import SAVE

GROUPS = {
    "activations": ACTIVATIONS,
    "initializers": INITIALIZERS,
    "optimizers": OPTIMIZERS,
    "others": dict(enumerate(OTHERS)),
}
SEEDS = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def course_style():
    with mpl.rc_context():
        mpl.use("Agg")
        plots.style()
        yield
        plt.close("all")


def svg(figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", **SAVE)
    return buffer.getvalue().decode()


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def curves(members: int = 16, level: float = 0.9) -> np.ndarray:
    return level + SEEDS.normal(0, 0.02, (members, 21))


def draw_band():
    figure, ax = plt.subplots()
    rng = np.random.default_rng(1)
    for name in ("relu", "tanh", "sigmoid"):
        plots.band(ax, range(41), rng.normal(0.9, 0.01, (16, 41)), name)
    ax.set(xlabel="epoch", ylabel="accuracy")
    plots.headline(ax, "All three reach the same accuracy")
    return figure


def draw_dots():
    figure, ax = plt.subplots()
    rng = np.random.default_rng(1)
    plots.dots(ax, {name: rng.normal(0.9, 0.05, 16) for name in ("relu", "tanh")})
    return figure


def draw_layer_map():
    figure, ax = plt.subplots()
    values = 10.0 ** -np.add.outer(np.arange(21) / 20, np.arange(4))
    plots.layer_map(ax, values, range(21), ["a", "b", "c", "d"], "gradient norm")
    return figure


def draw_boundary():
    figure, ax = plt.subplots()
    x = np.random.default_rng(1).normal(0, 1, (500, 2))
    grid, extent = plots.plane(x)
    probability = 1 / (1 + np.exp(-3 * (grid[:, 0] - np.sin(2 * grid[:, 1]))))
    plots.boundary(ax, probability, extent, x, x[:, 0] > 0)
    return figure


def draw_network():
    figure, ax = plt.subplots()
    plots.network(ax, [2, 8, 8, 1])
    return figure


def draw_heat_map():
    figure, ax = plt.subplots()
    values = np.geomspace(1e-6, 1e12, 12).reshape(3, 4)
    plots.heat_map(ax, values, ["a", "b", "c"], range(4), "ratio", around_one=True, numbers="log")
    return figure


DRAWINGS = [draw_band, draw_dots, draw_layer_map, draw_heat_map, draw_boundary, draw_network]


@pytest.mark.parametrize("color", sorted({*plots.COLORS.values(), *VERDICTS.values()} - {INK}))
@pytest.mark.parametrize("ground", [PAPER, NIGHT])
def test_each_color_stands_out_on_paper_and_on_night(color, ground):
    assert contrast(color, ground) >= 3


@pytest.mark.parametrize("group", GROUPS)
def test_things_compared_with_each_other_differ_even_without_color(group):
    looks = list(GROUPS[group].values())
    assert len({look.marker for look in looks}) == len(looks)
    assert len({(look.color, str(look.linestyle)) for look in looks}) == len(looks)


@pytest.mark.parametrize(
    ("spelled", "name"),
    [("ReLU", "relu"), ("Leaky ReLU", "leaky_relu"), ("glorot_uniform", "xavier"), ("He", "he"),
     ("swish", "silu"), ("he_normal", "he")],
)  # fmt: skip
def test_a_name_is_known_however_it_is_spelled(spelled, name):
    assert known_look(spelled).color == plots.COLORS[name]
    assert known_look(spelled).marker == plots.MARKERS[name]


def test_lines_without_a_fixed_look_differ_from_each_other():
    _, ax = plt.subplots()
    for width in (2, 4, 8):
        plots.band(ax, range(21), curves(), f"width {width}")
    assert len({line.get_color() for line in ax.lines}) == 3


def test_a_band_is_the_median_between_the_4th_and_the_13th_of_16_values():
    _, ax = plt.subplots()
    values = curves()
    plots.band(ax, range(21), values, "relu")
    ordered = np.sort(values, axis=0)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), ordered[7:9].mean(axis=0))
    outline = ax.collections[0].get_paths()[0].vertices
    for time in range(21):
        edges = outline[outline[:, 0] == time, 1]
        assert edges.min() == pytest.approx(ordered[3, time])
        assert edges.max() == pytest.approx(ordered[12, time])


def test_one_run_gets_a_line_without_a_band_and_singles_get_one_line_each():
    _, (left, right) = plt.subplots(1, 2)
    plots.band(left, range(21), curves()[0], "relu")
    plots.band(right, range(21), curves(), "relu", singles=True)
    assert len(left.collections) == 0
    assert len(right.lines) == 16 + 2


def test_a_color_may_be_borrowed_from_a_known_name():
    _, ax = plt.subplots()
    plots.band(ax, range(21), curves(), "with a rate of 0.3", "tanh")
    assert ax.lines[0].get_color() == plots.COLORS["tanh"]


@pytest.mark.parametrize("draw", [lambda ax, v: plots.band(ax, range(21), v, "tanh"),
                                  lambda ax, v: plots.dots(ax, {"tanh": v[:, 0]})])  # fmt: skip
def test_diverged_members_are_not_dropped_silently(draw):
    values = curves()
    values[:2] = np.nan
    with pytest.raises(ValueError, match=r"tanh: 2 of 16 members have NaN.*nan_to_num"):
        draw(plt.subplots()[1], values)


def test_a_time_axis_of_another_length_is_refused_with_both_shapes():
    with pytest.raises(ValueError, match=r"x has shape \(20,\) and values \(16, 21\)"):
        plots.band(plt.subplots()[1], range(20), curves(), "relu")


def isotonic(values: np.ndarray) -> list[float]:
    """Isotonic regression by its closed form, a largest smallest mean."""
    count = len(values)
    return [
        max(
            min(values[start : end + 1].mean() for end in range(place, count))
            for start in range(place + 1)
        )
        for place in range(count)
    ]


@given(wanted=st.lists(st.floats(0, 400), min_size=1, max_size=12), gap=st.floats(1, 20))
def test_labels_are_moved_as_little_as_keeps_them_apart(wanted, gap):
    wanted = np.array(wanted)
    found = np.sort(apart(wanted, gap, -1e4, 1e4))
    steps = gap * np.arange(len(wanted))
    best = isotonic(np.sort(wanted) - steps) + steps
    np.testing.assert_allclose(found, best, atol=1e-6)
    assert (np.diff(found) >= gap - 1e-6).all()


def test_labels_stay_within_the_axes_in_the_order_of_their_lines():
    found = apart(np.array([99.0, 100.0, 98.0, -50.0]), 10, 0, 100)
    np.testing.assert_allclose(found, [90, 100, 80, 0])


def test_drawn_labels_do_not_overlap_even_after_the_scale_changes():
    figure, ax = plt.subplots()
    for name in ("relu", "tanh", "sigmoid", "elu"):
        plots.band(ax, range(21), curves(), name)
    ax.set_yscale("log")
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for _, text in end_labels(ax).placed()]
    assert len(boxes) == 4
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(box.x0 > ax.bbox.x1 and box.x1 < figure.bbox.x1 for box in boxes)


@pytest.mark.parametrize("draw", DRAWINGS)
def test_a_figure_drawn_twice_is_the_same_to_the_byte(draw):
    assert svg(draw()) == svg(draw())


@pytest.mark.parametrize("draw", DRAWINGS)
def test_a_figure_is_small_and_undated(draw):
    source = svg(draw())
    assert len(source) < 60_000
    assert "dc:date" not in source


@pytest.mark.parametrize("draw", DRAWINGS)
def test_all_figures_are_equally_wide_so_that_their_texts_are_equally_large(draw):
    assert re.search(r'viewBox="0 0 403\.2 ', svg(draw()))


def test_examples_are_told_apart_by_shape_as_well_as_color():
    _, ax = plt.subplots()
    x = np.array([[0, 1], [2, 3], [4, 5]])
    plots.examples(ax, x, [0, 1, 0])
    zeros, ones = ax.lines
    np.testing.assert_array_equal(zeros.get_xydata(), x[[0, 2]])
    np.testing.assert_array_equal(ones.get_xydata(), x[[1]])
    assert zeros.get_marker() != ones.get_marker()
    assert zeros.get_color() != ones.get_color()


@pytest.mark.parametrize("epochs", [range(1, 5), range(1, 21)])
def test_epochs_are_counted_in_whole_numbers(epochs):
    figure, ax = plt.subplots()
    plots.band(ax, epochs, np.ones(len(epochs)), "relu")
    figure.canvas.draw()
    ticks = ax.get_xticks()
    np.testing.assert_array_equal(ticks, np.round(ticks))


@pytest.mark.parametrize("draw", DRAWINGS)
def test_all_text_of_a_figure_is_text_in_ink_and_nothing_is_pure_black(draw):
    root = ElementTree.fromstring(svg(draw()))
    parent = {child: element for element in root.iter() for child in element}
    texts = [element for element in root.iter() if element.tag.endswith("}text")]
    styles = [element.get("style", "") for element in root.iter()]
    assert texts
    for text in texts:  # of a formula such as 10⁻³, the group around it has the color
        style = text.get("style", "") + parent[text].get("style", "")
        assert re.search(f"fill: ({INK}|{ON_BRIGHT}|{ON_DARK})", style)
    assert not any(re.search(r"#000000|#000;|black", style) for style in styles)
    assert sum(PAPER in style for style in styles) >= 1


def test_the_labels_of_lines_are_in_the_stored_figure():
    source = svg(draw_band())
    assert all(f">{name}<" in source for name in ("ReLU", "tanh", "sigmoid"))


def test_a_boundary_runs_where_the_classifier_is_undecided():
    _, ax = plt.subplots()
    grid, extent = plots.plane([[-1, -2], [3, 4]], points=60)
    plots.boundary(ax, 1 / (1 + np.exp(-(2 * grid[:, 0] + grid[:, 1] - 1))), extent)
    line = ax.collections[-1].get_paths()[0].vertices
    assert len(line) > 10
    np.testing.assert_allclose(2 * line[:, 0] + line[:, 1], 1, atol=0.01)


def test_a_plane_covers_the_data_with_a_margin():
    grid, extent = plots.plane([[0, 10], [1, 30]], points=11, margin=0.5)
    assert grid.shape == (121, 2)
    assert extent == (-0.5, 1.5, 0, 40)
    np.testing.assert_allclose(grid[[0, 10, -1]], [[-0.5, 0], [1.5, 0], [1.5, 40]])


def test_a_classifier_that_always_says_the_same_has_no_boundary():
    _, ax = plt.subplots()
    grid, extent = plots.plane([[0, 0], [1, 1]])
    plots.boundary(ax, np.full(len(grid), 0.2), extent)
    assert not any(c.get_linewidth() == 1.6 for c in ax.collections)


def test_probabilities_that_are_not_of_a_plane_are_refused():
    with pytest.raises(ValueError, match="probability has 10 values; expected one for each point"):
        plots.boundary(plt.subplots()[1], np.zeros(10), (0, 1, 0, 1))


def test_examples_without_their_labels_are_refused():
    grid, extent = plots.plane([[0, 0], [1, 1]], points=4)
    with pytest.raises(ValueError, match="x and y belong together"):
        plots.boundary(plt.subplots()[1], np.zeros(len(grid)), extent, x=grid)


def test_boundaries_draws_a_titled_panel_for_each_and_hides_the_rest():
    grid, extent = plots.plane([[0, 0], [1, 1]], points=20)
    figure = plots.boundaries([grid[:, 0]] * 4, extent, ["a", "b", "c", "d"])
    panels = [ax for ax in figure.axes if ax.axison]
    assert [ax.get_title(loc="left") for ax in panels] == ["a", "b", "c", "d"]
    assert len(figure.axes) == 6


def test_a_layer_map_puts_the_first_layer_lowest_and_leaves_zeros_out():
    _, ax = plt.subplots()
    values = np.array([[1e-4, 1.0], [0.0, 10.0], [1e-2, 5.0]])
    plots.layer_map(ax, values, [0, 5, 10], ["first", "last"], "norm")
    mesh = ax.collections[0]
    shown = mesh.get_array().reshape(2, 3)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["first", "last"]
    assert ax.get_ylim()[0] < ax.get_ylim()[1]
    np.testing.assert_array_equal(shown.mask, [[False, True, False], [False] * 3])
    np.testing.assert_array_equal(shown[1], values[:, 1])
    assert (mesh.norm.vmin, mesh.norm.vmax) == (1e-4, 10)


def test_layer_maps_to_be_compared_share_the_limits_given():
    _, ax = plt.subplots()
    plots.layer_map(ax, np.ones((2, 1)), [0, 1], ["only"], "norm", limits=(1e-8, 1e2))
    assert ax.collections[0].get_clim() == (1e-8, 1e2)


def test_a_heat_map_writes_the_power_of_ten_into_every_cell_that_has_one():
    _, ax = plt.subplots()
    values = [[1e-3, 0.9, 1e4], [0, 100, np.nan]]
    plots.heat_map(ax, values, ["low", "high"], [1, 2, 3], numbers="log")
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(0, 0): "-3", (1, 0): "0", (2, 0): "4", (1, 1): "2"}
    assert [label.get_text() for label in ax.get_yticklabels()] == ["low", "high"]
    assert ax.patch.get_hatch() is not None


def test_a_heat_map_of_ratios_has_one_in_the_middle_of_its_colors():
    _, ax = plt.subplots()
    plots.heat_map(ax, [[1e-2, 1e6]], ["row"], [1, 2], around_one=True)
    norm = ax.collections[0].norm
    assert (norm.vmin, norm.vmax) == (pytest.approx(1e-6), pytest.approx(1e6))
    assert norm(1.0) == pytest.approx(0.5)


def test_a_heat_map_of_another_shape_is_refused_with_both():
    with pytest.raises(
        ValueError, match=r"values has shape \(2, 3\); expected \(3 rows, 2 columns\)"
    ):
        plots.heat_map(plt.subplots()[1], np.ones((2, 3)), "abc", "de")


def test_a_layer_map_has_a_color_bar_only_when_it_names_the_number():
    figure, (left, right) = plt.subplots(1, 2)
    plots.layer_map(left, np.ones((2, 1)), [0, 1], ["only"])
    assert len(figure.axes) == 2
    plots.layer_map(right, np.ones((2, 1)), [0, 1], ["only"], "norm")
    assert [ax.get_ylabel() for ax in figure.axes] == ["", "", "norm"]


def test_a_layer_map_of_all_members_is_refused():
    with pytest.raises(ValueError, match="take the median over members first"):
        plots.layer_map(plt.subplots()[1], np.ones((16, 3, 2)), range(3), ["a", "b"], "norm")


def test_dots_stand_at_their_values_and_no_two_cover_each_other():
    _, ax = plt.subplots()
    values = np.round(SEEDS.normal(0.9, 0.03, 16), 2)
    plots.dots(ax, {"relu": values})
    drawn = ax.lines[-1]
    np.testing.assert_array_equal(drawn.get_xdata(), values)
    assert len(np.unique(drawn.get_xydata(), axis=0)) == 16


def test_dots_mark_the_median_and_its_interval():
    _, ax = plt.subplots()
    plots.dots(ax, {"relu": np.arange(1, 17)})
    bar, median = ax.lines[0], ax.lines[1]
    np.testing.assert_array_equal(bar.get_xdata(), [4, 13])
    assert median.get_xdata() == [8.5]


def test_dots_of_no_group_are_refused():
    with pytest.raises(ValueError, match="groups is empty"):
        plots.dots(plt.subplots()[1], {})


def test_a_network_has_a_circle_per_unit_and_a_line_per_weight():
    _, ax = plt.subplots()
    plots.network(ax, [2, 3, 1])
    lines = [len(line.get_xdata()) // 3 for line in ax.lines if line.get_marker() == "None"]
    circles = [len(line.get_xdata()) for line in ax.lines if line.get_marker() == "o"]
    assert lines == [6, 3]
    assert circles == [2, 3, 1]
    assert [text.get_text() for text in ax.texts] == ["2", "3", "1"]


def test_a_large_layer_is_abbreviated_but_names_its_size():
    _, ax = plt.subplots()
    plots.network(ax, [100, 1])
    assert max(len(line.get_xdata()) for line in ax.lines if line.get_marker() == "o") == 8
    assert ax.texts[0].get_text() == "100"


@pytest.mark.parametrize("sizes", [[3], [2, 0, 1], []])
def test_a_network_without_two_layers_of_units_is_refused(sizes):
    with pytest.raises(ValueError, match="expected two or more layers"):
        plots.network(plt.subplots()[1], sizes)


def test_a_headline_needs_no_style_to_be_set_before_it():
    with mpl.rc_context(mpl.rcParamsDefault):
        figure = plt.figure()
        plots.headline(figure, "Short.")
        assert figure.get_suptitle() == "Short."


def test_a_long_headline_is_broken_into_lines_of_about_one_length_that_fit():
    figure, ax = plt.subplots()
    sentence = "A sentence of some length says what the figure shows and is broken where it must"
    plots.headline(ax, sentence)
    lines = figure.get_suptitle().split("\n")
    assert " ".join(lines) == sentence
    assert max(map(len, lines)) - min(map(len, lines)) < 12
    plots.headline(figure, "Short.")
    assert figure.get_suptitle() == "Short."


@pytest.mark.parametrize("draw", DRAWINGS)
def test_a_figure_is_as_it_was_after_its_narrow_form_was_made(draw):
    figure = draw()
    known = plt.get_fignums()
    narrow(figure)
    assert plt.get_fignums() == known
    assert svg(figure) == svg(draw())


def test_the_narrow_form_stacks_its_panels_and_repeats_the_labels_that_they_shared():
    figure, axes = plt.subplots(1, 2, figsize=(6.5, 3.0), sharey=True)
    for ax in axes:
        plots.band(ax, range(21), curves(), "relu")
    axes[0].set_ylabel("accuracy")
    plots.headline(figure, "Both panels say the same thing, which takes a sentence")
    small = narrow(figure)
    small.canvas.draw()
    upper, lower = (ax.get_window_extent() for ax in small.axes)
    assert upper.y0 > lower.y1
    assert upper.x0 == pytest.approx(lower.x0)
    assert small.get_figwidth() == 3.6
    assert [ax.get_ylabel() for ax in small.axes] == ["accuracy", "accuracy"]
    assert min(text.get_fontsize() for text in small.findobj(Text)) >= 8.2


def test_the_narrow_form_is_the_same_to_the_byte_each_time():
    assert narrow_svg(draw_heat_map()) == narrow_svg(draw_heat_map())


def test_the_narrow_form_leaves_no_gap_around_a_panel_that_keeps_its_shape():
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.5, 3.0))
    left.set(xlim=(0, 3), ylim=(0, 1), aspect="equal")
    right.set_ylabel("accuracy")
    small = narrow(figure)
    small.canvas.draw()
    upper, lower = (ax.get_tightbbox() for ax in small.axes)
    gaps = [small.bbox.y1 - upper.y1, upper.y0 - lower.y1, lower.y0]
    assert 0 <= min(gaps) <= max(gaps) < 0.1 * small.dpi
    width, height = small.axes[0].get_position().size * small.get_size_inches()
    assert width == pytest.approx(3 * height)


def test_many_small_panels_keep_two_columns_and_a_figure_may_ask_for_others():
    figure, _ = plt.subplots(2, 4)
    assert _columns(narrow(figure)) == 2
    plots.phone_columns(figure, 3)
    assert _columns(narrow(figure)) == 3


def _columns(figure) -> int:
    return figure.axes[0].get_subplotspec().get_geometry()[1]


def test_labels_print_names_as_prose_does():
    assert plots.printed("leaky_relu, rate 0.1") == "leaky ReLU, rate 0.1"
    assert plots.printed("He") == "He"
    _, ax = plt.subplots()
    plots.dots(ax, {"relu": [1, 2, 3, 4, 5, 6]})
    assert [label.get_text() for label in ax.get_yticklabels()] == ["ReLU"]


def test_maps_of_one_scale_share_one_bar():
    figure, (left, right) = plt.subplots(1, 2)
    for ax in (left, right):
        plots.layer_map(ax, np.ones((2, 1)), [0, 1], ["only"], "norm", limits=(0.1, 10))
    assert [ax.get_ylabel() for ax in figure.axes] == ["", "", "norm"]


def test_in_a_notebook_figures_are_stored_as_svg_without_a_date():
    code = """
        import matplotlib.pyplot as plt
        from utils import plots
        plots.style()
        figure, ax = plt.subplots()
        ax.plot([1, 2])
        plt.show()
    """
    source = "\n".join(line.strip() for line in code.splitlines())
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    (output,) = [o for o in notebook.cells[0].outputs if o.output_type == "display_data"]
    assert "image/png" not in output.data
    assert f"fill: {PAPER}" in output.data["image/svg+xml"]
    assert "dc:date" not in output.data["image/svg+xml"]
    assert 'viewBox="0 0 259.2 ' in output.data[MIME_TYPE]


def test_confusion_writes_every_count_but_zeros_and_frames_the_right_ones():
    _, ax = plt.subplots()
    plots.confusion(ax, [[3, 0, 1], [0, 4, 0]], ["a", "b"], ["a", "b", "?"], "said", "planted")
    assert {(t.get_text(), *t.get_position()) for t in ax.texts} == {
        ("3", 0, 0),
        ("1", 2, 0),
        ("4", 1, 1),
    }
    framed = [box.get_xy() for box in ax.patches if box.get_edgecolor()[3] > 0]
    np.testing.assert_allclose(framed, [(-0.45, -0.45), (0.55, 0.55)])
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first row is on top"
    with pytest.raises(ValueError, match="expected \\(1 rows, 3 columns\\)"):
        plots.confusion(ax, [[1, 2]], ["a"], ["a", "b", "c"], "said", "planted")
