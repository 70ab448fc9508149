"""The boundary of training: what its page shows on paper, and the net that its lab trains.

A net with two layers trains by gradient descent from one start, with one learning rate for each
layer, at as many pairs of rates as asked. `make boundary` writes the data for the lab and the
static figure. The lab trains the same in the browser: a test holds it to this.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from tools.course import HERE, write_text
from utils.palette import BLUE, INK, PAPER, VERMILION
from utils.plots import headline, style
from utils.plots.style import SAVE

FOLDER = Path("pages/boundary")
INPUTS, HIDDEN, OUTPUTS, EXAMPLES = 4, 2, 4, 4
STEPS = 100
LOST = 1e6
"""Times the loss of the start: from there no training came back."""
WIDEST = 12.0
"""The largest rate; the widest view goes from 0 to it in both directions."""
SIDE = 256
"""Trainings along each side of a view."""
SHADES = 32
PANELS = ((0, 128, 128), (3, 956, 916), (6, 7620, 7300), (9, 60948, 58372))
"""Of the static figure, as in the lab's address: zoom, and the center in pixels of the view.

All but the first are where the lab's way to the boundary leads.
"""
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """Four examples, and the start: the weights of both layers, rows are units."""

    x: Array
    y: Array
    first: Array
    second: Array


def task(seed: int = 0) -> Task:
    """Uniform numbers between -1 and 1, in thousandths, so that they are the same in every file."""
    rng = np.random.default_rng(seed)
    shapes = ((EXAMPLES, INPUTS), (EXAMPLES, OUTPUTS), (HIDDEN, INPUTS), (OUTPUTS, HIDDEN))
    return Task(*(rng.uniform(-1, 1, shape).round(3) for shape in shapes))


def trained(first: Array, second: Array, given: Task) -> Array:
    """What becomes of the net at each pair of rates, one number as in the lab.

    first, second: the rates of the two layers, of one shape, which the result has too. Positive
    where training converged, which is to end below the loss of the start: the mean, over the steps,
    of the loss in terms of that of the start, counted as 1 where it is above. Negative where it
    diverged: minus the steps until it was lost, or all of them where it never was.
    """
    shape = first.shape
    rates = first.reshape(-1, 1, 1), second.reshape(-1, 1, 1)
    weights = [np.repeat(w[None], first.size, axis=0) for w in (given.first, given.second)]
    found, effort, here = np.empty(first.size), np.zeros(first.size), np.arange(first.size)
    start = None
    for step in range(STEPS + 1):
        hidden = np.tanh(given.x @ weights[0].transpose(0, 2, 1))
        error = hidden @ weights[1].transpose(0, 2, 1) - given.y
        loss = (error**2).mean(axis=(1, 2))
        start = loss[0] if start is None else start
        share = loss / start
        lost = ~(share < LOST)
        if step == STEPS:
            found[here] = np.where(share < 1, effort / STEPS, -STEPS)
            break
        found[here[lost]] = -step
        effort += np.minimum(share, 1)
        slope = error * 2 / given.y.size
        back = slope @ weights[1] * (1 - hidden**2)
        weights[0] = weights[0] - rates[0] * (back.transpose(0, 2, 1) @ given.x)
        weights[1] = weights[1] - rates[1] * (slope.transpose(0, 2, 1) @ hidden)
        keep = ~lost
        weights, rates = [w[keep] for w in weights], (rates[0][keep], rates[1][keep])
        here, effort = here[keep], effort[keep]
    return found.reshape(shape)


def rates(zoom: int, x: int, y: int, every: int = 1) -> tuple[Array, Array]:
    """The pairs of rates of a view, the highest second rate in the first row.

    The view is 2 ** zoom times as narrow as the widest; x and y are its center in its own pixels.
    """
    pixel = WIDEST / SIDE / 2**zoom
    places = np.arange(-SIDE // 2, SIDE // 2, every) + 0.5
    first, second = np.meshgrid((x + places) * pixel, (y - places) * pixel)
    return first, second


def edges(converged: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a training has another outcome than the one to the right of it or below."""
    found = np.zeros_like(converged)
    found[:-1] |= converged[1:] != converged[:-1]
    found[:, :-1] |= converged[:, 1:] != converged[:, :-1]
    return found


