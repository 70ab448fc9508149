// The slot machine: bet on one of two settings, see one run of each, and then all of them.
import { Lab, make, random, set, tell } from "../lab.js";

const MOST_DEALS = 40;
const MOST_RUNS = 25; // of each in one draw
const DOT = 6.6; // what a dot takes, in pixels
const MARKS = { relu: "●", tanh: "■", sigmoid: "▲" };
const FORMS = { // from the middle of a dot
  relu: "m-3.1,0a3.1,3.1 0 1,0 6.2,0a3.1,3.1 0 1,0 -6.2,0z",
  tanh: "m-2.8,-2.8h5.6v5.6h-5.6z",
  sigmoid: "m0,-3.5l3.4,6.2h-6.8z",
};

const percent = (share) => `${short(100 * share)} %`;
const points = (share) => {
  const told = short(100 * Math.abs(share));
  return `${told} ${told === "1" ? "point" : "points"}`;
};
const short = (value) => String(Number(value.toFixed(2)));
const outOf100 = (share) =>
  share > 0 && share < 0.005 ? "fewer than 1" : String(Math.round(100 * share));

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}

// The median of n runs (n odd) drawn with replacement: each value it can have, and how likely.
export function medians(values, n) {
  const known = KNOWN.get(values) ?? [];
  KNOWN.set(values, known);
  if (known[n]) return known[n];
  const sorted = [...values].sort((a, b) => a - b);
  let before = 0;
  known[n] = [];
  sorted.forEach((value, k) => {
    if (value === sorted[k + 1]) return;
    const below = atLeastHalf(n, (k + 1) / sorted.length);
    known[n].push({ value, share: below - before });
    before = below;
  });
  return known[n];
}

const KNOWN = new WeakMap(); // values -> medians by n, for a slider that moves back and forth

// How likely more than half of n tosses (n odd) of a coin show its side of that probability.
function atLeastHalf(n, probability) {
  if (probability >= 1) return 1;
  let term = (1 - probability) ** n;
  let sum = 0;
  for (let k = 0; k <= n; k++) {
    if (2 * k > n) sum += term;
    term *= ((n - k) / (k + 1)) * (probability / (1 - probability));
  }
  return sum;
}

// How often draws of n runs of each point the other way than all runs do, and how often nowhere.
export function against(a, b, n) {
  const direction = Math.sign(median(a) - median(b));
  const shares = { wrong: 0, level: 0 };
  for (const one of medians(a, n)) {
    for (const other of medians(b, n)) {
      const sign = Math.sign(one.value - other.value);
      if (sign === 0) shares.level += one.share * other.share;
      else if (sign === -direction) shares.wrong += one.share * other.share;
    }
  }
  return shares;
}

function quantile(found, share) {
  let sum = 0;
  return found.find((one) => (sum += one.share) >= share - 1e-9).value;
}

class SlotMachine extends Lab {
  styles = STYLES;
  question = "Which activation tells the moons apart better? Bet on one, then see one run of each.";

  fresh() {
    const [key] = crypto.getRandomValues(new Uint32Array(1));
    return { key: key % 100000, rival: "sigmoid", bets: "", phase: "down", runs: 1 };
  }

  write({ key, rival, bets, phase, runs }) {
    return [key, rival, bets, phase, runs].join("-");
  }

  read(word) {
    const found = /^(\d{1,5})-([a-z]+)-([ab]*)-(up|down|all)-(\d{1,2})$/.exec(word);
    if (!found) return null;
    const [, key, rival, bets, phase, runs] = found;
    const known = this.data.arms.slice(1).some((arm) => arm.name === rival);
    const played = bets.length <= MOST_DEALS && (phase !== "up" || bets);
    const odd = runs % 2 === 1 && runs <= MOST_RUNS;
    return known && played && odd ? { key: +key, rival, bets, phase, runs: +runs } : null;
  }

  // The two settings in play, and the deals so far: two runs, what they reached, who is ahead.
  arms({ rival }) {
    return [this.data.arms[0], this.data.arms.find((arm) => arm.name === rival)];
  }

