// The slot machine: bet on one of two settings, see one run of each, and then all of them, by seed.
import { Lab, focus, make, random, set, tell } from "../lab.js";

const LEGEND =
  "Line: the interval, which holds the median over all seeds with 95\xa0% confidence. " +
  "Bar: an experiment's median, nine times in ten; a seed may be drawn twice.";
// In the address: key, rival, seeds in one experiment, then bets and phase against each rival.
const STATE = /^\d{1,5}-[12]-(1?[13579]|2[135])(-([01]*\.(down|all)|[01]+\.up)){2}$/;
const FENCE = 1.5; // as in the book's strips: how far out is too far to be drawn to scale
const DOT = 6.6; // what a dot takes, in pixels
const MARKS = { relu: "●", tanh: "■", sigmoid: "▲", level: "=" };
const FORMS = { // from the middle of a dot
  relu: "m-3.1,0a3.1,3.1 0 1,0 6.2,0a3.1,3.1 0 1,0 -6.2,0z",
  tanh: "m-2.8,-2.8h5.6v5.6h-5.6z",
  sigmoid: "m0,-3.5l3.4,6.2h-6.8z",
  level: "m-3,-2.2h6v1.4h-6zm0,3h6v1.4h-6z",
  low: "m-4,0l7,-3.5v7z",
  high: "m4,0l-7,-3.5v7z",
};

const short = (value) => String(Number(value.toFixed(2)));
const percent = (share) => `${short(100 * share)} %`;
const signed = (share) => (share > 0 ? "+" : "") + short(100 * share).replace("-", "−");
const points = (share) => `${short(100 * Math.abs(share))} points`.replace(/^1 points/, "1 point");
const often = (share) => `${Number((100 * share).toPrecision(2))}\xa0%`;
const ascending = (values) => [...values].sort((a, b) => a - b);
const ends = (values) => [Math.min(...values), Math.max(...values)];

// The book's interval of a median: the k-th value from either end, where fewer than k of n coins
// show heads with a chance of at most 2.5 %.
export function medianInterval(values) {
  const n = values.length;
  const sorted = ascending(values);
  let k = 0;
  let term = 0.5 ** n;
  for (let sum = term; sum <= 0.025; sum += term) {
    k += 1;
    term *= (n - k + 1) / k;
  }
  const median = (sorted[(n - 1) >> 1] + sorted[n >> 1]) / 2;
  return { median, low: sorted[k - 1], high: sorted[n - k] };
}

// How likely more than half of n tosses (n odd) of a coin show its side of that probability.
function majority(n, probability) {
  if (probability >= 1) return 1;
  let term = (1 - probability) ** n;
  let sum = 0;
  for (let k = 0; k <= n; k++) {
    if (2 * k > n) sum += term;
    term *= ((n - k) / (k + 1)) * (probability / (1 - probability));
  }
  return sum;
}

// How often the median of n differences (n odd), drawn with replacement, lies above and below zero.
export function pointing(differences, n) {
  return [1, -1].map((sign) => {
    const found = differences.filter((difference) => Math.sign(difference) === sign);
    return majority(n, found.length / differences.length);
  });
}

// A quantile of that median.
export function quantile(differences, n, share) {
  const reaches = (_, k) => majority(n, (k + 1) / differences.length) >= share - 1e-9;
  return ascending(differences).find(reaches);
}

// The level of each dot above its line, so that none covers another.
function swarm(xs) {
  const rows = [];
  const levels = [];
  for (const k of xs.map((_, index) => index).sort((i, j) => xs[i] - xs[j])) {
    let level = 0;
    while (rows[level] !== undefined && xs[k] - rows[level] < DOT) level += 1;
    rows[level] = xs[k];
    levels[k] = level;
  }
  return levels;
}

// A picture that grows downwards along one axis, which holds the middle half of each group and what
// lies within the fence; what lies further out is an arrow there, with its value.
class Drawing {
  nodes = [];
  y = 0;

  constructor(width, write, groups, also = []) {
    Object.assign(this, { width, write });
    const middles = groups.flatMap((values) => {
      const quarter = values.length >> 2;
      return ends(ascending(values).slice(quarter, -quarter));
    });
    const [from, to] = ends([...middles, ...also]);
    const near = (value) => Math.max(from - value, value - to) <= FENCE * (to - from);
    const values = [...groups.flat(), ...also];
    [this.low, this.high] = ends(values.filter(near));
    const room = (side) => 16 + 7 * Math.max(...groups.map((group) => this.far(group, side).length));
    this.start = room("low");
    this.end = width - room("high");
  }

