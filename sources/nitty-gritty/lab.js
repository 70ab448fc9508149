// The slot machine: bet on one of two settings, see one run of each, and then all of them, by seed.
import { Lab, make, random, set, tell } from "../lab.js";

const MOST_DEALS = 40;
const MOST_SEEDS = 25; // in one draw
const DOT = 6.6; // what a dot takes, in pixels
const MARKS = { relu: "●", tanh: "■", sigmoid: "▲" };
const FORMS = { // from the middle of a dot
  relu: "m-3.1,0a3.1,3.1 0 1,0 6.2,0a3.1,3.1 0 1,0 -6.2,0z",
  tanh: "m-2.8,-2.8h5.6v5.6h-5.6z",
  sigmoid: "m0,-3.5l3.4,6.2h-6.8z",
  level: "m-3,-1h6v2h-6z",
};

const short = (value) => String(Number(value.toFixed(2)));
const percent = (share) => `${short(100 * share)} %`;
const signed = (share) => (share > 0 ? "+" : "") + short(100 * share).replace("-", "−");
const points = (share) => {
  const told = short(100 * Math.abs(share));
  return `${told} ${told === "1" ? "point" : "points"}`;
};
const times = (n) => (n === 0 ? "never" : n === 1 ? "once" : n === 2 ? "twice" : `${n} times`);
const often = (share) => {
  const told = (100 * share).toFixed(share < 0.1 && share > 0 ? 1 : 0);
  return `${told === "0.0" ? "under 0.1" : told}\xa0%`;
};
const ascending = (values) => [...values].sort((a, b) => a - b);

// The book's interval of a median: the k-th value from either end, where fewer than k of n coins
// show heads with a chance of at most 2.5 %.
export function medianInterval(values) {
  const n = values.length;
  const sorted = ascending(values);
  let k = 0;
  let term = 0.5 ** n;
  for (let sum = term; sum <= (1 - 0.95) / 2; sum += term) {
    k += 1;
    term *= (n - k + 1) / k;
  }
  const median = (sorted[Math.ceil(n / 2) - 1] + sorted[Math.floor(n / 2)]) / 2;
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
  const [above, below] = [1, -1].map((sign) => {
    const found = differences.filter((difference) => Math.sign(difference) === sign);
    return majority(n, found.length / differences.length);
  });
  return { above, below };
}

// A quantile of that median.
export function quantile(differences, n, share) {
  const reaches = (_, k) => majority(n, (k + 1) / differences.length) >= share - 1e-9;
  return ascending(differences).find(reaches);
}

