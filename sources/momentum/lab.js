// The plane: touch a rate and a momentum, and see their ball run down a narrow valley.
import { Lab, make, random, set, tell } from "../lab.js";

// In the address: the state in its order; each try is four digits.
const STATE = /^[0-2]-([1-9]|[1-7]\d|80)-\d\d?(-[01]){2}-\d{1,5}(-((0[1-9]|[1-7]\d|80)\d\d)*){3}$/;
const CAP = 10_000; // steps
const NEAR = 0.01; // of the first distance
const LONG = 3; // times as many steps are shown where there is noise
const LASTING = 6000; // ms, all steps that are shown
const LEVELS = [Infinity, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 1e3, 1500, 2e3, 5e3];
const NAMED = /^[125]0+$/;
const TINY = 1e-9;

const share = (part) => `${Number((100 * part).toPrecision(3))}\xa0%`;
const whole = (value) => value.toLocaleString("en-US");
const within = (value, low, high) => Math.max(low, Math.min(high, value));
const at = ([x, y]) => `${Math.round(1e4 * x) / 1e4},${Math.round(1e4 * y) / 1e4}`;
const line = (points) => `M${points.map(at).join("L")}`;
const dot = (point) => `M${at(point)}h0`;
const drawn = (kind, wide, d) => make("path", { class: `lab-${kind}`, "stroke-width": wide, d });

// The curvature is 1 across the valley and 1 / kappa along it. The ball starts where both have the
// same part in the loss. `noise` are two numbers for each step, added to the two slopes.
export function descend(kappa, rate, beta, steps, noise) {
  const [along, across, left] = [0, 0, 0].map(() => new Float64Array(steps + 1).fill(Infinity));
  let [x, y, dx, dy] = [-1, 1 / Math.sqrt(kappa), 0, 0];
  const first = Math.hypot(x, y);
  for (let n = 0; n <= steps; n++) {
    along[n] = x;
    across[n] = y;
    left[n] = Math.sqrt(x * x + y * y) / first;
    if (left[n] > 1e4) break;
    dx = beta * dx - rate * (x / kappa + (noise?.[2 * n] ?? 0));
    dy = beta * dy - rate * (y + (noise?.[2 * n + 1] ?? 0));
    x += dx;
    y += dy;
  }
  return { along, across, left };
}

// The first step from which on no more than a hundredth of the distance is left.
export function arrival({ left }) {
  const n = left.findLastIndex((part) => !(part <= NEAR)) + 1;
  return n < left.length ? n : Infinity;
}

// In the long run each step multiplies the distance in a direction of that curvature by the larger
// root of r² − (1 + beta − rate × curvature) r + beta. Two complex ones have the size √beta.
export function factor(rate, beta, curvature) {
  const middle = Math.abs(1 + beta - rate * curvature) / 2;
  return middle ** 2 < beta ? Math.sqrt(beta) : middle + Math.sqrt(middle ** 2 - beta);
}

// How much of the distance noise of that deviation leaves in the long run (root mean square).
export function held(kappa, rate, beta, deviation) {
  const variances = [1, 1 / kappa].map((h) => {
    const room = 2 * (1 + beta) - rate * h;
    return (rate * deviation ** 2 * (1 + beta)) / (h * (1 - beta) * room);
  });
  return Math.sqrt((variances[0] + variances[1]) / (1 + 1 / kappa));
}

// The corners of that part of the plane where a hundredth is left after so many steps of the long
// run. At its left edge the ball is so slow along the valley, at its right across, above both ways.
export function corners(kappa, steps) {
  const r = NEAR ** (1 / steps); // 1 after infinitely many: there the ball is not lost
  const left = (beta) => kappa * (1 + beta - r - beta / r);
  const right = (beta) => 1 + beta + r + beta / r;
  const top = r * r;
  const meet = Math.max(0, (left(0) - right(0)) / (1 + 1 / r + kappa * (1 / r - 1)));
  if (meet > top) return [];
  const on = (edge, beta) => [edge(beta), beta];
  return [on(left, meet), on(left, top), on(right, top), on(right, meet)];
}

class Plane extends Lab {
  styles = STYLES;
  question = "Which rate and which momentum bring the ball to rest in the fewest steps?";
  still = matchMedia("(prefers-reduced-motion: reduce)");
  counted = {}; // steps, by points
  noises = {};
  grays = [];
  sliders = [];

  fresh() {
    const key = Math.floor(1e5 * Math.random());
    return { valley: 1, rate: 20, beta: 0, noise: 0, map: 0, key, tries: ["", "", ""] };
  }

  write(state) {
    return Object.values(state).flat().join("-");
  }

