// The race: stretch a bowl, turn it, and see which of six optimizers is first at its bottom.
import { Lab, make, set, tell } from "../lab.js";
import { adagrad, adam, lion, rmsprop, sgd } from "../optimizers.js";

// In the address: stretch, turn, start, whether all have one rate, and which.
const STATE = /^([12]?\d|30)-([0-3]?\d|4[0-5])-([5-9]|[1-7]\d|8[0-5])-[01]-([0-2]?\d|3[0-5])$/;
const NEAR = 0.01; // of the first distance
const LOST = 1000; // times the first distance
const WATCHED = 1.25; // times as many steps: who leaves again has not arrived
const LASTING = 4000; // ms, all steps; their logarithm grows evenly
const FRAME = 5; // ms of work in a frame
const MOVED = 2; // in one in which a hand moves something
const APART = 2; // px from one point of a path to the next
const LONGEST = 300; // points of a path
const BRIEF = 400; // steps of a path as long as nothing else is known
const [LEAST, MOST] = [5, 85]; // degrees of a start from the flat direction
const KEYS = { Left: -1, Down: -1, Right: 1, Up: 1, PageDown: -10, PageUp: 10, Home: -90, End: 90 };

// Colors, dashes and shapes are those of the book's figures.
const RACERS = [
  ["sgd", "SGD", sgd, "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0"],
  ["momentum", "momentum", (rate) => sgd({ ...rate, momentum: 0.9 }), "M-4-4h8v8h-8z"],
  ["adagrad", "AdaGrad", adagrad, "M-5-4h10l-5,9z"],
  ["rmsprop", "RMSProp", rmsprop, "M0-6l5,6l-5,6l-5-6z"],
  ["adam", "Adam", adam, "M-2-5h4v3h3v4h-3v3h-4v-3h-3v-4h3z"],
  ["lion", "Lion", lion, "M0-6l3.6,6l-3.6,6l-3.6-6z"],
].map(([kind, name, rule, shape]) => ({ kind, name, rule, shape }));

const tenths = (many) => Number((10 ** (many / 10)).toPrecision(2)); // of a decade
const RATES = Array.from({ length: 36 }, (_, k) => tenths(k - 30));
const whole = (value) => value.toLocaleString("en-US");
const within = (value, low, high) => Math.max(low, Math.min(high, value));
const rounded = (digits, value) => Math.round(digits * value) / digits;
const listed = (names) => new Intl.ListFormat("en-GB").format(names);
const least = (steps) => Math.min(...steps.filter((one) => one >= 0));

function turned([u, v], degrees) {
  const [c, s] = [Math.cos, Math.sin].map((of) => of((degrees * Math.PI) / 180));
  return [c * u - s * v, s * u + c * v];
}

// At a distance of 1, so far from the flat direction of a bowl that is turned.
function startAt(angle, turn) {
  return turned([-1, 0], turn - angle);
}

// The bowl's Hessian, [[a, b], [b, c]]: the curvature is 1 in the flat direction.
function bowl(stretch, turn) {
  const [c, s] = turned([1, 0], turn);
  return [c * c + stretch * s * s, (1 - stretch) * s * c, s * s + stretch * c * c];
}

// The first step from which on no more than a hundredth of the distance is left: Infinity where
// that needs more than so many steps, NaN where it is lost. With a path, x and y by turns, goes on
// until that is full.
function descend(step, [a, b, c], [x, y], steps, path) {
  const weights = Float64Array.of(x, y);
  const gradients = new Float64Array(2);
  const net = { weights };
  const first = x * x + y * y;
  const last = path ? path.length / 2 - 1 : WATCHED * steps;
  let arrival = 0;
  for (let n = 0; n <= last; n++) {
    [x, y] = weights;
    if (path) {
      path[2 * n] = x;
      path[2 * n + 1] = y;
    }
    const left = (x * x + y * y) / first;
    if (!(left < LOST ** 2)) return NaN;
    if (left > NEAR ** 2) arrival = n + 1;
    gradients[0] = a * x + b * y;
    gradients[1] = b * x + c * y;
    step(net, gradients);
  }
  return arrival > steps ? Infinity : arrival;
}