class SlotMachine extends Lab {
  styles = STYLES;
  question = "Which activation is better over all seeds?";

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
    const odd = runs % 2 === 1 && runs <= MOST_SEEDS;
    return known && played && odd ? { key: +key, rival, bets, phase, runs: +runs } : null;
  }

  // The two settings in play, and the deals so far: two runs, what they reached, who is ahead.
  arms({ rival }) {
    return [this.data.arms[0], this.data.arms.find((arm) => arm.name === rival)];
  }

  differences(state) {
    const [a, b] = this.arms(state);
    return a.values.map((value, seed) => +(value - b.values[seed]).toFixed(6));
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
      return { runs, reached, gap, ahead, bet: "ab".indexOf(bet) };
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
      max: MOST_SEEDS,
      step: 2,
      input: () => this.change({ runs: +this.slider.value }),
    });
    this.many = make(
      "label",
      { class: "lab-slider" },
      make("span", {}, "Seeds in one experiment: ", this.count),
      this.slider,
    );
    this.record = make("ol", { class: "lab-record", "aria-label": "Who was ahead in your deals" });
    this.picture = make("svg", { class: "lab-picture", role: "img" });
    this.legend = make("p", { class: "lab-legend" });
    const controls = [this.rivals, this.table, this.buttons, this.many];
    return [...controls, this.said, this.record, this.picture, this.legend];
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
    this.change({ bets: this.state.bets + "ab"[k], phase: "up" });
    this.room.classList.add("lab-dealt");
    (this.again.disabled ? this.all : this.again).focus();
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
    this.again.disabled = state.phase !== "up" || deals.length >= MOST_DEALS;
    tell(this.all, `Turn up all ${arms[0].values.length} of each`);
    this.slider.value = state.runs;
    tell(this.count, String(state.runs));
    if (!all) {
      const up = state.phase === "up";
      this.cards.forEach((card, k) => this.showCard(card, k, arms[k], deals.at(-1), up));
    }
    this.draw(arms, deals, state);
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
    tell(card.result, deal.ahead === k ? `ahead by ${points(deal.gap)}` : behind);
  }

  showRecord(arms, deals) {
    const items = deals.map((deal) => {
      const arm = arms[deal.ahead];
      const shown = { "aria-hidden": "true", "data-arm": arm?.name };
      const told = arm ? `${arm.label} ahead` : "level";
      const mark = make("span", shown, arm ? MARKS[arm.name] : "=");
      return make("li", {}, mark, make("span", { class: "lab-unseen" }, told));
    });
    this.record.replaceChildren(...items);
  }

  // The picture is laid out anew where its dots or its width change; else only the bar moves.
  draw(arms, deals, state) {
    const all = state.phase === "all";
    this.width ||= this.picture.clientWidth; // to measure it anew would cost a layout
    const layout = JSON.stringify({ ...state, width: this.width, runs: 0 });
    if (this.layout !== layout) {
      this.showRecord(arms, deals);
      this.lay(arms, deals, state, this.width || 640);
      set(this.picture, { "aria-label": described(arms, all) });
    }
    this.layout = layout;
    this.legend.hidden = !all;
    if (!all) return;
    const ends = [0.05, 0.95].map((share) => quantile(this.differences(state), state.runs, share));
    const [low, high] = ends.map((end) => Math.round(this.x(end)));
    set(this.bar, { x: low - 2, width: high - low + 4 });
    const drawn = state.runs === 1 ? "difference at 1 seed" : `median of ${state.runs} seeds`;
    tell(this.legend, `Line: the interval. Bar: the ${drawn} in nine of ten experiments.`);
  }

  lay(arms, deals, state, width) {
    const all = state.phase === "all";
    const nodes = [];
    let y = 0;
    const text = (x, at, told, anchor = "middle") =>
      nodes.push(make("text", { x, y: at, "text-anchor": anchor }, ...told));
    const scale = (values) => {
      const [low, high] = [Math.min(...values), Math.max(...values)];
      return [low, high, (value) => 12 + ((value - low) / (high - low)) * (width - 24)];
    };
    const line = (d) => nodes.push(make("path", { class: "lab-line", d }));
    // Dots above their line, each of a kind and an arm; what is told of them stands left and right.
    const lane = (left, right, xs, kinds) => {
      const levels = swarm(xs);
      const base = y + 26 + DOT * Math.max(2, ...levels);
      const paths = {};
      xs.forEach((x, at) => {
        const dot = `M${x},${base - DOT * levels[at]}${FORMS[kinds[at].split(" ")[1]]}`;
        paths[kinds[at]] = (paths[kinds[at]] ?? "") + dot;
      });
      for (const [kind, d] of Object.entries(paths)) {
        const [name, arm] = kind.split(" ");
        nodes.push(make("path", { class: name, "data-arm": arm, d }));
      }
      text(0, y + 14, left, "start");
      text(width, y + 14, right, "end");
      line(`M0,${base + 4.5}H${width}`);
      y = base + 14;
      return base;
    };
    const beneath = (base, x, d, told) => {
      const at = Math.min(Math.max(x, told.length * 3.3), width - told.length * 3.3);
      nodes.push(make("path", { class: "lab-median", d }));
      text(at, base + 31, [told]);
      y = base + 42;
    };
    const axis = ([low, high, x], write, title) => {
      line(`M0,${y}H${width}`);
      for (let tick = Math.ceil(low * 50); tick <= high * 50; tick++) {
        line(`M${x(tick / 50)},${y}v5`);
        text(x(tick / 50), y + 19, [write(tick / 50)]);
      }
      text(width / 2, y + 38, [title]);
      y += 44;
    };
    const mark = ({ name }) => make("tspan", { "data-arm": name }, MARKS[name]);

    const accuracy = scale(this.data.arms.flatMap((arm) => arm.values));
    const [, , x] = accuracy;
    arms.forEach((arm, k) => {
      const dealt = new Set(deals.map((deal) => deal.runs[k]));
      const runs = all ? [...arm.values.keys()] : [...dealt];
      const last = deals.at(-1)?.runs[k];
      const kind = (run) => (run === last ? "last" : dealt.has(run) ? "drawn" : "rest");
      const kinds = runs.map((run) => `lab-${kind(run)} ${arm.name}`);
      const told = [mark(arm), ` ${arm.label}`];
      const xs = runs.map((run) => x(arm.values[run]));
      const base = lane(told, [`learning rate ${arm.rate}`], xs, kinds);
      if (!all) return;
      const middle = medianInterval(arm.values).median;
      beneath(base, x(middle), `M${x(middle)},${base + 3.5}v14`, `median ${percent(middle)}`);
    });
    axis(accuracy, percent, "test accuracy");
    if (all) {
      y += 16;
      const found = this.differences(state);
      const { low, high, median: middle } = medianInterval(found);
      const apart = scale([0, ...found]);
      this.x = apart[2];
      const name = (one) => (one === 0 ? "level" : arms[one > 0 ? 0 : 1].name);
      const kinds = found.map((one) => `lab-rest ${name(one)}`);
      const count = (of) => ` ${found.filter((one) => name(one) === of).length}`;
      const counts = arms.flatMap((arm) => [mark(arm), `${count(arm.name)}, `]);
      const minus = `${arms[0].label} minus ${arms[1].label}, by seed`;
      const top = y;
      const base = lane([minus], [...counts, `level${count("level")}`], found.map(this.x), kinds);
      const [from, to, at, zero] = [low, high, middle, 0].map(this.x);
      this.bar = make("rect", { class: "lab-bar", y: base + 6, height: 11, rx: 2 });
      nodes.push(this.bar);
      line(`M${zero},${top + 22}V${base + 19}`);
      const said = `median ${signed(middle)}, 95 % interval ${signed(low)} to ${signed(high)}`;
      beneath(base, at, `M${from},${base + 11.5}H${to}M${at},${base + 5.5}v12`, said);
      axis(apart, signed, "difference in points");
    }
    this.picture.replaceChildren(...nodes);
    set(this.picture, { viewBox: `0 0 ${width} ${y}`, height: y });
  }

  sentence(state) {
    const [a, b] = this.arms(state);
    if (state.phase === "all") return this.verdict(a, b, state);
    if (state.phase === "down") {
      return `One of ${a.values.length} runs of each lies face down. Bet on one, and see both.`;
    }
    const deals = this.deals(state);
    const deal = deals.at(-1);
    const foreseen = `which speaks ${deal.ahead === deal.bet ? "for" : "against"} your bet`;
    const now =
      deal.ahead === null
        ? `In this draw both reach ${percent(deal.reached[0])}.`
        : `In this draw ${[a, b][deal.ahead].label} is ahead by ${points(deal.gap)}, ${foreseen}.`;
    if (deals.length === 1) return `${now} One draw is no proof. Deal again.`;
    const led = [0, 1, null].map((k) => deals.filter((one) => one.ahead === k).length);
    const level = led[2] ? `, neither ${times(led[2])}` : "";
    const ahead = `${a.label} was ahead ${times(led[0])}, ${b.label} ${times(led[1])}${level}`;
    return `${now} In ${deals.length} deals ${ahead}.`;
  }

  // What all seeds say, then how often so few say it.
  verdict(a, b, state) {
    const found = this.differences(state);
    const { low, high, median: middle } = medianInterval(found);
    const better = low > 0 ? a : high < 0 ? b : null;
    const last = "ab".indexOf(state.bets.at(-1));
    const right = [a, b][last] === better ? "right" : "wrong";
    const judged = last < 0 ? "" : `Your last bet was ${right}.`;
    const bet = better ? judged : "Zero is within, so no bet is right or wrong.";
    const n = found.length;
    const open = `${n} seeds do not tell which is better`;
    const told = better ? `${better.label} is better here` : open;
    const interval = `95\xa0% interval ${signed(low)} to ${signed(high)}`;
    const gap = `${a.label} minus ${b.label} is ${signed(middle)} points`;
    const seen = `${gap} (median of ${n} differences, ${interval})`;
    const point = (differences, size) => {
      const { above, below } = pointing(differences, size);
      const to = (arm) => `${better && arm !== better ? "wrongly " : ""}to ${arm.label}`;
      const first = `${often(above)} of experiments point ${to(a)}`;
      return `${first}, ${often(below)} ${to(b)}, the rest to neither.`;
    };
    const pairs = a.values.flatMap((one) => b.values.map((other) => one - other));
    const { runs } = state;
    const same = runs === 1 ? "The same seed" : `The median of ${runs} seeds, each`;
    return [
      `${told}: at the same seed, ${seen}. ${bet}`,
      `Any two seeds: ${point(pairs, 1)}`,
      `${same} for both: ${point(found, runs)}`,
    ].join("\n");
  }
}