  side(value) {
    return value < this.low ? "low" : value > this.high ? "high" : "";
  }

  far(values, side) {
    const found = values.filter((value) => this.side(value) === side);
    return ascending(found).map(this.write).join(", ");
  }

  x(value) {
    const part = (value - this.low) / (this.high - this.low);
    const edges = { low: 5, high: this.width - 5 };
    return edges[this.side(value)] ?? this.start + part * (this.end - this.start);
  }

  text(x, y, told, anchor = "middle") {
    this.nodes.push(make("text", { x, y, "text-anchor": anchor }, ...[told].flat()));
  }

  line(d, kind = "line", arm) {
    this.nodes.push(make("path", { class: `lab-${kind}`, "data-arm": arm, d }));
  }

  // Dots above their line, each a value of a kind and an arm; words on them stand left and right.
  lane(left, right, dots) {
    const values = dots.map(([value]) => value);
    const levels = swarm(values.map((value) => this.x(value)));
    const base = this.y + 26 + DOT * Math.max(2, ...levels);
    dots.forEach(([value, kind, arm], at) => {
      const form = FORMS[this.side(value) || arm];
      this.line(`M${this.x(value)},${base - DOT * levels[at]}${form}`, kind, arm);
    });
    this.text(12, base + 3, this.far(values, "low"), "start");
    this.text(this.width - 12, base + 3, this.far(values, "high"), "end");
    this.text(0, this.y + 14, left, "start");
    this.text(this.width, this.y + 14, right, "end");
    this.line(`M0,${base + 4.5}H${this.width}`);
    this.y = base;
  }

  beneath(value, y, told) {
    const half = told.length * 2.9;
    this.text(Math.max(Math.min(this.x(value), this.width - half), half), y, told);
    this.y = y + 11;
  }

  // The axis ends the picture.
  into(picture, title, label) {
    const { width, y } = this;
    this.line(`M0,${y}H${width}`);
    for (let tick = Math.ceil(this.low * 100); tick <= this.high * 100; tick++) {
      const x = this.x(tick / 100);
      this.line(`M${x},${y}v5`);
      this.text(x, y + 19, this.write(tick / 100));
    }
    this.text(width / 2, y + 38, title);
    picture.replaceChildren(...this.nodes);
    set(picture, { viewBox: `0 0 ${width} ${y + 44}`, height: y + 44, "aria-label": label });
  }
}

class SlotMachine extends Lab {
  styles = STYLES;
  question = "Which activation is better over all seeds?";

  // A game per rival, which are the arms from the second on: who leaves one finds it as it was.
  fresh() {
    const games = this.data.arms.slice(1).map(() => ({ bets: "", phase: "down" }));
    return { key: Math.floor(1e5 * Math.random()), rival: 1, runs: 1, games };
  }

  write({ key, rival, runs, games }) {
    return [key, rival, runs, ...games.map(({ bets, phase }) => `${bets}.${phase}`)].join("-");
  }

  read(word) {
    if (!STATE.test(word)) return null;
    const [key, rival, runs, ...played] = word.split("-");
    const games = played.map((game) => game.split(".")).map(([bets, phase]) => ({ bets, phase }));
    return { key: +key, rival: +rival, runs: +runs, games };
  }

  get game() {
    return this.state.games[this.state.rival - 1];
  }

  play(changes) {
    const games = [...this.state.games];
    games[this.state.rival - 1] = { ...this.game, ...changes };
    this.change({ games });
  }

  // The two settings in play, and the deals so far: two runs, what they reached, who is ahead.
  get arms() {
    return [this.data.arms[0], this.data.arms[this.state.rival]];
  }

  get differences() {
    const [a, b] = this.arms;
    return a.values.map((value, seed) => +(value - b.values[seed]).toFixed(6));
  }

  get deals() {
    const draw = random(this.state.key + 1e5 * this.state.rival);
    return [...this.game.bets].map((bet) => {
      const runs = this.arms.map((arm) => Math.floor(draw() * arm.values.length));
      const reached = this.arms.map((arm, k) => arm.values[runs[k]]);
      const gap = reached[0] - reached[1];
      const ahead = gap === 0 ? null : gap > 0 ? 0 : 1;
      return { runs, reached, gap, ahead, bet: +bet };
    });
  }

