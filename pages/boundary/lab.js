// The boundary: each pixel is one training, at its own rate for each of the net's two layers.
import { Lab, make, set, tell } from "../lab.js";

const STATE = /^\d{1,2}-\d{1,15}-\d{1,15}$/; // in the address: zoom, and the center in its pixels
const DEEPEST = 42; // halvings: one more, and rates of neighbors would be rounded to the same number
const CLOSER = 3; // halvings on the way to the boundary
const COARSEST = 16; // pixels along a side of the first blocks
const STEP = 32; // pixels for an arrow key
const ROLL = 100; // of a wheel, for a halving
const TAP = { lasts: 350, far: 24 }; // ms, and pixels from the first to the second
const SHADES = 255; // of what converged; of what diverged one for each step
const VERMILION = "#d55e00";

const within = (value, low, high) => Math.max(low, Math.min(high, value));
const whole = (value) => value.toLocaleString("en-US");
const mixed = (ink, paper, share) => ink.map((one, k) => one + share * (paper[k] - one));
const parts = (color) => color.match(/\w\w/g).map((part) => parseInt(part, 16));

// Runs in a worker: trains the net of every pixel of the view that it was told last, blocks first.
// Of a training it says one number: positive where it converged, the mean loss in terms of that of
// the start, counted as 1 where it is above; negative where it diverged, minus its steps.
function work() {
  const SLICE = 40; // ms without listening
  const PAUSE = 200; // ms from one report to the next
  let task, values, at;
  let x, y, start1, start2, a, b, da, db; // rows of the task one after the other

  function prepare(given) {
    task = given;
    [x, y, start1, start2] = ["x", "y", "first", "second"].map((name) => {
      return Float64Array.from(given[name].flat());
    });
    [a, b, da, db] = [start1, start2, start1, start2].map((one) => one.slice());
  }

  function trained(rate1, rate2) {
    const { steps, lost } = task;
    const inputs = a.length / 2; // of two hidden units
    const outputs = b.length / 2;
    const scale = 2 / y.length;
    a.set(start1);
    b.set(start2);
    let start = 0;
    let effort = 0;
    for (let step = 0; ; step++) {
      da.fill(0);
      db.fill(0);
      let loss = 0;
      for (let i = 0, o = 0; o < y.length; i += inputs, o += outputs) {
        let h0 = 0;
        let h1 = 0;
        for (let k = 0; k < inputs; k++) {
          h0 += a[k] * x[i + k];
          h1 += a[inputs + k] * x[i + k];
        }
        h0 = Math.tanh(h0);
        h1 = Math.tanh(h1);
        let back0 = 0;
        let back1 = 0;
        for (let k = 0; k < outputs; k++) {
          const error = b[2 * k] * h0 + b[2 * k + 1] * h1 - y[o + k];
          const slope = error * scale;
          loss += error * error;
          db[2 * k] += slope * h0;
          db[2 * k + 1] += slope * h1;
          back0 += slope * b[2 * k];
          back1 += slope * b[2 * k + 1];
        }
        back0 *= 1 - h0 * h0;
        back1 *= 1 - h1 * h1;
        for (let k = 0; k < inputs; k++) {
          da[k] += back0 * x[i + k];
          da[inputs + k] += back1 * x[i + k];
        }
      }
      if (step === 0) start = loss;
      const share = loss / start;
      if (step === steps) return share < 1 ? effort / steps : -steps;
      if (!(share < lost)) return -step;
      effort += Math.min(share, 1);
      for (let k = 0; k < a.length; k++) a[k] -= rate1 * da[k];
      for (let k = 0; k < b.length; k++) b[k] -= rate2 * db[k];
    }
  }

  // What is known stays known where the view was moved by whole pixels.
  function moved(view) {
    const { side } = task;
    const fresh = new Float32Array(side * side);
    if (at?.zoom !== view.zoom) return fresh;
    const [right, down] = [view.x - at.x, at.y - view.y];
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const [r, c] = [row + down, column + right];
        if (r < 0 || c < 0 || r >= side || c >= side) continue;
        fresh[row * side + column] = values[r * side + c];
      }
    }
    return fresh;
  }

  onmessage = async ({ data }) => {
    if (data.task) {
      prepare(data.task);
      return;
    }
    const { side, widest } = task;
    const { zoom, coarsest } = data;
    values = moved(data);
    at = data;
    const pixel = widest / side / 2 ** zoom;
    let until = 0; // first listens, for the last of many
    let told = performance.now();
    for (let block = coarsest; block >= 1; block /= 2) {
      for (let row = 0; row < side; row += block) {
        for (let column = 0; column < side; column += block) {
          const place = row * side + column;
          if (values[place]) continue;
          const rate1 = (data.x - side / 2 + column + 0.5) * pixel;
          const rate2 = (data.y + side / 2 - row - 0.5) * pixel;
          values[place] = trained(rate1, rate2);
        }
        const now = performance.now();
        if (now < until) continue;
        if (now > told + PAUSE) {
          told = now;
          postMessage({ view: data, values });
        }
        await new Promise((go) => setTimeout(go));
        if (at !== data) return; // outdated
        until = performance.now() + SLICE;
      }
      postMessage({ view: data, values, done: block === 1 });
    }
  };
}