  deals(state) {
    const { key, bets } = state;
    const draw = random(key);
    const arms = this.arms(state);
    return [...bets].map((bet) => {
      const runs = arms.map((arm) => Math.floor(draw() * arm.values.length));
      const reached = arms.map((arm, k) => arm.values[runs[k]]);
      const gap = reached[0] - reached[1];
      const ahead = gap === 0 ? null : gap > 0 ? 0 : 1;
      return { runs, reached, gap, ahead, bet: bet === "a" ? 0 : 1 };
    });
  }

  build() {
    const rivals = this.data.arms.slice(1).map((arm) =>
      make(
        "label",
        {},
        make("input", {
          type: "radio",
          name: "lab-rival",
          value: arm.name,
          change: () => this.change({ ...this.fresh(), rival: arm.name }),
        }),
        ` ${arm.label}`,
      ),
    );
    this.rivals = make(
      "fieldset",
      { class: "lab-choice" },
      make("legend", {}, `${this.data.arms[0].label} against`),
      ...rivals,
    );
    this.cards = [0, 1].map((k) => this.card(k));
    const deal = { type: "button", class: "lab-go", click: () => this.dealAgain() };
    this.again = make("button", deal, "Deal again");
    this.all = make("button", { type: "button", click: () => this.turnUp() });
    this.table = make("div", { class: "lab-cards" }, ...this.cards.map((card) => card.button));
    this.buttons = make("p", { class: "lab-buttons" }, this.again, this.all);
    this.count = make("output", {});
    this.slider = make("input", {
      type: "range",
      min: 1,
      max: MOST_RUNS,
      step: 2,
      input: () => this.change({ runs: Number(this.slider.value) }),
    });
    this.many = make(
      "label",
      { class: "lab-slider" },
      make("span", {}, "Draw more runs of each and compare their medians: ", this.count),
      this.slider,
    );
    this.record = make("ol", { class: "lab-record", "aria-label": "Your deals" });
    this.picture = make("svg", { class: "lab-picture", role: "img" });
    this.legend = make("p", { class: "lab-legend" });
    const controls = [this.rivals, this.table, this.buttons, this.many];
    return [...controls, this.said, this.record, this.picture, this.legend];
  }

  card(k) {
    const part = (name) => make("span", { class: `lab-${name}` });
    const [mark, bet] = ["mark", "bet"].map(part);
    const [name, reached, run, result] = ["name", "reached", "run", "result"].map(part);
    const back = make("span", { class: "lab-back" }, set(mark, { "aria-hidden": "true" }), bet);
    const face = make("span", { class: "lab-face" }, name, reached, run, result);
    const button = make(
      "button",
      { type: "button", class: "lab-card", click: () => this.bet(k) },
      make("span", { class: "lab-turn" }, back, face),
    );
    return { button, back, face, mark, bet, name, reached, run, result };
  }

  bet(k) {
    this.change({ bets: this.state.bets + "ab"[k], phase: "up" });
    this.room.classList.add("lab-dealt");
    (this.again.hidden ? this.all : this.again).focus();
  }

  dealAgain() {
    this.change({ phase: "down" });
    this.cards["ab".indexOf(this.state.bets.at(-1))].button.focus();
  }

  turnUp() {
    this.change({ phase: "all" });
    this.slider.focus();
  }

  show(state) {
    const arms = this.arms(state);
    const deals = this.deals(state);
    const all = state.phase === "all";
    this.room?.classList.remove("lab-dealt");
    for (const input of this.rivals.querySelectorAll("input")) {
      input.checked = input.value === state.rival;
    }
    this.table.hidden = all;
    this.buttons.hidden = all;
    this.many.hidden = !all;
    this.again.hidden = state.phase !== "up" || deals.length >= MOST_DEALS;
    tell(this.all, `Turn up all ${arms[0].values.length} of each`);
    if (this.slider.value !== String(state.runs)) this.slider.value = state.runs;
    tell(this.count, String(state.runs));
    if (!all) {
      const up = state.phase === "up";
      this.cards.forEach((card, k) => this.showCard(card, k, arms[k], deals.at(-1), up));
    }
    this.showRecord(arms, deals);
    this.draw(arms, deals, state);
  }