  build() {
    const rivals = this.data.arms.slice(1).map((arm, k) => {
      const choose = () => this.change({ rival: k + 1 });
      const choice = { type: "radio", name: "lab-rival", value: k + 1, change: choose };
      return make("label", {}, make("input", choice), ` ${arm.label}`);
    });
    const against = make("legend", {}, `${this.data.arms[0].label} against`);
    this.rivals = make("fieldset", { class: "lab-choice" }, against, ...rivals);
    this.cards = [0, 1].map((k) => this.card(k));
    const deal = { type: "button", class: "lab-go", click: () => this.dealAgain() };
    this.again = make("button", deal, "Deal again");
    this.all = make("button", { type: "button", click: () => this.turn() });
    this.table = make("div", { class: "lab-cards" }, ...this.cards.map((card) => card.button));
    const buttons = make("p", { class: "lab-buttons" }, this.again, this.all);
    this.count = make("b", { "aria-hidden": "true" }); // the slider says it itself
    this.slider = make("input", {
      type: "range",
      id: "lab-seeds",
      min: 1,
      max: 25,
      step: 2,
      input: () => this.change({ runs: +this.slider.value }),
    });
    const label = make("label", { for: "lab-seeds" }, "Seeds in one experiment:");
    this.strip = make("svg", { class: "lab-picture", role: "img", "aria-label": this.question });
    const legend = make("p", { class: "lab-legend" }, LEGEND);
    this.found = make("div", {}, this.strip, legend);
    this.many = make("div", {}, label, " ", this.count, this.slider);
    this.picture = make("svg", { class: "lab-picture", role: "img" });
    const { found, said, many } = this;
    return [this.rivals, this.table, buttons, found, said, many, this.picture];
  }

  card(k) {
    const card = {};
    for (const name of "mark bet back name reached run result face turn".split(" ")) {
      card[name] = make("span", { class: `lab-${name}` });
    }
    card.back.append(set(card.mark, { "aria-hidden": "true" }), card.bet);
    card.face.append(card.name, card.reached, card.run, card.result);
    card.turn.append(card.back, card.face);
    const button = { type: "button", class: "lab-card", click: () => this.bet(k) };
    card.button = make("button", button, card.turn);
    return card;
  }

  bet(k) {
    this.play({ bets: this.game.bets + k, phase: "up" });
    this.room.classList.add("lab-dealt");
    focus(this.again);
  }

  dealAgain() {
    this.play({ phase: "down" });
    focus(this.cards[this.game.bets.at(-1)].button);
  }

  // All runs up, or back to the last deal.
  turn() {
    const { bets, phase } = this.game;
    if (phase === "all") return this.play({ phase: bets ? "up" : "down" });
    this.play({ phase: "all" });
    focus(this.slider);
  }

  show({ key, rival, runs }) {
    const { arms, deals, game } = this;
    const all = game.phase === "all";
    const up = game.phase === "up";
    this.room?.classList.remove("lab-dealt");
    for (const input of this.rivals.querySelectorAll("input")) {
      input.checked = +input.value === rival;
    }
    this.table.hidden = this.again.hidden = all;
    this.found.hidden = this.many.hidden = !all;
    this.again.disabled = !up;
    tell(this.all, all ? "Back to dealing" : `Turn up all ${arms[0].values.length} of each`);
    this.slider.value = runs;
    tell(this.count, String(runs));
    this.width ||= this.picture.clientWidth || 640; // to measure it anew would cost a layout
    const drawn = JSON.stringify([this.width, key, rival, game]);
    if (this.drawn !== drawn) {
      if (all) this.drawDifferences(arms);
      else this.cards.forEach((card, k) => this.showCard(card, k, arms[k], deals.at(-1), up));
      this.drawRuns(arms, deals, all);
    }
    this.drawn = drawn;
    if (all) this.moveBar(runs);
  }

  showCard(card, k, arm, deal, up) {
    set(card.button, { disabled: up, "data-arm": arm.name });
    card.button.classList.toggle("lab-up", up);
    set(card.back, { "aria-hidden": String(up) });
    set(card.face, { "aria-hidden": String(!up) });
    tell(card.mark, MARKS[arm.name]);
    tell(card.bet, `Bet on ${arm.label}`);
    if (!up) return; // it turns with what it showed
    card.button.classList.toggle("lab-ahead", deal.ahead === k);
    tell(card.name, `${arm.label}${deal.bet === k ? ", your bet" : ""}`);
    tell(card.reached, percent(deal.reached[k]));
    tell(card.run, `seed ${deal.runs[k] + 1} of ${arm.values.length}`);
    const behind = deal.ahead === null ? "level" : "behind";
    tell(card.result, deal.ahead === k ? `${points(deal.gap)} ahead` : behind);
  }