class Boundary extends Lab {
  styles = STYLES;
  question = "At which pairs of learning rates does a net train?";
  still = matchMedia("(prefers-reduced-motion: reduce)");

  fresh() {
    return { zoom: 0, x: this.data.side / 2, y: this.data.side / 2 };
  }

  write({ zoom, x, y }) {
    return `${zoom}-${x}-${y}`;
  }

  read(word) {
    if (!STATE.test(word)) return null;
    const [zoom, x, y] = word.split("-").map(Number);
    const state = this.inside({ zoom, x, y });
    return zoom <= DEEPEST && state.x === x && state.y === y ? state : null;
  }

  // The nearest state whose view lies in the widest one.
  inside({ zoom, x, y }) {
    const half = this.data.side / 2;
    const last = this.data.side * 2 ** zoom - half;
    return { zoom, x: within(Math.round(x), half, last), y: within(Math.round(y), half, last) };
  }

  build() {
    const { side, steps, x } = this.data;
    this.picture = make("canvas", {
      class: "lab-map",
      width: side,
      height: side,
      tabindex: 0,
      role: "application",
      "aria-label": "Map of trainings: arrow keys move it, plus and minus zoom",
      keydown: (event) => this.press(event),
      wheel: (event) => this.roll(event),
      pointerdown: (event) => this.touch(event),
      pointermove: (event) => this.drag(event),
      pointerup: (event) => this.lift(event),
      pointercancel: (event) => this.fingers.delete(event.pointerId),
    });
    this.pen = this.picture.getContext("2d", { willReadFrequently: true });
    this.fingers = new Map();
    this.rolled = 0;
    const button = (told, click, label) => {
      return make("button", { type: "button", "aria-label": label, click }, told);
    };
    const input = () => this.zoomTo(+this.slider.value);
    this.slider = make("input", { type: "range", id: "lab-zoom", max: DEEPEST, input });
    this.scale = make("b", { "aria-hidden": "true" }); // the slider says it itself
    this.ramps = [0, 1].map(() => make("span", { class: "lab-ramp" }));
    const told =
      `A pixel is a training of ${steps} steps from the one start, on the one set of ${x.length} ` +
      "examples. Drag to move; to zoom pinch, tap twice, or click the picture and turn the wheel.";
    const themes = new MutationObserver(() => this.repaint());
    themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.repaint());
    return [
      make("p", { class: "lab-legend lab-axis" }, "↑ rate of the second layer"),
      this.picture,
      make("p", { class: "lab-legend lab-axis lab-across" }, "rate of the first layer →"),
      make(
        "div",
        { class: "lab-row" },
        button("−", () => this.zoomTo(this.state.zoom - 1), "Zoom out"),
        button("+", () => this.zoomTo(this.state.zoom + 1), "Zoom in"),
        button("To the boundary", () => this.approach()),
      ),
      make("label", { for: "lab-zoom" }, "Zoom:"),
      " ",
      this.scale,
      this.slider,
      this.said,
      make(
        "p",
        { class: "lab-legend lab-key" },
        make("span", {}, "converged: fast ", this.ramps[0], " slowly"),
        make("span", {}, "diverged: slowly ", this.ramps[1], " fast"),
      ),
      make("p", { class: "lab-legend" }, told),
    ];
  }

  show(state) {
    const { zoom, x, y } = state;
    const told = `1 : ${whole(2 ** zoom)}`;
    this.slider.value = zoom;
    set(this.slider, { "aria-valuetext": told });
    tell(this.scale, told);
    this.picture.classList.toggle("lab-near", zoom > 0);
    const { view } = this;
    if (view?.zoom === zoom && view.x === x && view.y === y) return;
    if (view) this.preview(view, state);
    // blocks that are coarser than what the preview shows are not worth their while
    const coarsest = view ? within(2 ** (zoom - view.zoom), 1, COARSEST) : COARSEST;
    this.view = { zoom, x, y, coarsest: zoom > view?.zoom ? coarsest : COARSEST };
    this.found = null;
    this.worker ??= this.hire();
    this.worker.postMessage(this.view);
  }

  hire() {
    const code = new Blob([`(${work})()`], { type: "text/javascript" });
    const worker = new Worker(URL.createObjectURL(code), { type: "module" });
    worker.postMessage({ task: this.data });
    worker.onmessage = ({ data: { view, values, done = false } }) => {
      if (["zoom", "x", "y"].some((name) => view[name] !== this.view[name])) return; // outdated
      this.found = { values, done };
      if (done || !this.still.matches) this.paint();
      if (!done) return;
      const lines = this.sentence(this.state);
      [...this.said.children].forEach((line, k) => tell(line, lines[k]));
    };
    return worker;
  }

  sentence({ zoom, x, y }) {
    const { side, widest } = this.data;
    const pixel = widest / side / 2 ** zoom;
    const [first, second] = [x, y].map((place) => {
      return (place * pixel).toFixed(Math.ceil(-Math.log10(pixel)));
    });
    const end =
      zoom === DEEPEST
        ? " Here the zoom ends: the rates of neighbors differ in the last digits that they have."
        : "";
    return [
      `In the middle: rate ${first} in the first layer, ${second} in the second.`,
      `Zoom 1 : ${whole(2 ** zoom)}.${end}`,
      this.found?.done ? this.outcome() : "The trainings in view are running.",
    ];
  }

  outcome() {
    const all = this.found.values.length;
    const count = this.found.values.filter((value) => value > 0).length;
    const share = Math.round((100 * count) / all);
    const told =
      count % all === 0
        ? count && "All"
        : `${share === 0 ? "Fewer than 1" : share === 100 ? "More than 99" : share} %`;
    return `${told || "None"} of the ${whole(all)} trainings in view converged.`;
  }

  // Shows that place of a state, in pixels right and up from its middle, elsewhere, at another zoom;
  // false where there is nothing to change.
  go({ zoom, x, y }, to, place = [0, 0], elsewhere = place) {
    const next = within(to, 0, DEEPEST);
    const times = 2 ** (next - zoom);
    const state = this.inside({
      zoom: next,
      x: (x + place[0]) * times - elsewhere[0],
      y: (y + place[1]) * times - elsewhere[1],
    });
    const same = Object.entries(state).every(([name, value]) => this.state[name] === value);
    if (!same) this.change(state);
    return !same;
  }

  zoomTo(zoom) {
    this.go(this.state, zoom);
  }

  // Closer to where the boundary is nearest to the middle.
  approach() {
    const { side } = this.data;
    const values = this.found?.values;
    let nearest = null;
    let least = Infinity;
    for (let place = 0; values && place < values.length - side; place++) {
      const row = Math.floor(place / side);
      const column = place % side;
      const far = (row - side / 2) ** 2 + (column - side / 2) ** 2;
      const other = (neighbor) => values[place] * values[neighbor] < 0;
      if (far >= least || !(other(place + side) || (column < side - 1 && other(place + 1)))) continue;
      least = far;
      nearest = [column + 0.5 - side / 2, side / 2 - row - 0.5];
    }
    if (nearest) this.go(this.state, this.state.zoom + CLOSER, nearest, [0, 0]);
  }

  press(event) {
    const { zoom } = this.state;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const zooms = { "+": 1, "=": 1, "-": -1, "−": -1 };
    const { key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const done = moves[key]
      ? this.go(this.state, zoom, [STEP * moves[key][0], STEP * moves[key][1]], [0, 0])
      : zooms[key] && this.go(this.state, zoom + zooms[key]);
    if (done) event.preventDefault();
  }

  // The wheel scrolls the page unless the picture has the focus, or the zoom is at its end.
  roll(event) {
    if (!event.ctrlKey && document.activeElement !== this.picture) return;
    this.rolled -= event.deltaY * (event.deltaMode ? ROLL / 3 : 1) * (event.ctrlKey ? 5 : 1);
    const { zoom } = this.state;
    const to = within(zoom - Math.sign(event.deltaY), 0, DEEPEST);
    if (to !== zoom) event.preventDefault();
    const halvings = Math.trunc(this.rolled / ROLL);
    this.rolled -= halvings * ROLL;
    if (halvings) this.go(this.state, zoom + halvings, this.place(event));
  }

  // Where an event is, in pixels of the picture from its middle.
  place({ clientX, clientY }) {
    const { left, top, width, height } = this.picture.getBoundingClientRect();
    const { side } = this.data;
    return [((clientX - left) / width - 0.5) * side, (0.5 - (clientY - top) / height) * side];
  }

  touch(event) {
    if (event.button) return;
    this.picture.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, this.place(event));
    this.begin();
    this.began = { at: event.timeStamp, place: this.place(event) };
  }

  // What the fingers hold, from now on.
  begin() {
    this.held = { state: this.state, ...this.hand() };
  }

  // The middle of one or two fingers, and how far they are apart.
  hand() {
    const [one, two = one] = this.fingers.values();
    const middle = one.map((value, k) => (value + two[k]) / 2);
    return { middle, apart: Math.hypot(one[0] - two[0], one[1] - two[1]) };
  }

  drag(event) {
    if (!this.fingers.has(event.pointerId)) return;
    this.fingers.set(event.pointerId, this.place(event));
    const { state, middle, apart } = this.held;
    const now = this.hand();
    const halvings = this.fingers.size > 1 ? Math.round(Math.log2(now.apart / apart)) : 0;
    this.go(state, state.zoom + halvings, middle, now.middle);
  }

  lift(event) {
    if (!this.fingers.delete(event.pointerId)) return;
    if (this.fingers.size) {
      this.begin();
      return;
    }
    const place = this.place(event);
    const near = (other) => Math.hypot(place[0] - other[0], place[1] - other[1]) < TAP.far;
    const { at, place: from } = this.began;
    if (event.timeStamp - at > TAP.lasts || !near(from)) return;
    const twice = this.tapped && at - this.tapped.at < TAP.lasts && near(this.tapped.place);
    this.tapped = twice ? null : { at: event.timeStamp, place };
    if (twice) this.go(this.state, this.state.zoom + 1, place);
  }

  // Until the trainings of a new view are done, its part of the old picture.
  preview(old, { zoom, x, y }) {
    const { side } = this.data;
    const times = 2 ** (zoom - old.zoom);
    const copy = make("canvas", { width: side, height: side });
    copy.getContext("2d").drawImage(this.picture, 0, 0);
    const left = (old.x - side / 2) * times - x + side / 2;
    const top = y - (old.y + side / 2) * times + side / 2;
    this.pen.imageSmoothingEnabled = false;
    this.pen.clearRect(0, 0, side, side);
    this.pen.drawImage(copy, left, top, side * times, side * times);
  }

  // In the colors of another theme.
  repaint() {
    this.shades = null;
    if (this.found) this.paint();
  }

  // A training in its color; one that is still to come in that of its block's first, if that ran.
  paint() {
    const { side } = this.data;
    const { values } = this.found;
    const { coarsest } = this.view;
    const shades = (this.shades ??= this.mix());
    const image = this.pen.getImageData(0, 0, side, side);
    const pixels = new Uint32Array(image.data.buffer);
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const place = row * side + column;
        let value = values[place];
        for (let block = 2; !value && block <= coarsest; block *= 2) {
          value = values[(row - (row % block)) * side + column - (column % block)];
        }
        if (value) pixels[place] = shades[value > 0 ? Math.round(SHADES * value) : SHADES - value];
      }
    }
    this.pen.putImageData(image, 0, 0);
  }

  // What is slow lies near the boundary: there the one is most of its color, the other most of paper.
  mix() {
    const theme = getComputedStyle(this);
    const [blue, paper] = ["--data-blue", "--paper"].map((name) => {
      return parts(theme.getPropertyValue(name));
    });
    const { steps } = this.data;
    const colors = [
      ...Array.from({ length: SHADES + 1 }, (_, k) => {
        return mixed(blue, paper, 0.4 * (1 - Math.sqrt(k / SHADES)));
      }),
      ...Array.from({ length: steps }, (_, k) => {
        return mixed(parts(VERMILION), paper, (0.85 * Math.log(k + 1)) / Math.log(steps));
      }),
    ];
    const ends = [0, SHADES, -1, SHADES + 1].map((k) => `rgb(${colors.at(k).map(Math.round)})`);
    this.ramps.forEach((ramp, k) => {
      ramp.style.background = `linear-gradient(to right, ${ends.slice(2 * k, 2 * k + 2)})`;
    });
    const bytes = new Uint8ClampedArray(colors.flatMap((color) => [...color, 255]));
    return new Uint32Array(bytes.buffer);
  }
}

const STYLES = `
.lab-map {
  aspect-ratio: 1;
  display: block;
  width: min(100%, 512px);
  background: var(--paper);
  image-rendering: pixelated;
  touch-action: pan-y; /* until it is zoomed, one finger scrolls the page */
}

.lab-map.lab-near {
  cursor: grab;
  touch-action: none;
}

.lab-room p.lab-axis {
  margin: 0.25rem 0;
}

.lab-room p.lab-across {
  width: min(100%, 512px);
  text-align: right;
}

.lab-room .lab-row {
  justify-content: start;
  gap: 0.5rem;
}

.lab-room p.lab-key {
  display: flex;
  flex-wrap: wrap;
  gap: 0 1.5rem;
  margin-top: 0.5rem;
}

.lab-ramp {
  display: inline-block;
  width: 3.5rem;
  height: 0.8em;
  margin: 0 0.2em;
}
`;

customElements.define("lab-the-boundary", Boundary);