  showCard(card, k, arm, deal, up) {
    set(card.button, { disabled: up, "data-arm": arm.name });
    card.button.classList.toggle("lab-up", up);
    set(card.back, { "aria-hidden": String(up) });
    set(card.face, { "aria-hidden": String(!up) });
    card.mark.textContent = MARKS[arm.name];
    card.bet.textContent = `Bet on ${arm.label}`;
    if (!up) return; // it turns with what it showed
    card.button.classList.toggle("lab-ahead", deal.ahead === k);
    card.name.textContent = `${arm.label}${deal.bet === k ? ", your bet" : ""}`;
    card.reached.textContent = percent(deal.reached[k]);
    card.run.textContent = `run ${deal.runs[k] + 1} of ${arm.values.length}`;
    const behind = deal.ahead === null ? "level" : "behind";
    card.result.textContent = deal.ahead === k ? `ahead by ${points(deal.gap)}` : behind;
  }

  showRecord(arms, deals) {
    while (this.record.children.length > deals.length) this.record.lastChild.remove();
    deals.forEach((deal, k) => {
      const arm = arms[deal.ahead];
      const right = deal.ahead === null ? "" : deal.ahead === deal.bet ? "✓" : "✗";
      const guess = right === "✓" ? "right" : "wrong";
      const told = arm ? `${arm.label} ahead, you bet ${guess}` : "level";
      const item = this.record.children[k] ?? this.record.appendChild(make("li", {}));
      if (item.dataset.told === told) return;
      item.dataset.told = told;
      item.replaceChildren(
        make("span", { "aria-hidden": "true", "data-arm": arm?.name }, arm ? MARKS[arm.name] : "="),
        make("span", { "aria-hidden": "true", class: "lab-right" }, right),
        make("span", { class: "lab-unseen" }, told),
      );
    });
    this.record.hidden = deals.length === 0;
  }

  // The picture is laid out anew where its dots or its width change; else only the bars move.
  draw(arms, deals, state) {
    const all = state.phase === "all";
    this.width ||= this.picture.clientWidth; // to measure it anew would cost a layout
    const layout = JSON.stringify({ ...state, width: this.width, runs: 0 });
    if (this.layout !== layout) this.lay(arms, deals, all, this.width || 640);
    this.layout = layout;
    this.legend.hidden = !all;
    set(this.picture, { "aria-label": described(arms, deals, all) });
    if (!all) return;
    for (const lane of this.lanes) {
      const found = medians(lane.values, state.runs);
      const [low, high] = [0.05, 0.95].map((share) => Math.round(this.x(quantile(found, share))));
      set(lane.bar, { x: low - 2, width: high - low + 4 });
    }
    const lies = state.runs === 1 ? "single run lies" : `median of ${state.runs} runs lies`;
    tell(this.legend, `Line: the median of all. Bar: where a ${lies} in nine of ten draws.`);
  }