class Race extends Lab {
  styles = STYLES;
  question = "Which optimizer is first at the bottom of the bowl, and what makes it so?";
  still = matchMedia("(prefers-reduced-motion: reduce)");
  sliders = {};
  lines = [];

  fresh() {
    return { stretch: 20, turn: 0, start: 30, one: 0, rate: 20 };
  }

  write(state) {
    return Object.values(state).join("-");
  }

  read(word) {
    if (!STATE.test(word)) return null;
    const [stretch, turn, start, one, rate] = word.split("-").map(Number);
    return { stretch, turn, start, one, rate };
  }

  get stretch() {
    return tenths(this.state.stretch);
  }

  build() {
    const field = (name, told, max) => {
      const id = `lab-${name}`;
      const input = () => this.change({ [name]: +slider.value });
      const slider = make("input", { type: "range", id, max, input });
      const value = make("b", { "aria-hidden": "true" });
      this.sliders[name] = [slider, value];
      return make("div", {}, make("label", { for: id }, told), " ", value, slider);
    };
    const change = () => this.change({ one: +!this.state.one });
    this.box = make("input", { type: "checkbox", change });
    const row = make(
      "div",
      { class: "lab-row" },
      field("stretch", "Stretch:", 30),
      field("turn", "Turn:", 45),
      make("label", {}, this.box, " One rate for all"),
      field("rate", "Rate:", RATES.length - 1),
    );
    const seen = "A bowl from above with six paths; the steps that each needs, by learning rate.";
    this.picture = make("svg", { class: "lab-picture", role: "group", "aria-label": seen });
    const told =
      "The curvature is 1 in the flat direction, and the stretch in the steep one. Momentum has " +
      "β = 0.9, the others Keras's settings. Who arrives has a hundredth of the distance left, " +
      `for good and within ${whole(this.data.steps)} steps.`;
    return [row, this.picture, this.said, make("p", { class: "lab-legend" }, told)];
  }

  show({ turn, one, rate }) {
    const told = [whole(this.stretch), `${turn}°`, one ? RATES[rate] : "own best"];
    Object.entries(this.sliders).forEach(([name, [slider, value]], k) => {
      slider.value = this.state[name];
      set(slider, { "aria-valuetext": told[k] });
      tell(value, String(told[k]));
    });
    this.sliders.rate[0].disabled = !one;
    this.box.checked = one;
    if (!this.room) this.search(Infinity);
    if (!this.width) this.frame();
    this.draw();
    this.moved = true;
    this.tick();
  }