function described(arms, all) {
  const below = all ? "; below, their differences by seed" : "";
  return `Test accuracy of the runs turned up of ${arms[0].label} and ${arms[1].label}${below}.`;
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

.lab-room [data-arm="level"] {
  --arm: var(--ink);
}

.lab-sentence {
  white-space: pre-line;
}

.lab-line {
  stroke: var(--rule);
}

.lab-median {
  stroke: var(--ink);
  stroke-width: 2.5px;
}

.lab-bar {
  fill: var(--muted);
  opacity: 0.4;
}

.lab-picture [data-arm] {
  fill: var(--arm);
}

.lab-rest {
  opacity: 0.75;
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
  box-shadow: 0 2px 5px rgb(0 0 0 / 14%);
  backface-visibility: hidden;
}

.lab-card .lab-back {
  background: color-mix(in srgb, var(--arm) 9%, var(--paper));
}

.lab-mark,
.lab-record [data-arm] {
  color: var(--arm);
}

.lab-back .lab-mark {
  font-size: 1.9rem;
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

.lab-buttons :disabled {
  opacity: 0.45;
}

.lab-room ol.lab-record {
  display: flex;
  flex-wrap: wrap;
  gap: 0.15rem 0.6rem;
  list-style: none;
  margin: 0.75rem 0 0;
  padding: 0;
}

.lab-record::before {
  content: "Ahead in your deals:";
  font-size: 0.875rem;
  color: var(--muted);
}

.lab-record li {
  margin: 0;
}

/* what a deal shows waits for its cards; without motion it is there at once */
@media (prefers-reduced-motion: no-preference) {
  .lab-dealt :is(.lab-last, li:last-child, .lab-sentence) {
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