  read(word) {
    if (!STATE.test(word)) return null;
    const all = word.split("-");
    const [valley, rate, beta, noise, map, key] = all.map(Number);
    return { valley, rate, beta, noise, map, key, tries: all.slice(6) };
  }

  get valley() {
    return this.data.valleys[this.state.valley];
  }

  get point() {
    return [this.state.rate / 20, this.state.beta / 100];
  }

  // The rate that moves the ball as far without momentum.
  get effective() {
    return this.point[0] / (1 - this.point[1]);
  }

  get deviation() {
    return this.data.noise / Math.sqrt(this.valley.kappa);
  }

  get tries() {
    return (this.state.tries[this.state.valley].match(/.{4}/g) ?? []).map((code) => {
      const point = [code.slice(0, 2) / 20, code.slice(2) / 100];
      return { point, steps: this.steps(point) };
    });
  }

  steps(point) {
    const { kappa } = this.valley;
    return (this.counted[[kappa, point]] ??= arrival(descend(kappa, ...point, CAP)));
  }

  build() {
    const field = (name, told, min, max) => {
      const id = `lab-${name}`;
      const input = () => this.change({ [name]: +slider.value });
      const change = () => this.tried();
      const slider = make("input", { type: "range", id, min, max, input, change });
      const value = make("b", { "aria-hidden": "true" });
      this.sliders.push([slider, value]);
      return make("div", {}, make("label", { for: id }, told), " ", value, slider);
    };
    const fields = [field("rate", "Learning rate:", 1, 80), field("beta", "Momentum β:", 0, 99)];
    const choice = (told, attributes) => make("label", {}, make("input", attributes), ` ${told}`);
    this.valleys = this.data.valleys.map(({ kappa }, k) => {
      const change = () => this.change({ valley: k });
      return choice(whole(kappa), { type: "radio", name: "lab-valley", change });
    });
    const legend = make("legend", {}, "Condition number");
    const valley = make("fieldset", { class: "lab-choice" }, legend, ...this.valleys);
    const change = () => this.change({ noise: +!this.state.noise });
    this.noise = choice("Noise", { type: "checkbox", change });
    const click = () => this.change({ map: +!this.state.map });
    this.map = make("button", { type: "button", click });
    const hand = (event) => this.touch(event);
    this.picture = make("svg", {
      class: "lab-picture",
      role: "img",
      "aria-label": "A plane of rate and momentum; a ball's path in a valley; its distance.",
      pointerdown: hand,
      pointermove: hand,
      pointerup: hand,
    });
    this.note = make("p", { class: "lab-legend" });
    const row = (...nodes) => make("div", { class: "lab-row" }, ...nodes);
    return [row(valley, this.noise, this.map), row(...fields), this.picture, this.said, this.note];
  }

  // A finger or a mouse that began on the plane. Who scrolls the page changes nothing.
  touch({ type, clientX, clientY, buttons }) {
    const { left, top, width, height } = this.parts.ground.getBoundingClientRect();
    const [x, y] = [(clientX - left) / width, 1 - (clientY - top) / height];
    const up = type === "pointerup";
    if (type === "pointerdown") this.held = Math.abs(x - 0.5) < 0.55 && Math.abs(y - 0.5) < 0.55;
    else if (this.held && (up || buttons)) {
      const to = (part, low, high) => within(Math.round(part), low, high);
      this.change({ rate: to(80 * x, 1, 80), beta: to(100 * y, 0, 99) });
      if (up) this.tried();
    }
    if (up) this.held = false;
  }

  // Where the reader lets go is a try, as long as there is no noise.
  tried() {
    const { valley, rate, beta, noise, tries } = this.state;
    const code = [rate, beta].map((one) => String(one).padStart(2, "0")).join("");
    if (noise || tries[valley].endsWith(code)) return;
    this.change({ tries: tries.map((all, k) => (k === valley ? all + code : all)) });
  }

  show({ valley, noise, map, key }) {
    this.valleys.forEach(({ firstChild: one }, k) => (one.checked = k === valley));
    this.sliders.forEach(([slider, value], k) => {
      slider.value = k ? this.state.beta : this.state.rate;
      set(slider, { "aria-valuetext": this.point[k] });
      tell(value, String(this.point[k]));
    });
    this.noise.firstChild.checked = noise;
    tell(this.map, map ? "Hide the map" : "Show the map");
    const ran = [valley, this.point, noise && key].join();
    if (this.ran !== ran) {
      this.ran = ran;
      this.run = this.shown(...this.point);
      const plain = () => this.shown(noise ? this.effective : this.valley.plain.rate, 0);
      this.other = noise ? plain() : (this.grays[valley] ??= plain());
      this.moving = Boolean(this.room) && !this.still.matches;
      this.begun = performance.now();
      this.tick();
    }
    if (!this.width) this.frame();
    this.draw();
  }

