// The ball and the net: one learning rate for a ball in a valley and for a net that trains.
import { Lab, make, random, set, tell } from "../lab.js";
import { backward, network, sharpness } from "../net.js";

const STATE = /^([0-3]?\d|40)-\d{1,5}-(start|now)$/; // in the address: rate, start, valley
const STEPS = 4000;
const EVERY = 25; // steps from one point of a curve to the next
const LATE = 3000; // from here on it is told what the net does in the end
const LOST = 100; // of 640 runs none came back whose loss had been above 10
const FRAME = 5; // ms of work in a frame
const PACE = 40; // steps in a frame, at most
const BOUNCES = 30; // steps of the ball
const BOUNCE = 60; // ms
const SHARPNESS = "its sharpness"; // the heading of a curve

const rateAt = (position) => Number((10 ** (position / 20 - 2)).toPrecision(2));
const short = (value, digits = 3) => String(Number(value.toPrecision(digits)));
const whole = (value) => value.toLocaleString("en-US");
const within = (value, low, high) => Math.max(low, Math.min(high, value));

// Gradient descent from one start at one rate, done piece by piece.
export class Run {
  step = 0;
  rises = 0; // of the late steps, those that raised the loss
  sharp = []; // at each point of the curve
  loss = []; // the smallest and the largest from each point to the next

  // Where the sharpness of the start is known, it is not measured again.
  constructor({ sizes, x, y }, rate, key, known) {
    Object.assign(this, { x, y, rate, key, known, limit: 2 / rate });
    this.net = network(sizes, "tanh", "mean_squared_error", random(key));
    this.work = this.train();
  }

  *train() {
    const { net, rate, x, y } = this;
    for (; this.step <= STEPS; this.step++) {
      const { loss, gradients } = backward(net, x, y);
      this.lost = !(loss <= LOST);
      if (this.lost) return;
      if (this.step > LATE && loss > this.ended) this.rises += 1;
      this.ended = loss;
      if (this.step % EVERY === 0) {
        const measured = sharpness(net, x, y, gradients, random(0));
        this.sharp.push((this.step ? null : this.known) ?? (yield* measured));
        this.loss.push([loss, loss]);
      }
      const range = this.loss.at(-1);
      range[0] = Math.min(range[0], loss);
      range[1] = Math.max(range[1], loss);
      net.weights = net.weights.map((weight, i) => weight - rate * gradients[i]);
      yield;
    }
  }

  // Works until that step or that time.
  on(step, time = Infinity) {
    while (!this.done && this.step < step && performance.now() < time) {
      this.done = this.work.next().done;
    }
  }
}

class BallAndNet extends Lab {
  styles = STYLES;
  question = "Which learning rate is too large for a ball, and which for a net?";
  still = matchMedia("(prefers-reduced-motion: reduce)");

  fresh() {
    return { position: 6, key: Math.floor(1e5 * Math.random()), valley: "start" };
  }

  write({ position, key, valley }) {
    return `${position}-${key}-${valley}`;
  }

  read(word) {
    if (!STATE.test(word)) return null;
    const [position, key, valley] = word.split("-");
    return { position: +position, key: +key, valley };
  }

  build() {
    this.rate = make("b", { "aria-hidden": "true" }); // the slider says it itself
    const slide = () => this.change({ position: +this.slider.value });
    this.slider = make("input", { type: "range", id: "lab-rate", max: 40, input: slide });
    const label = make("label", { for: "lab-rate" }, "Learning rate:");
    const seen = "A ball's path in a valley; loss and sharpness of a net as it trains.";
    this.picture = make("svg", { class: "lab-picture", role: "img", "aria-label": seen });
    this.valleys = Object.entries({ start: "at its start", now: "now" }).map(([value, told]) => {
      const change = () => this.change({ valley: value });
      const choice = make("input", { type: "radio", name: "lab-valley", value, change });
      return make("label", {}, choice, ` ${told}`);
    });
    const legend = make("legend", {}, "The valley is as steep as the net");
    const valley = make("fieldset", { class: "lab-choice" }, legend, ...this.valleys);
    const click = () => this.change({ key: (this.state.key + 1) % 1e5 });
    const start = make("button", { type: "button", click }, "Another start");
    const row = make("div", { class: "lab-row" }, valley, start);
    new IntersectionObserver((entries) => {
      this.seen ||= entries.some((entry) => entry.isIntersecting);
      this.tick();
    }).observe(this.picture);
    const { sizes, x } = this.data;
    const told =
      `The net: ${sizes.join("-")}, tanh, mean squared error on ${x.length} points of a sine, ` +
      "all in each step. Its sharpness is the curvature of the loss in the steepest direction. " +
      "Loss and sharpness have logarithmic scales.";
    const note = make("p", { class: "lab-legend" }, told);
    return [label, " ", this.rate, this.slider, this.picture, this.said, row, note];
  }

