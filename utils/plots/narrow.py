"""The same figure for a phone: 3.6 inches wide, its panels below each other, its words re-wrapped.

The book shows it where the screen is narrow. It is stored beside the wide figure, in the same
output under a type of its own, which notebooks elsewhere pass over.
"""

from __future__ import annotations

import copy
import io
import textwrap
from itertools import pairwise

from IPython.core.formatters import DisplayFormatter, SVGFormatter
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

from utils.plots.end_labels import EndLabels
from utils.plots.style import POINTS_PER_INCH, SAVE, wrapped

MIME_TYPE = "application/vnd.course.narrow+svg"
WIDTH = 3.6
LEAST = 8.3
"""Points. A phone of 390 pixels shows the 3.6 inches on 350 or more: 11 pixels."""
SMALLER = 0.93
TALLEST = 2.5
"""Inches for a panel that stood beside another."""


def phone_columns(figure: Figure, columns: int) -> None:
    """Say in how many columns a phone shows the figure's panels, where one would be wrong."""
    vars(figure)["phone_columns"] = columns


def show_narrow_too(formatter: DisplayFormatter) -> None:
    """Let a notebook store the narrow form of each figure beside the wide one."""
    stored = SVGFormatter(parent=formatter)
    stored.format_type = MIME_TYPE
    stored.for_type(Figure, narrow_svg)
    formatter.formatters[MIME_TYPE] = stored


def narrow_svg(figure: Figure) -> str:
    """The narrow figure as SVG; of the figure given nothing changes."""
    buffer = io.StringIO()
    narrow(figure).savefig(buffer, format="svg", **SAVE)
    return buffer.getvalue()


def narrow(figure: Figure) -> Figure:
    """A copy of the figure in its narrow form."""
    figure = _copy(figure)
    for text in figure.findobj(Text):
        text.set_fontsize(max(LEAST, SMALLER * _points(text)))
    _stack(figure)
    for ax in figure.axes:
        _wrap(ax, figure)
    layout = figure.get_layout_engine()
    if layout is not None:
        layout.execute(figure)
        if _shorten(figure):
            layout.execute(figure)
    for ax in figure.axes:
        _part_ticks(ax)
        for legend in ax.findobj(Legend):
            if legend.get_window_extent().width > ax.bbox.width:
                legend.set_ncols(1)
    return figure


def _copy(figure: Figure) -> Figure:
    """A deep copy that pyplot does not know of."""
    manager, figure.canvas.manager = figure.canvas.manager, None
    try:
        return copy.deepcopy(figure)
    finally:
        figure.canvas.manager = manager


def _stack(figure: Figure) -> None:
    """Place the panels of a grid in fewer columns, and make the figure as high as they need."""
    wide, high = figure.get_size_inches()
    high -= _headline_height(figure)
    for text in _headline(figure):
        text.set_text(wrapped(text.get_text(), WIDTH, 0.93 * _points(text)))  # in the book's font
    panels = _panels(figure)
    specs = [spec for ax in panels if (spec := ax.get_subplotspec()) is not None]
    shapes = [spec.get_geometry()[:2] for spec in specs] or [(1, 1)]
    rows, columns = (max(counts) for counts in zip(*shapes, strict=True))
    several = 2 if columns > 2 and rows > 1 else 1
    stacked = min(vars(figure).get("phone_columns", several), columns)
    cell = high / rows
    own_shape = cell * min(1.5, (WIDTH / stacked) / (wide / columns))
    free = min(cell, TALLEST) if columns > 1 else cell
    _share_labels(panels, specs)
    places = [divmod(number, stacked) for number in range(len(panels))]
    heights = [0.0] * (places[-1][0] + 1) if places else [cell]
    for ax, (row, _) in zip(panels, places, strict=True):
        heights[row] = max(heights[row], free if ax.get_aspect() == "auto" else own_shape)
    grid = figure.add_gridspec(len(heights), stacked, height_ratios=heights)
    for ax, place in zip(panels, places, strict=True):
        ax.set_subplotspec(grid[place])
    _drop_repeated_labels(dict(zip(places, panels, strict=True)))
    figure.set_size_inches(WIDTH, _headline_height(figure) + sum(heights))


def _shorten(figure: Figure) -> bool:
    """Take out the height that rows of panels with a shape of their own leave empty, if they do."""
    given: dict[int, float] = {}
    taken: dict[int, float] = {}
    for ax in _panels(figure):
        spec = ax.get_subplotspec()
        assert spec is not None
        grid, row = spec.get_gridspec(), spec.rowspan.start
        ax.apply_aspect()
        given[row] = max(given.get(row, 0.0), ax.get_position(original=True).height)
        taken[row] = max(taken.get(row, 0.0), ax.get_position().height)
    empty = sum(given.values()) - sum(taken.values())
    if empty < 0.01:
        return False
    grid.set_height_ratios(list(taken.values()))
    figure.set_size_inches(WIDTH, figure.get_figheight() * (1 - empty))
    return True