  shown(rate, beta) {
    const { valley, noise, key } = this.state;
    const steps = Math.round(this.valley.plain.steps * (noise ? LONG : 1.05));
    const draw = random(key);
    const normal = () => {
      const size = this.deviation * Math.sqrt(-2 * Math.log(1 - draw()));
      return size * Math.cos(2 * Math.PI * draw());
    };
    const numbers = () => Array.from({ length: 2 * steps + 2 }, normal);
    const added = noise ? (this.noises[[valley, key]] ??= numbers()) : null;
    return descend(this.valley.kappa, rate, beta, steps, added);
  }

  // Moves the ball, frame by frame, up to the last step.
  tick() {
    if (this.asked || !this.moving) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = null;
      this.place();
      this.tick();
    });
  }

  // What stays in the picture, and nodes for what moves; each in the units of what it shows.
  frame() {
    const width = (this.width = this.picture.clientWidth || 600);
    const narrow = width < 480;
    const x = narrow ? 36 : 0.48 * width + 52;
    const wide = width - x - 8;
    const plane = narrow ? [28, 22, width - 38, 190] : [28, 22, 0.48 * width - 28, 276];
    const scene = narrow ? [0, 262, width, 92] : [x, 22, wide, 116];
    const chart = narrow ? [x, 380, wide + 8, 80] : [x, 168, wide + 8, 130];
    const height = chart[1] + chart[3] + 24;
    const text = (x, y, told, side = "middle") => {
      return this.picture.appendChild(make("text", { x, y, "text-anchor": side }, told));
    };
    const path = (kind, parent, ...looks) => parent.appendChild(drawn(kind, ...looks));
    const room = ([x, y, width, height], viewBox, kind) => {
      const stretch = { viewBox, preserveAspectRatio: "none", class: `lab-${kind}` };
      const up = make("g", { transform: "scale(1 -1)" });
      this.picture.append(make("svg", { x, y, width, height, ...stretch }, up));
      return up;
    };
    this.picture.replaceChildren();
    set(this.picture, { viewBox: `0 0 ${width} ${height}`, height });
    const [left, top, across, high] = plane;
    const at = (rate, beta) => ({ x: left + (across * rate) / 4, y: top + high * (1 - beta) });
    const half = (1.2 * scene[3]) / scene[2]; // the same scale in both directions
    const [plan, valley, curves] = [
      room(plane, "0 -1 4 1", "plan"),
      room(scene, `-1.2 ${-half} 2.4 ${2 * half}`, "scene"),
      room(chart, `0 -0.5 ${1 + 8 / wide} 3`, "curves"),
    ];
    for (const beta of [0, 0.3, 0.6, 0.9]) text(left - 6, at(0, beta).y + 4, beta, "end");
    for (const rate of [0, 1, 2, 3, 4]) text(at(rate, 0).x, top + high + 17, rate || "rate 0");
    for (const decade of [0, 1, 2]) {
      const y = chart[1] + (chart[3] * (decade + 0.5)) / 3;
      text(x - 6, y + 4, 10 ** -decade, "end");
      path("rule", curves, 1, `M0,${-decade}H1`);
    }
    text(0, top - 8, "momentum β: touch a point", "start");
    text(scene[0], scene[1] - 8, "the ball from above", "start");
    text(scene[0], chart[1] - 8, "distance left", "start");
    const ground = path("ground", plan, 1, "M0,0H4V1H0Z");
    const group = (kind) => plan.appendChild(make("g", { class: `lab-${kind}` }));
    const map = group("map");
    this.parts = {
      at,
      ground,
      bands: LEVELS.map(() => path("band", map)),
      border: path("border", map),
      same: path("dashes", plan),
      names: ["rolls down", "swings", "lost", "○", "★", ...LEVELS].map((told) => {
        return set(text(0, 0, whole(told)), { class: "lab-map" });
      }),
      plain: set(text(0, 0, "▲"), { class: "lab-gray" }),
      tries: group("tries"),
      here: [path("halo", plan, 18), path("here", plan, 14)],
      walls: path("walls", valley),
      way: path("way", valley),
      dots: path("dots", valley, 4),
      ball: path("ball", valley, 14),
      held: path("dashes", curves),
      before: path("before", curves),
      curve: path("curve", curves, 2),
      now: path("now", curves, 9),
      wide,
      x,
      ticks: [0, 1, 2].map(() => text(0, height - 6, "")),
    };
  }

  draw() {
    const { parts, run, state } = this;
    const { noise, map, valley, tries } = state;
    if (parts.valley !== valley) this.drawMap(parts, this.valley);
    parts.valley = valley;
    this.picture.classList.toggle("lab-mapped", map);
    for (const node of parts.here) set(node, { d: dot(this.point) });
    const end = Math.min(this.effective, 4);
    set(parts.same, { d: noise ? line([[0, 1], [end, 1 - end / this.effective]]) : null });
    const tried = noise ? "" : valley + tries[valley];
    if (parts.tried !== tried) parts.tries.replaceChildren(...(noise ? [] : this.dots()));
    parts.tried = tried;
    if (parts.run !== run) this.drawRun(parts, run, this.other);
    parts.run = run;
    this.place();
    tell(this.note, this.legend());
  }

  // The ball and the point of its curve, where they are at this moment.
  place() {
    const { along, across, left } = this.run;
    const last = left.length - 1;
    const now = Math.floor(((performance.now() - this.begun) / LASTING) * last);
    const n = this.moving ? Math.min(now, last) : last;
    if (n === last) this.moving = false;
    const near = (value) => within(value, -9, 9);
    set(this.parts.ball, { d: dot([near(along[n]), near(across[n])]) });
    set(this.parts.now, { d: dot([n / last, near(Math.log10(left[n]))]) });
  }

  drawMap({ at, bands, border, names, plain, walls }, { kappa, ...points }) {
    LEVELS.forEach((level, k) => {
      const found = corners(kappa, level);
      set(bands[k], { d: found.length ? `${line(found)}Z` : null });
    });
    const tip = (Math.sqrt(kappa) - 1) / (Math.sqrt(kappa) + 1);
    const roots = Array.from({ length: 41 }, (_, k) => tip + ((1 - tip) * k) / 40);
    set(border, { d: line(roots.map((root) => [kappa * (1 - root) ** 2, root ** 2])) });
    const places = [
      [0.9, 0.04],
      [2.6, (1 + tip ** 2) / 2 - 0.02],
      [3.3, 0.04],
      [(1 + tip) ** 2, tip ** 2 - 0.02],
      [points.best.rate, points.best.beta - 0.02],
      ...LEVELS.map((level) => {
        const r = NEAR ** (1 / level);
        const beta = (1 - r - 1.5 / kappa) / (1 / r - 1); // where the left edge has the rate 1.5
        const fits = NAMED.test(level) && corners(kappa, level).length;
        return fits && beta > 0 && beta < r * r ? [1.5, beta - 0.02] : [9, 9]; // far outside
      }),
    ];
    places.forEach((place, k) => set(names[k], at(...place)));
    set(plain, at(points.plain.rate, -0.015));
    const ovals = [0.45, 0.32, 0.22, 0.14, 0.08, 0.04, 0.02].map((b) => {
      const a = b * Math.sqrt(kappa);
      return `M${-a},0a${a},${b} 0 1,0 ${2 * a},0a${a},${b} 0 1,0 ${-2 * a},0`;
    });
    set(walls, { d: ovals.join("") });
  }

  dots() {
    const { best, plain } = this.valley;
    return this.tries.flatMap(({ point, steps }) => {
      const good = Math.log(plain.steps / steps) / Math.log(plain.steps / best.steps);
      const wide = 4 + 9 * within(good, 0, 1);
      return [drawn("halo", wide + 3, dot(point)), drawn("try", wide, dot(point))];
    });
  }

  drawRun({ wide, x: edge, way, dots, curve, before, held: level, ticks }, run, other) {
    const last = run.left.length - 1;
    const places = [];
    let [x, y] = [9, 9];
    for (let n = 0; n <= last && run.left[n] < 99 && places.length < 400; n++) {
      const [along, across] = [run.along[n], run.across[n]];
      if (Math.abs(along - x) + Math.abs(across - y) < 0.01) continue;
      [x, y] = [along, across];
      places.push(at([x, y]));
    }
    set(way, { d: `M${places.join("L")}` });
    set(dots, { d: `M${places.join("h0M")}h0` });
    const { noise } = this.state;
    const each = Math.round(((noise ? 3 : 1.5) * last) / wide) || 1; // steps
    const curved = ({ left }) => {
      const points = [];
      for (let n = 0; n <= last && left[n] < Infinity; n += each) {
        let [low, high] = [left[n], left[n]];
        for (const part of left.subarray(n, n + each)) {
          if (part < low) low = part;
          if (part > high) high = part;
        }
        points.push([n / last, Math.log10(low)]);
        if (each > 1) points.push([n / last, Math.min(Math.log10(high), 9)]);
      }
      return line(points);
    };
    set(curve, { d: curved(run) });
    if (this.parts.other !== other) set(before, { d: curved(other) });
    this.parts.other = other;
    const { kappa } = this.valley;
    const height = noise && Math.log10(held(kappa, ...this.point, this.deviation));
    set(level, { d: height ? `M0,${height}H1` : null });
    ticks.forEach((tick, k) => {
      const step = k * kappa * (noise ? LONG : 1);
      set(tick, { x: edge + (wide * step) / last });
      tell(tick, k ? whole(step) : "step 0");
    });
  }

  told() {
    const [across, along] = [1, 1 / this.valley.kappa].map((h) => factor(...this.point, h));
    const size = Math.max(across, along);
    if (size > 1 + TINY) return "It is lost: it jumps from wall to wall, farther each time.";
    let how = "It jumps from wall to wall";
    if (size === along) how = "It rolls down along the valley, and never back";
    if (across === along) how = "It swings along the valley, past the bottom and back";
    return `${how}: in the long run each step leaves ${share(size)} of the distance.`;
  }

  sentence({ noise }) {
    if (noise) return [...this.wanders(), this.told()];
    const steps = this.steps(this.point);
    const { best, plain } = this.valley;
    const least = Math.min(...this.tries.map((one) => one.steps));
    const many = steps < Infinity ? whole(steps) : `more than ${whole(CAP)}`;
    const found = least > 1.1 * best.steps ? "" : ", within a tenth of the best";
    const mine = least < Infinity ? ` Your best so far: ${whole(least)}${found}.` : "";
    return [
      `This point: ${many} steps until a hundredth of the distance is left.${mine}`,
      `The best point: ${best.steps}. Without momentum, at best ${whole(plain.steps)} (gray).`,
      this.told(),
    ];
  }

  wanders() {
    const [rate, beta] = this.point;
    const { effective, valley } = this;
    if (rate > 2 * (1 + beta) - TINY) return ["", ""];
    const far = (...point) => share(held(valley.kappa, ...point, this.deviation).toPrecision(2));
    const without = effective < 2 - TINY ? `${far(effective, 0)} is left` : "it never settles";
    return [
      `The noise keeps it from rest: in the long run ${far(rate, beta)} of the distance is left ` +
        "(root mean square, dashed).",
      `Effective rate, rate / (1 − β): ${+effective.toPrecision(3)}. Without momentum, at that ` +
        `rate (gray), ${without}.`,
    ];
  }

  legend() {
    const { noise, map } = this.state;
    const tried = "▲: the best without momentum. Dots: your tries, larger with fewer steps.";
    return [
      `The valley's curvature is 1 across and 1/${whole(this.valley.kappa)} along.`,
      noise ? "Dashed on the plane: the same effective rate." : tried,
      map ? "Darker: faster in the long run, fastest at ○. ★: fewest steps from this start." : "",
    ].join(" ");
  }
}