  drawRuns(arms, deals, all) {
    const drawing = new Drawing(this.width, percent, this.data.arms.map((arm) => arm.values));
    const told = arms.map((arm, k) => {
      const dealt = new Set(deals.map((deal) => deal.runs[k]));
      const runs = all ? [...arm.values.keys()] : [...dealt];
      const last = deals.at(-1)?.runs[k];
      const kind = (run) => (run === last ? "last" : dealt.has(run) ? "drawn" : "rest");
      drawing.lane(
        [mark(arm.name), ` ${arm.label}`],
        `learning rate ${arm.rate}`,
        runs.map((run) => [arm.values[run], kind(run), arm.name]),
      );
      const { median } = medianInterval(arm.values);
      const words = `median ${percent(median)}`;
      if (all) {
        drawing.line(`M${drawing.x(median)},${drawing.y + 3.5}v14`, "median");
        drawing.beneath(median, drawing.y + 31, words);
      } else drawing.y += 14;
      return all ? `${arm.label}, ${words}` : arm.label;
    });
    const which = all ? `all ${arms[0].values.length} runs` : "the runs dealt";
    const label = `Test accuracy of ${which} of ${told.join(" and of ")}.`;
    drawing.into(this.picture, "test accuracy", label);
  }

  drawDifferences(arms) {
    const found = this.differences;
    const { low, high, median } = medianInterval(found);
    const drawing = new Drawing(this.width, signed, [found], [low, high, 0]);
    const sides = [...arms, { name: "level", label: "level" }];
    const side = (one) => sides[one > 0 ? 0 : one < 0 ? 1 : 2];
    const counts = sides.map((each) => {
      return `${each.label} ${found.filter((one) => side(one) === each).length}`;
    });
    drawing.lane(
      ["Ahead: ", ...sides.flatMap(({ name }, k) => [mark(name), ` ${counts[k]}\xa0 `])],
      "",
      found.map((one) => [one, "rest", side(one).name]),
    );
    const y = drawing.y;
    const [from, to, at, zero] = [low, high, median, 0].map((one) => drawing.x(one));
    drawing.line(`M${zero},22V${y + 28}`, "zero");
    drawing.line(`M${from},${y + 12}H${to}M${at},${y + 6}v12`, "median");
    drawing.line("", "bar");
    this.bar = (left, right) => `M${drawing.x(left) - 2},${y + 24}H${drawing.x(right) + 2}`;
    const range = `${signed(low)} to ${signed(high)}`;
    const told = `median difference ${signed(median)}, interval ${range}`;
    drawing.beneath(median, y + 44, told);
    const title = `${arms[0].label} minus ${arms[1].label} at the same seed, in points`;
    drawing.into(this.strip, title, `Ahead: ${counts.join(", ")}; ${told}.`);
  }

  moveBar(runs) {
    const [left, right] = [0.05, 0.95].map((share) => quantile(this.differences, runs, share));
    set(this.strip.querySelector(".lab-bar"), { d: this.bar(left, right) });
  }

  sentence() {
    const { arms, deals, game } = this;
    const [a, b] = arms.map((arm) => arm.label);
    if (game.phase === "all") return this.verdict(a, b);
    const [first, second, level] = [0, 1, null].map(
      (k) => deals.filter((deal) => deal.ahead === k).length,
    );
    const rest = level ? `; they were level in ${level}` : "";
    const n = deals.length;
    const tally = `${a} was ahead in ${first} of ${n} deals, ${b} in ${second}${rest}.`;
    if (game.phase === "down") {
      const see = `see one of ${arms[0].values.length} runs of each`;
      return [`Bet on the better one, and ${see}.`, n > 1 ? tally : ""];
    }
    const { ahead, bet, gap, reached } = deals.at(-1);
    const now =
      ahead === null
        ? `both reach ${percent(reached[0])}`
        : `${[a, b][ahead]} leads by ${points(gap)}: ${ahead === bet ? "for" : "against"} your bet`;
    return [`In this draw ${now}.`, n > 1 ? tally : "One draw is no proof. Deal again."];
  }