def _headline_height(figure: Figure) -> float:
    """In inches."""
    lines = (text.get_text().count("\n") + 1 for text in _headline(figure))
    sizes = (_points(text) for text in _headline(figure))
    return sum(1.3 * size * count for size, count in zip(sizes, lines, strict=True)) / (
        POINTS_PER_INCH
    )


def _headline(figure: Figure) -> list[Text]:
    """The figure's own title, where it has one."""
    title = figure.get_suptitle()
    return [text for text in figure.texts if title and text.get_text() == title]


def _points(text: Text) -> float:
    return float(text.get_fontsize())


def _panels(figure: Figure) -> list[Axes]:
    """The axes of a grid, without what was left empty; a color bar goes where its panels go."""
    panels = []
    for ax in figure.axes:
        if ax.get_subplotspec() is None:
            continue
        if ax.axison or ax.has_data():
            panels.append(ax)
        else:
            ax.remove()
    return panels


def _share_labels(panels: list[Axes], specs: list[SubplotSpec]) -> None:
    """Write out the labels that a panel had from its neighbor in the wide figure."""
    for ax, spec in zip(panels, specs, strict=True):
        for other, its in zip(panels, specs, strict=True):
            if ax.get_shared_y_axes().joined(ax, other) and spec.rowspan == its.rowspan:
                ax.set_ylabel(ax.get_ylabel() or other.get_ylabel())
                ax.tick_params(labelleft=True)
                ax.yaxis.offsetText.set_visible(True)
            if ax.get_shared_x_axes().joined(ax, other) and spec.colspan == its.colspan:
                ax.set_xlabel(ax.get_xlabel() or other.get_xlabel())
                ax.tick_params(labelbottom=True)
                ax.xaxis.offsetText.set_visible(True)


def _drop_repeated_labels(panels: dict[tuple[int, int], Axes]) -> None:
    """Remove those that a neighbor in the narrow figure has as well."""
    for (row, column), ax in panels.items():
        left, below = panels.get((row, column - 1)), panels.get((row + 1, column))
        if left is not None and ax.get_shared_y_axes().joined(ax, left):
            ax.set_ylabel("")
            ax.tick_params(labelleft=False)
        if (
            below is not None
            and ax.get_shared_x_axes().joined(ax, below)
            and ax.get_xlabel() == below.get_xlabel()
        ):
            ax.set_xlabel("")
            ax.tick_params(labelbottom=False)


def _wrap(ax: Axes, figure: Figure) -> None:
    """Break titles, labels and the names of rows for the room there is."""
    box = ax.get_position()
    wide, high = box.width * WIDTH, box.height * figure.get_figheight()
    for title in ax.get_children():  # not ax.title alone, which is the one in the middle
        if isinstance(title, Text) and title.get_text() and title not in ax.texts:
            title.set_text(wrapped(title.get_text(), wide, _points(title)))
    for axis, length in ((ax.xaxis, wide), (ax.yaxis, high)):
        axis.label.set_text(wrapped(axis.label.get_text(), length, _points(axis.label)))
        for tick in axis.get_major_ticks()[:1]:
            axis.set_tick_params(which="both", labelsize=_points(tick.label1))
    _wrap_names(ax.yaxis)
    for labels in ax.findobj(EndLabels):
        labels.resize(WIDTH * 0.27, LEAST)


def _wrap_names(axis: Axis) -> None:
    """Break the long names of rows; numbers stay."""
    if not isinstance(axis.get_major_locator(), FixedLocator):
        return
    names = [label.get_text() for label in axis.get_ticklabels()]
    broken = [textwrap.fill(name, 16, break_long_words=False) for name in names]
    if broken != names:
        axis.set_ticks(axis.get_ticklocs(), broken)


def _part_ticks(ax: Axes) -> None:
    """Turn the names of columns that would run into each other."""
    labels = [label for label in ax.get_xticklabels() if label.get_visible() and label.get_text()]
    boxes = [label.get_window_extent() for label in labels]
    fixed = isinstance(ax.xaxis.get_major_locator(), FixedLocator)
    if fixed and any(a.x1 > b.x0 - 2 for a, b in pairwise(boxes) if not labels[0].get_rotation()):
        for label in labels:
            label.set(rotation=40, ha="right", rotation_mode="anchor")