const STYLES = `
.lab-live .lab-room p.lab-sentence {
  min-height: 5.9em;
}

.lab-row > div {
  flex: 1;
}

.lab-row fieldset.lab-choice {
  gap: 0 0.8rem;
}

.lab-picture {
  touch-action: pan-y;
  user-select: none;
}

.lab-plan {
  overflow: visible;
}

:where(.lab-picture path) {
  fill: none;
  stroke: var(--data-blue);
  stroke-linecap: round;
  vector-effect: non-scaling-stroke;
}

.lab-ground,
.lab-rule {
  fill: var(--paper);
  stroke: var(--rule);
}

.lab-map {
  opacity: 0;
}

.lab-mapped .lab-map {
  opacity: 1;
}

.lab-band {
  fill: var(--accent);
  fill-opacity: 0.055;
  stroke: var(--accent);
  stroke-opacity: 0.4;
}

.lab-halo,
text.lab-map {
  stroke: var(--paper);
}

text.lab-map {
  stroke-width: 3px;
  paint-order: stroke;
}

.lab-gray {
  fill: var(--muted);
}

.lab-before,
.lab-walls {
  stroke: var(--muted);
}

.lab-walls {
  opacity: 0.5;
}

.lab-border,
.lab-dashes {
  stroke: var(--ink);
}

.lab-dashes {
  stroke-dasharray: 6 4;
}

@media (max-width: 40rem) {
  .lab-live .lab-room p.lab-sentence {
    min-height: 10.2em;
  }
}
`;

customElements.define("lab-the-plane", Plane);