  show({ position, key, valley }) {
    const rate = rateAt(position);
    this.slider.value = position;
    set(this.slider, { "aria-valuetext": String(rate) });
    tell(this.rate, String(rate));
    for (const { firstChild: one } of this.valleys) one.checked = one.value === valley;
    if (this.run?.rate !== rate || this.run.key !== key) {
      if (this.run?.done && !this.run.lost) this.earlier = this.run;
      const known = this.run?.key === key ? this.run.sharp[0] : null;
      this.run = new Run(this.data, rate, key, known);
      this.run.on(1); // up to the sharpness of the start
      this.moving = Boolean(this.room) && !this.still.matches;
      this.begun = performance.now();
      this.tick();
    }
    if (!this.width) this.frame();
    this.draw();
  }

  // Goes on frame by frame, once it was in view, until the net is trained and the ball at rest.
  tick() {
    if (!this.seen || this.asked || (this.run.done && this.parts.bounce === BOUNCES)) return;
    this.asked = requestAnimationFrame(() => {
      const until = performance.now() + FRAME;
      const { run, moving } = this;
      const trained = run.done;
      if (moving) this.draw();
      run.on(moving ? run.step + PACE : Infinity, until);
      this.asked = null;
      this.tick();
      if (trained || !run.done) return;
      this.draw();
      [...this.said.children].forEach((line, k) => tell(line, this.sentence()[k]));
    });
  }

  get bounce() {
    if (!this.moving) return BOUNCES;
    return within(Math.floor((performance.now() - this.begun) / BOUNCE), 0, BOUNCES);
  }

  get curvature() {
    return this.run.sharp.at(this.state.valley === "now" ? -1 : 0);
  }

  // What stays in the picture, and nodes for what moves.
  frame() {
    const width = (this.width = this.picture.clientWidth || 600);
    const narrow = width < 480;
    const room = narrow ? { wide: width, high: 110 } : { wide: 0.38 * width, high: 236 };
    const left = narrow ? 40 : room.wide + 56;
    const top = narrow ? 166 : 22;
    const height = top + 260;
    const x = (point) => left + ((width - 1 - left) * point * EVERY) / STEPS;
    const scene = make("svg", { y: 22, width: room.wide, height: room.high });
    const put = (parent, tag, attributes, ...told) => {
      return parent.appendChild(make(tag, attributes, ...told));
    };
    const path = (kind, parent = this.picture) => put(parent, "path", { class: `lab-${kind}` });
    const text = (x, y, told, side) => {
      return put(this.picture, "text", { x, y, "text-anchor": side }, told);
    };
    const scale = (from, high, lowest, highest, ticks) => {
      const part = (value) => Math.log(highest / value) / Math.log(highest / lowest);
      const y = (value) => from + high * within(part(value), 0, 1);
      for (const tick of ticks) {
        set(path("rule"), { d: `M${left},${y(tick)}H${width}` });
        text(left - 6, y(tick) + 4, whole(tick), "end");
      }
      return y;
    };
    this.picture.replaceChildren(scene);
    set(this.picture, { viewBox: `0 0 ${width} ${height}`, height });
    const loss = scale(top, 66, 1e-4, 100, [0.001, 0.1, 10]);
    const sharp = scale(top + 92, 144, 1.8, 220, [3, 10, 30, 100]);
    text(left, top - 7, "loss of the net");
    for (const step of [0, STEPS / 2, STEPS]) {
      const side = ["start", "middle", "end"][(2 * step) / STEPS];
      text(x(step / EVERY), height - 7, step ? whole(step) : "step 0", side);
    }
    if (!narrow) text(room.wide / 2, height - 7, "weight", "middle");
    this.parts = {
      room,
      x,
      loss,
      sharp,
      ball: text(0, 15, ""),
      heading: text(left, top + 85, SHARPNESS),
      before: path("before"),
      lossCurve: path("blue"),
      sharpCurve: path("steep"),
      dashes: path("dashes"),
      limit: set(text(width, 0, "", "end"), { class: "lab-limit" }),
      valley: path("steep", scene),
      way: path("way", scene),
      dots: path("dots", scene),
      now: put(scene, "circle", { class: "lab-ball", r: 7 }),
    };
  }

  draw() {
    const { parts, run, earlier, curvature, bounce } = this;
    const { x, loss, sharp } = parts;
    const scene = [run.rate, curvature, bounce].join();
    if (parts.drawn !== scene) this.drawBall(parts, curvature, run.rate, bounce);
    Object.assign(parts, { drawn: scene, bounce });
    const points = run.sharp.length + (run.done ? 1 : 0);
    if (run.parts === parts && run.drawn === points) return;
    run.drawn = points;
    const curve = (values) => `M${values.map((value, k) => `${x(k)},${sharp(value)}`).join("L")}`;
    const band = run.loss.map(([low, high], k) => `${x(k)},${loss(low)}V${loss(high)}`);
    set(parts.sharpCurve, { d: curve(run.sharp) });
    set(parts.lossCurve, { d: `M${band.join("L")}` });
    if (run.parts === parts) return;
    run.parts = parts;
    const y = sharp(run.limit);
    set(parts.dashes, { d: `M${x(0)},${y}H${x(STEPS / EVERY)}` });
    set(parts.limit, { y: run.limit > 100 ? y + 16 : y - 6 }); // not where the heading is
    tell(parts.limit, `2 / rate = ${short(run.limit)}`);
    if (!earlier) return;
    set(parts.before, { d: curve(earlier.sharp) });
    tell(parts.heading, `${SHARPNESS}; gray: before, at ${earlier.rate}`);
  }