  // Goes on frame by frame, until all rates are tried and the runners at their ends.
  tick() {
    if (this.asked || (this.known && !this.moving)) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = null;
      this.search(performance.now() + (this.moved ? MOVED : FRAME));
      this.moved = false;
      this.move();
      this.tick();
    });
  }

  // Tries all rates, up to that time. What was begun is ended first: a hand that goes on moving
  // sees something.
  search(until) {
    while (!this.known && performance.now() < until) {
      this.work ??= this.tries();
      if (!this.work.next().done) continue;
      this.work = null;
      if (!this.room) continue;
      this.draw();
      this.sentence().forEach((line, k) => tell(this.said.children[k], line));
    }
  }

  *tries() {
    const { place } = this;
    const arrivals = RACERS.map(() => []);
    for (const [k, { rule }] of RACERS.entries()) {
      for (const learningRate of RATES) {
        arrivals[k].push(descend(rule({ learningRate }), ...place));
        yield;
      }
    }
    this.tried = { key: place.join(), arrivals };
  }

  get place() {
    const { turn, start } = this.state;
    return [bowl(this.stretch, turn), startAt(start, turn), this.data.steps];
  }

  get known() {
    return this.tried?.key === this.place.join();
  }

  // What stays in the picture, and nodes for what moves.
  frame() {
    const width = (this.width = this.picture.clientWidth || 600);
    const narrow = width < 480;
    const [wide, high] = narrow ? [width, 220] : [0.47 * width, 0.47 * width];
    const left = narrow ? 42 : wide + 62;
    const top = narrow ? high + 52 : 22;
    const room = narrow ? 112 : high - 88;
    const height = top + room + 88;
    const all = this.data.steps;
    const scale = high / 2.5; // px, of 1
    const last = RATES.length - 1;
    const x = (rate) => left + ((width - 6 - left) * rate) / last;
    const y = (steps) => {
      if (!(steps < Infinity)) return top + 8;
      return top + room - (room - 24) * (Math.log(steps || 1) / Math.log(all));
    };
    const put = (parent, tag, attributes, ...told) => {
      return parent.appendChild(make(tag, attributes, ...told));
    };
    const path = (kind, d, parent = this.picture) => {
      return put(parent, "path", { class: `lab-${kind}`, d });
    };
    const text = (x, y, told, side) => {
      return put(this.picture, "text", { x, y, "text-anchor": side }, told);
    };
    this.picture.replaceChildren();
    set(this.picture, { viewBox: `0 0 ${width} ${height}`, height });
    text(0, 14, "the bowl from above; drag the start ○");
    text(left, top - 8, "steps to a hundredth, by rate");
    for (const steps of [1, 10, 100, 1000, Infinity]) {
      path("rule", `M${left},${y(steps)}H${width}`);
      text(left - 6, y(steps) + 4, steps < Infinity ? whole(steps) : "never", "end");
    }
    RATES.forEach((rate, k) => {
      if (Number.isInteger(Math.log10(rate))) text(x(k), top + room + 17, rate, "middle");
    });
    const scene = put(this.picture, "svg", { y: 22, width: wide, height: high });
    const ground = put(scene, "rect", { class: "lab-ground", width: wide, height: high });
    const place = `translate(${wide / 2} ${high / 2}) scale(${scale / 1e3} ${-scale / 1e3})`;
    const plan = put(scene, "g", { transform: place });
    const ovals = Array.from({ length: 11 }, (_, k) => {
      const r = 1400 * 0.72 ** k;
      return `M${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0`;
    });
    const walls = path("walls", ovals.join(""), plan);
    const [from, to] = [LEAST, MOST].map((angle) => startAt(angle, 0).map((one) => 1e3 * one));
    const track = path("track", `M${from}A1e3,1e3 0 0,0 ${to}`, plan);
    const [here, now] = [path("here", `M0,${top}v${room}`), path("here")];
    const racers = RACERS.map(({ kind, name, shape }, k) => {
      const half = (width - left) / 2;
      const [from, line] = [left + (k % 2) * half, height - 46 + 20 * (k >> 1)];
      set(path(kind, shape), { transform: `translate(${from + 6} ${line - 4})` });
      text(from + 18, line, name);
      return {
        told: text(from + half - (k % 2 ? 1 : 14), line, "", "end"),
        way: path(`${kind} lab-way`, null, plan),
        curve: path(`${kind} lab-way`),
        dots: path(`${kind} lab-dots`),
      };
    });
    RACERS.forEach(({ kind, shape }, k) => {
      racers[k].mark = path(`${kind} lab-mark`, shape);
      racers[k].label = path(`${kind} lab-mark`, shape, scene);
      racers[k].runner = path(`${kind} lab-runner`, "M0,0h0", scene);
    });
    const handle = make("g", {
      class: "lab-start",
      role: "slider",
      tabindex: 0,
      "aria-label": "Start",
      "aria-valuemin": LEAST,
      "aria-valuemax": MOST,
      keydown: (event) => this.press(event),
      pointerdown: ({ currentTarget, pointerId }) => currentTarget.setPointerCapture(pointerId),
      pointermove: (event) => this.drag(event),
      touchmove: (event) => event.preventDefault(), // the page stays where it is
    });
    scene.append(handle);
    put(handle, "circle", { r: 22, class: "lab-reach" });
    put(handle, "circle", { r: 8 });
    const px = (value) => rounded(10, scale * value);
    const on = (u, v) => `translate(${wide / 2 + px(u)} ${high / 2 - px(v)})`;
    this.parts = { walls, track, here, now, racers, handle, ground, on, x, y, left, scale };
  }

  draw() {
    const { parts, stretch } = this;
    const { turn, start, one, rate } = this.state;
    const { arrivals } = this.tried;
    this.chosen = arrivals.map((steps) => (one ? rate : steps.indexOf(least(steps))));
    this.steps = arrivals.map((steps, k) => steps[this.chosen[k]]);
    set(parts.walls, { transform: `rotate(${turn}) scale(${Math.sqrt(stretch)} 1)` });
    set(parts.track, { transform: `rotate(${turn})` });
    set(parts.handle, {
      transform: parts.on(...startAt(start, turn)),
      "aria-valuenow": start,
      "aria-valuetext": `${start}° from the flat direction`,
    });
    set(parts.here, { transform: `translate(${parts.x(one ? rate : -99)})` });
    if (parts.arrivals !== arrivals) this.drawChart(parts, arrivals);
    parts.arrivals = arrivals;
    this.drawPaths(parts);
    const ran = [this.place, this.chosen].join();
    if (this.ran !== ran) {
      this.moving = Boolean(this.room) && !this.still.matches;
      this.begun = performance.now();
    }
    this.ran = ran;
    this.move();
  }

  drawChart({ racers, x, y }, arrivals) {
    arrivals.forEach((steps, k) => {
      let [curve, dots, pen] = ["", "", "M"];
      steps.forEach((one, rate) => {
        const place = `${rounded(10, x(rate))},${rounded(10, y(one))}`;
        if (one < Infinity) {
          curve += pen + place;
          dots += `M${place}h0`;
        }
        pen = one < Infinity ? "L" : "M";
      });
      set(racers[k].curve, { d: curve || null });
      set(racers[k].dots, { d: dots || null });
    });
  }

  drawPaths({ racers, on, x, y, scale }) {
    const { chosen, known, place } = this;
    this.paths = this.steps.map((steps, k) => {
      const { way, label, mark, told } = racers[k];
      set(mark, { transform: `translate(${x(chosen[k])} ${y(steps)})` });
      tell(told, steps < Infinity ? whole(steps) : steps ? "never" : "lost");
      const last = known ? Math.min(steps || BRIEF, this.data.steps) : BRIEF;
      const path = new Float64Array(2 * last + 2).fill(NaN);
      descend(RACERS[k].rule({ learningRate: RATES[chosen[k]] }), ...place, path);
      const points = [];
      let half = 0; // where its shape stands
      let [u, v] = [9, 9];
      for (let n = 0; n < path.length && points.length < LONGEST; n += 2) {
        const [one, other] = [path[n], path[n + 1]];
        if (!(Math.abs(one) < 9 && Math.abs(other) < 9)) break;
        if (scale * (Math.abs(one - u) + Math.abs(other - v)) < APART) continue;
        [u, v] = [one, other];
        points.push(`${Math.round(1e3 * u)},${Math.round(1e3 * v)}`);
        if (!half && u * u + v * v < 0.3) half = n;
      }
      set(way, { d: `M${points.join("L")}` });
      set(label, { transform: on(path[half], path[half + 1]) });
      return path;
    });
  }

  // The runners, and in the chart their step, where they are at this moment.
  move() {
    const { racers, now, on, y, left } = this.parts;
    const { steps: all } = this.data;
    const n = Math.round((all + 1) ** ((performance.now() - this.begun) / LASTING)) - 1;
    if (this.paths.every(({ length }) => 2 * n >= length)) this.moving = false;
    set(now, { d: this.moving ? `M${left},${y(n)}H${this.width}` : null });
    this.paths.forEach((path, k) => {
      const [u, v] = path.subarray(Math.min(2 * n, path.length - 2));
      const seen = this.moving && u * u + v * v < 99;
      set(racers[k].runner, { transform: seen ? on(u, v) : on(-9, 9) });
    });
  }

  drag({ buttons, clientX, clientY }) {
    if (!buttons) return;
    const { left, top, width, height } = this.parts.ground.getBoundingClientRect();
    const point = [clientX - left - width / 2, top + height / 2 - clientY];
    const [u, v] = turned(point, -this.state.turn);
    const angle = Math.round((Math.atan2(v, -u) * 180) / Math.PI);
    this.change({ start: within(angle, LEAST, MOST) });
  }

  press(event) {
    const move = KEYS[event.key.replace("Arrow", "")];
    if (!move) return;
    event.preventDefault();
    this.change({ start: within(this.state.start + move, LEAST, MOST) });
  }

  // Of what was known last, as long as not all rates are tried.
  sentence({ one } = this.state) {
    if (this.known) this.lines = [this.ranking(), this.missing(), one ? this.wins() : this.best()];
    return this.lines;
  }

  ranking() {
    const [first, ...others] = this.arrived.sort(([one], [other]) => one - other);
    if (!first) return "Nobody arrives.";
    const [fewest] = first;
    const level = others.filter(([steps]) => steps === fewest);
    const names = [first, ...level].map(([, name]) => name);
    const then = others.slice(level.length).map(([steps, name]) => `${name} ${whole(steps)}`);
    const after = `${whole(fewest)} step${fewest > 1 ? "s" : ""}`;
    return `First: ${listed(names)}, after ${after}${then[0] ? `; then ${listed(then)}` : ""}.`;
  }

  get arrived() {
    const { steps, chosen } = this;
    const all = RACERS.map(({ name }, k) => [steps[k], name, RATES[chosen[k]]]);
    return all.filter(([steps]) => steps < Infinity);
  }

  missing() {
    const those = (told, which) => {
      const names = RACERS.filter((_, k) => which(this.steps[k])).map(({ name }) => name);
      return names[0] ? `${told}: ${listed(names)}. ` : "";
    };
    const never = those("Never there", (steps) => steps === Infinity);
    return never + those("Lost, ever farther away", isNaN) || "All six arrive.";
  }

  best() {
    const ordered = this.arrived.sort(([, , one], [, , other]) => one - other);
    const [[, one, low], [, other, high]] = [ordered[0], ordered.at(-1)];
    const factor = Math.round(high / low);
    return `Best rates: from ${low} (${one}) to ${high} (${other}), ${factor} times as much.`;
  }

  wins() {
    const { arrivals } = this.tried;
    const firsts = RATES.map((_, rate) => least(arrivals.map((steps) => steps[rate])));
    const told = RACERS.map(({ name }, k) => {
      const won = firsts.filter((one, rate) => one < Infinity && arrivals[k][rate] === one);
      return won[0] && `${name} ${won.length}`;
    });
    return `First at how many of the ${firsts.length} rates: ${listed(told.filter(Boolean))}.`;
  }
}