  lay(arms, deals, all, width) {
    const every = this.data.arms.flatMap((arm) => arm.values);
    const [low, high] = [Math.min(...every), Math.max(...every)];
    this.x = (value) => 12 + ((value - low) / (high - low)) * (width - 24);
    const centered = { "text-anchor": "middle" };
    const nodes = [];
    let y = 0;
    this.lanes = arms.map((arm, k) => {
      const dealt = new Set(deals.map((deal) => deal.runs[k]));
      const runs = all ? [...arm.values.keys()] : [...dealt];
      const levels = swarm(runs.map((run) => this.x(arm.values[run])));
      const base = y + 26 + DOT * Math.max(2, ...levels);
      const last = deals.at(-1)?.runs[k];
      const kinds = { "lab-rest": "", "lab-drawn": "", "lab-last": "" };
      runs.forEach((run, at) => {
        const kind = run === last ? "lab-last" : dealt.has(run) ? "lab-drawn" : "lab-rest";
        kinds[kind] += `M${this.x(arm.values[run])},${base - DOT * levels[at]}${FORMS[arm.name]}`;
      });
      const dots = Object.entries(kinds).map(([kind, d]) => make("path", { class: kind, d }));
      const mark = make("tspan", { class: "lab-mark" }, MARKS[arm.name]);
      const name = make("text", { y: y + 14 }, mark, ` ${arm.label}`);
      const right = { class: "lab-rate", x: width, y: y + 14, "text-anchor": "end" };
      const rate = make("text", right, `learning rate ${arm.rate}`);
      const line = make("path", { class: "lab-line", d: `M0,${base + 4.5}H${width}` });
      const lane = make("g", { "data-arm": arm.name }, name, rate, line, ...dots);
      const bar = make("rect", { class: "lab-bar", y: base + 6, height: 9, rx: 2 });
      if (all) {
        const middle = median(arm.values);
        const at = Math.min(Math.max(this.x(middle), 55), width - 55);
        lane.append(
          bar,
          make("path", { class: "lab-median", d: `M${this.x(middle)},${base + 3.5}v14` }),
          make("text", { ...centered, x: at, y: base + 31 }, `median ${percent(middle)}`),
        );
      }
      nodes.push(lane);
      y = base + (all ? 42 : 14);
      return { values: arm.values, bar };
    });
    const axis = make("g", { class: "lab-axis" }, make("path", { d: `M0,${y}H${width}` }));
    for (let tick = Math.ceil(low * 50) / 50; tick <= high; tick += 0.02) {
      axis.append(
        make("path", { d: `M${this.x(tick)},${y}v5` }),
        make("text", { ...centered, x: this.x(tick), y: y + 19 }, percent(tick)),
      );
    }
    axis.append(make("text", { ...centered, x: width / 2, y: y + 38 }, "test accuracy"));
    this.picture.replaceChildren(...nodes, axis);
    set(this.picture, { viewBox: `0 0 ${width} ${y + 44}`, height: y + 44 });
  }

  sentence(state) {
    const [a, b] = this.arms(state);
    if (state.phase === "all") return this.verdict(a, b, state.runs);
    const deals = this.deals(state);
    if (state.phase === "down") {
      if (deals.length) return "The next two lie face down.";
      return `One of ${a.values.length} runs of each lies face down.`;
    }
    const deal = deals.at(-1);
    const foreseen = deal.ahead === deal.bet ? "as you bet" : "against your bet";
    const now =
      deal.ahead === null
        ? `In this draw both reach ${percent(deal.reached[0])}.`
        : `In this draw ${[a, b][deal.ahead].label} is ahead by ${points(deal.gap)}, ${foreseen}.`;
    if (deals.length === 1) return `${now} Would you believe it? Deal again.`;
    const led = [0, 1, null].map((k) => deals.filter((one) => one.ahead === k).length);
    const right = deals.filter((one) => one.ahead === one.bet).length;
    const level = led[2] ? `, neither ${times(led[2])}` : "";
    const ahead = `${a.label} was ahead ${times(led[0])}, ${b.label} ${times(led[1])}${level}`;
    return `${now} In ${deals.length} deals ${ahead}; you bet right ${times(right)}.`;
  }

  verdict(a, b, runs) {
    const gap = median(a.values) - median(b.values);
    const { wrong, level } = against(a.values, b.values, runs);
    const drawn = runs === 1 ? "one run of each" : `the medians of ${runs} runs of each`;
    const often = `${outOf100(wrong)} of 100 draws`;
    const [first, second] = [a, b].map((arm) => `${percent(median(arm.values))} for ${arm.label}`);
    const ends = `Over all ${a.values.length} the median is ${first}, ${second}`;
    if (gap === 0) return `${ends}: neither is ahead.`;
    const ahead = (gap > 0 ? a : b).label;
    const point = runs === 1 ? "points" : "point";
    const led = `${ends}: ${ahead} is ahead by ${points(gap)}`;
    const misled = `${drawn} ${point} the other way in ${often}`;
    return `${led}. But ${misled}, and neither way in ${outOf100(level)}.`;
  }
}