def dimension(converged: NDArray[np.bool_], boxes: Sequence[int] = (1, 2, 4, 8, 16)) -> float:
    """By which power of their size the boxes that the boundary meets become fewer."""
    edge = edges(converged)
    side = len(edge)
    counts = [edge.reshape(side // n, n, side // n, n).any(axis=(1, 3)).sum() for n in boxes]
    return -float(np.polyfit(np.log(boxes), np.log(counts), 1)[0])


def data() -> str:
    """What the lab is given."""
    given = {name: values.tolist() for name, values in vars(task()).items()}
    scale = {"steps": STEPS, "lost": LOST, "widest": WIDEST, "side": SIDE}
    return json.dumps({**given, **scale}) + "\n"


def draw(path: Path) -> None:
    """The static figure: four views, each a part of the one before."""
    style()
    figure, axes = plt.subplots(2, 2, figsize=(4.2, 4.7))
    for ax, panel, part in zip(axes.flat, PANELS, (*PANELS[1:], None), strict=True):
        show(ax, panel, part)
    figure.supxlabel("rate of the first layer", fontsize=10)
    figure.supylabel("rate of the second layer", fontsize=10)
    headline(figure, "512 times closer, the boundary of training is no smoother")
    figure.savefig(path, format="svg", **SAVE)
    plt.close(figure)


def show(ax: Axes, panel: tuple[int, int, int], part: tuple[int, int, int] | None) -> None:
    """One view, with a frame around the part that the next one shows."""
    zoom = panel[0]
    values = trained(*rates(*panel), task())
    converge, diverge = ramp(paler(BLUE, 0.4), BLUE), ramp(VERMILION, paler(VERMILION, 0.85))
    slow = np.sqrt(np.clip(values, 0, 1)), np.log(np.maximum(-values, 1)) / np.log(STEPS)
    colors = np.where(values[..., None] > 0, converge(slow[0]), diverge(slow[1]))
    left, low, side = square(panel)
    right, high = left + side, low + side
    ax.imshow(colors, extent=(left, right, low, high), interpolation="none")
    ax.grid(visible=False)
    ticks = [np.linspace(*ends, 4 if zoom == 0 else 2) for ends in ((left, right), (low, high))]
    digits = 0 if zoom == 0 else zoom // 3 + 1
    for axis, places in zip((ax.xaxis, ax.yaxis), ticks, strict=True):
        axis.set_ticks(places, [f"{place:.{digits}f}" for place in places])
    ax.tick_params(labelsize=10)
    ax.set_title(f"1 : {2**zoom}", fontweight="normal")
    if part:
        left, low, side = square(part)
        ax.add_patch(Rectangle((left, low), side, side, fill=False, edgecolor=INK))


def square(panel: tuple[int, int, int]) -> tuple[float, float, float]:
    """The least rates of a view, and how far it reaches from there."""
    zoom, x, y = panel
    pixel = WIDEST / SIDE / 2**zoom
    return (x - SIDE / 2) * pixel, (y - SIDE / 2) * pixel, SIDE * pixel


def ramp(low: str, high: str) -> Colormap:
    """Few shades, so that the file is small."""
    return LinearSegmentedColormap.from_list(f"{low}{high}", [low, high], SHADES)


def paler(color: str, share: float) -> str:
    """The color with this share of paper in it."""
    ink, paper = (np.array(to_rgb(one)) for one in (color, PAPER))
    return to_hex(tuple((1 - share) * ink + share * paper))


def main() -> None:
    """Write what lies beside the page."""
    folder = HERE.root / FOLDER
    write_text(data(), folder / "lab.json")
    draw(folder / "lab.svg")


if __name__ == "__main__":
    main()