const STYLES = `
.lab-live .lab-room p.lab-sentence {
  min-height: 5.9em;
}

.lab-row > * {
  flex: 1 0 7rem;
}

.lab-picture {
  user-select: none;
}

.lab-picture path {
  fill: none;
  stroke: var(--color);
  stroke-width: 1.5px;
  stroke-linecap: round;
  vector-effect: non-scaling-stroke;
}

.lab-sgd {
  --color: var(--ink);
}

.lab-momentum {
  --color: #2e96d0;
  --dash: 7.5 3;
}

.lab-adagrad {
  --color: #8c8500;
  --dash: 1.8 2.7;
}

.lab-rmsprop {
  --color: #009e73;
  --dash: 9 3 1.5 3;
}

.lab-adam {
  --color: #d55e00;
}

.lab-lion {
  --color: #a65e36;
  --dash: 15 3;
}

.lab-way {
  stroke-dasharray: var(--dash);
}

.lab-picture .lab-dots {
  stroke-width: 3.5px;
}

.lab-picture .lab-runner {
  stroke-width: 9px;
}

.lab-picture .lab-mark {
  fill: var(--color);
  stroke: var(--paper);
  paint-order: stroke;
  stroke-width: 3px;
}

.lab-ground {
  fill: var(--paper);
}

.lab-rule,
.lab-walls {
  --color: var(--rule);
}

.lab-here,
.lab-track {
  --color: var(--accent);
}

.lab-track {
  opacity: 0.5;
}

.lab-start {
  fill: var(--paper);
  stroke: var(--accent);
  stroke-width: 3px;
  cursor: grab;
}

.lab-reach {
  fill: transparent;
  stroke: none;
}

@media (max-width: 40rem) {
  .lab-live .lab-room p.lab-sentence {
    min-height: 10.2em;
  }
}
`;

customElements.define("lab-the-race", Race);