  // What all seeds say, then how often so few say it.
  verdict(a, b) {
    const found = this.differences;
    const { low, high, median } = medianInterval(found);
    const better = low > 0 ? a : high < 0 ? b : null;
    const n = found.length;
    const bets = [...this.game.bets];
    const right = bets.filter((bet) => [a, b][bet] === better).length;
    const judged = bets.length ? `Your bets: ${right} of ${bets.length} right.` : "";
    const of = "the median of the differences at the same seed";
    const told = better
      ? `${better} is better here, by ${points(median)}, ${of}. ${judged}`
      : `${n} seeds do not tell which is better: ${of} is ${signed(median)}, and its line reaches ` +
        "to both sides of zero. So no bet is right or wrong.";
    const point = (differences, size) => {
      const [above, below] = pointing(differences, size);
      const to = (name) => `${better && name !== better ? "wrongly " : ""}to ${name}`;
      return `points ${to(a)} in ${often(above)} of cases, ${to(b)} in ${often(below)}.`;
    };
    const { runs } = this.state;
    const values = this.arms.map((arm) => arm.values);
    const pairs = values[0].flatMap((one) => values[1].map((other) => one - other));
    return [
      told,
      `A deal, any run of each, ${point(pairs, 1)}`,
      "Two runs from one seed share its luck. " +
        `An experiment, ${runs} of the ${n} seeds for both, ${point(found, runs)}`,
    ];
  }
}

const mark = (name) => make("tspan", { "data-arm": name }, MARKS[name]);

const STYLES = `
.lab-room [data-arm="relu"] {
  --arm: var(--data-blue);
}

.lab-room [data-arm="tanh"] {
  --arm: #d55e00;
}

.lab-room [data-arm="sigmoid"] {
  --arm: #009e73;
}

.lab-line {
  stroke: var(--rule);
}

.lab-median {
  stroke: var(--ink);
  stroke-width: 2.5px;
}

.lab-zero {
  stroke: var(--muted);
}

.lab-bar {
  stroke: var(--accent); /* as the slider that moves it */
  stroke-width: 8px;
}

.lab-picture [data-arm] {
  fill: var(--arm, var(--ink));
}

.lab-drawn,
.lab-last {
  stroke: var(--ink);
  stroke-width: 1.2px;
}

/* two cards: the back is a bet, the face what was drawn */
.lab-cards {
  display: grid;
  grid-template-columns: 1fr 1fr;
  gap: 0.9rem;
  margin: 0.5rem 0 0.9rem;
  perspective: 60rem;
}

.lab-room .lab-card {
  display: block;
  height: 9.5rem;
  padding: 0;
  color: var(--ink);
  background: none;
  border: 0;
}

.lab-card .lab-turn {
  display: block;
  position: relative;
  height: 100%;
  transform-style: preserve-3d;
  transition: transform 0.55s;
}

.lab-up .lab-turn {
  transform: rotateY(180deg);
}

.lab-card :is(.lab-back, .lab-face) {
  position: absolute;
  inset: 0;
  display: flex;
  flex-direction: column;
  align-items: center;
  justify-content: center;
  background: var(--paper);
  border: 2px solid var(--arm);
  border-radius: 8px;
  backface-visibility: hidden;
}

.lab-mark {
  color: var(--arm);
  font-size: 1.9rem;
}

.lab-card .lab-face {
  border-color: var(--rule);
  font-weight: 400;
  transform: rotateY(180deg);
}

.lab-ahead .lab-face {
  border-color: var(--arm);
}

.lab-card .lab-reached {
  font-size: clamp(1.5rem, 6.5vw, 2.25rem);
  font-weight: 650;
}

.lab-card .lab-run {
  font-size: 0.8125rem;
  color: var(--muted);
}

.lab-room p.lab-buttons {
  display: flex;
  flex-wrap: wrap;
  gap: 0.75rem;
  margin: 0;
}

.lab-buttons :disabled {
  opacity: 0.45;
}

/* what a deal shows waits for its cards; without motion it is there at once */
@media (prefers-reduced-motion: no-preference) {
  .lab-dealt :is(.lab-last, .lab-sentence) {
    animation: lab-arrive 0.3s 0.6s backwards;
  }

  @keyframes lab-arrive {
    from {
      opacity: 0;
    }
  }
}
`;

customElements.define("lab-the-slot-machine", SlotMachine);