function described(arms, deals, all) {
  const names = `${arms[0].label} and ${arms[1].label}`;
  if (all) {
    const every = `all ${arms[0].values.length} runs of ${names}, a dot each`;
    return `Test accuracy of ${every}, with their medians and a bar for nine of ten draws.`;
  }
  if (deals.length) return `Test accuracy of the runs of ${names} that were dealt, a dot each.`;
  return `An empty axis of test accuracy, with a lane each for ${names}.`;
}

const times = (n) => (n === 0 ? "never" : n === 1 ? "once" : n === 2 ? "twice" : `${n} times`);

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

  /* the picture: a lane of dots for each setting */
  .lab-picture :is(.lab-line, .lab-axis path) {
    fill: none;
    stroke: var(--rule);
  }

  .lab-median {
    fill: none;
    stroke: var(--ink);
    stroke-width: 2.5px;
  }

  .lab-picture :is(.lab-rate, .lab-axis text) {
    fill: var(--muted);
  }

  .lab-bar {
    fill: var(--arm);
    opacity: 0.45;
  }

  .lab-picture :is(.lab-rest, .lab-drawn, .lab-last) {
    fill: var(--arm);
  }

  .lab-rest {
    opacity: 0.5;
  }

  .lab-picture :is(.lab-drawn, .lab-last) {
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

  .lab-card:disabled {
    cursor: default;
  }

  .lab-card span {
    display: block;
  }

  .lab-card .lab-turn {
    position: relative;
    height: 100%;
    transform-style: preserve-3d;
    transition: transform 0.55s cubic-bezier(0.3, 1.35, 0.5, 1);
  }

  .lab-card + .lab-card .lab-turn {
    transition-delay: 0.22s;
  }

  .lab-card:not(.lab-up) .lab-turn {
    transition-duration: 0.3s;
    transition-delay: 0s;
    transition-timing-function: ease-out;
  }

  .lab-card:enabled:hover .lab-turn {
    transform: translateY(-3px);
  }

  .lab-card:enabled:active .lab-turn {
    transform: translateY(1px) scale(0.985);
  }

  .lab-card.lab-up .lab-turn {
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
    box-shadow: 0 2px 5px rgb(0 0 0 / 14%);
    backface-visibility: hidden;
  }

  .lab-back {
    background: repeating-linear-gradient(
      45deg,
      var(--paper) 0 9px,
      color-mix(in srgb, var(--arm) 9%, var(--paper)) 9px 18px
    ) !important;
  }

  .lab-mark {
    color: var(--arm);
    fill: var(--arm);
  }

  .lab-back .lab-mark {
    font-size: 1.9rem;
    line-height: 1.3;
  }

  .lab-card .lab-face {
    border-color: var(--rule);
    font-weight: 400;
    transform: rotateY(180deg);
  }

  .lab-ahead .lab-face {
    border-color: var(--arm);
    border-width: 3px;
  }

  .lab-card .lab-reached {
    font-size: clamp(1.5rem, 6.5vw, 2.25rem);
    font-weight: 650;
    line-height: 1.25;
    font-variant-numeric: tabular-nums;
  }

  .lab-card .lab-run {
    font-size: 0.8125rem;
    color: var(--muted);
  }

  .lab-ahead .lab-result {
    font-weight: 650;
  }

  .lab-room p.lab-buttons {
    display: flex;
    flex-wrap: wrap;
    gap: 0.75rem;
    margin: 0;
  }

  .lab-room ol.lab-record {
    display: flex;
    flex-wrap: wrap;
    gap: 0.15rem 0.6rem;
    list-style: none;
    margin: 0.75rem 0 0;
    padding: 0;
    line-height: 1.3;
  }

  .lab-record li {
    margin: 0;
  }

  .lab-record [data-arm] {
    color: var(--arm);
  }

  .lab-right {
    font-size: 0.8125rem;
    color: var(--muted);
  }

  /* what a deal shows waits for its cards; without motion it is there at once */
  @media (prefers-reduced-motion: no-preference) {
    .lab-dealt :is(.lab-last, .lab-record li:last-child, .lab-sentence) {
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