  // The valley is h w² / 2, and the ball starts where that is 1.
  drawBall({ room, valley, way, dots, now, ball }, h, rate, bounce) {
    const floor = room.high - 9;
    const x = (w) => (room.wide / 2) * (1 + within(w, -1e3, 1e3) / 1.25);
    const y = (loss) => floor * (1 - within(loss, -2, 1e3) / 1.8);
    const edge = 2 / Math.sqrt(h);
    const places = Array.from({ length: BOUNCES + 1 }, (_, k) => {
      const w = -Math.sqrt(2 / h) * (1 - rate * h) ** k;
      return [x(w), y((h * w * w) / 2)];
    });
    set(valley, { d: `M${x(-edge)},${y(2)}Q${x(0)},${y(-2)} ${x(edge)},${y(2)}` });
    set(way, { d: `M${places.join("L")}` });
    set(dots, { d: places.map((place) => `M${place}h0`).join("") });
    const [cx, cy] = places[bounce];
    set(now, { cx, cy });
    tell(ball, `a ball; curvature ${short(h)}`);
  }

  sentence() {
    const { run, curvature } = this;
    const net = `The net: its sharpness ${this.told(run)}`;
    if (!run.done && this.state.valley === "now") {
      return ["The ball: its valley changes while the net trains.", net];
    }
    const factor = (1 - run.rate * curvature).toFixed(2).replace("-", "−");
    const size = Number(factor.replace("−", ""));
    let does = "it swings from side to side";
    if (size > 1) does = "it overshoots farther each time, and is lost";
    if (size < 1) does = "it overshoots, and yet comes closer";
    if (factor[0] !== "−") does = "it comes closer and never overshoots";
    const step = "each step multiplies its distance from the bottom by 1 − rate × curvature";
    return [`The ball: ${step} = ${factor}; ${does}.`, net];
  }

  told({ sharp, limit, lost, done, step, rises, ended }) {
    const above = sharp[0] > limit;
    const where = `${short(sharp[0])}, ${above ? "above" : "below"} 2 / rate = ${short(limit)}`;
    if (!done) return `begins at ${where}. It is training.`;
    const began = `began at ${where}.`;
    if (lost) return `${began} After ${whole(step)} steps its loss is above ${LOST}: it is lost.`;
    const reached = sharp.findIndex((value) => value >= limit);
    const after = `got there after ${whole(reached * EVERY)} steps`;
    const came = reached < 0 ? "never got there" : after;
    const late = sharp.slice(LATE / EVERY);
    const range = `${short(Math.min(...late))} and ${short(Math.max(...late))}`;
    return (
      `${began} ${above ? "A ball is lost there, the net is not: it" : `It ${came}, and`} lay ` +
      `between ${range} in the last ${whole(STEPS - LATE)} steps. ` +
      `The loss rose in ${whole(rises)} of them, and is ${short(ended, 2)} now.`
    );
  }
}

const STYLES = `
.lab-live .lab-room p.lab-sentence {
  min-height: 7.25em;
}

.lab-row {
  margin: 0.5rem 0;
}

.lab-picture path {
  fill: none;
  stroke-width: 2px;
}

.lab-picture .lab-rule {
  stroke: var(--rule);
  stroke-width: 1px;
}

.lab-before {
  stroke: var(--muted);
}

.lab-steep {
  stroke: #d55e00;
}

.lab-blue,
.lab-way,
.lab-dots {
  stroke: var(--data-blue);
}

.lab-picture .lab-way {
  stroke-width: 1px;
}

.lab-picture .lab-dots {
  stroke-linecap: round;
  stroke-width: 5px;
}

.lab-ball {
  fill: var(--data-blue);
}

.lab-dashes {
  stroke: var(--accent); /* as the slider that moves it */
  stroke-dasharray: 7 4;
}

.lab-limit {
  fill: var(--accent);
  stroke: var(--surface);
  stroke-width: 4px;
  paint-order: stroke;
}

@media (max-width: 40rem) {
  .lab-live .lab-room p.lab-sentence {
    min-height: 11.6em;
  }

  .lab-room .lab-row legend {
    width: 100%;
  }
}
`;

customElements.define("lab-the-ball-and-the-net", BallAndNet);
