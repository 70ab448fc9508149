// Predictions: the answer below a question is veiled until the reader commits to a guess or skips.
// Guesses are kept on this device alone; ?class shows all questions of a chapter on one sheet.
"use strict";
(() => {
  const GUESSES = "predictions";
  const FOLDED = "predictions-folded";
  const CLOSE = 0.1; // of a scale: a number within it counts as right, and chance is counted so, too
  const forClass = new URLSearchParams(location.search).has("class");
  const refused = {}; // what storage would not take, for as long as the page is open

  function read(name) {
    try {
      return JSON.parse(localStorage.getItem(name)) ?? refused[name];
    } catch {
      return refused[name];
    }
  }

  function write(name, value) {
    refused[name] = value;
    try {
      localStorage.setItem(name, JSON.stringify(value));
    } catch {
      // A private window, or a full one: the tally ends with the page.
    }
  }

  function guesses() {
    const found = read(GUESSES);
    const kept = found && typeof found === "object" && !Array.isArray(found) ? found : {};
    return Object.fromEntries(
      Object.entries(kept).filter(([, each]) => each?.guess === null || Number.isFinite(each?.guess)),
    );
  }

  class PredictBox extends HTMLElement {
    // Called as soon as the page has been read this far: nothing that is veiled is ever painted.
    connectedCallback() {
      if (!this.state) this.recall();
    }

    recall() {
      const kept = guesses()[this.dataset.key];
      if (forClass) this.state = "class";
      else if (read(FOLDED)) this.state = "folded";
      else if (!kept) this.state = "open";
      else this.state = kept.guess === null ? "skipped" : "said";
    }

    get state() {
      return this.dataset.state;
    }

    set state(state) {
      this.dataset.state = state;
    }

    get right() {
      return Number(this.dataset.right);
    }

    get options() {
      return [...this.querySelectorAll("input[type=radio]")];
    }

    get slider() {
      return this.querySelector("input[type=range]");
    }

    prepare() {
      this.form = this.querySelector("form");
      this.said = this.querySelector(".predict-said");
      this.form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.commit(this.guess());
      });
      this.querySelector(".predict-skip").addEventListener("click", () => this.commit(null));
      for (const touch of ["input", "click"]) {
        this.slider?.addEventListener(touch, () => this.readOut(true));
      }
      this.show(this.kept());
    }

    kept() {
      return guesses()[this.dataset.key]?.guess ?? null;
    }

    guess() {
      if (this.slider) return Number(this.slider.value);
      return Number(this.options.find((option) => option.checked).value);
    }

    commit(guess) {
      const kept = guesses();
      kept[this.dataset.key] = this.judged(guess);
      write(GUESSES, kept);
      this.reveal(guess === null ? "skipped" : "said", guess);
      this.said.focus({ preventScroll: true });
      tally();
    }

    reveal(state, guess) {
      this.state = state;
      this.show(guess);
      window.dispatchEvent(new Event("resize")); // what was veiled had no width until now
    }

    // A guess with what it counts for in the tally; one that was skipped counts for nothing.
    judged(guess) {
      if (guess === null) return { guess, right: false, chance: 0 };
      if (!this.slider) {
        return { guess, right: guess === this.right, chance: 1 / this.options.length };
      }
      const [low, high] = [Number(this.slider.min), Number(this.slider.max)];
      const near = CLOSE * (high - low) * (1 + 1e-9);
      const span = Math.min(high, this.right + near) - Math.max(low, this.right - near);
      return {
        guess,
        right: Math.abs(guess - this.right) <= near,
        chance: span / (high - low),
      };
    }

    show(guess) {
      const open = this.state === "open";
      const told = ["said", "skipped", "class-shown"].includes(this.state);
      const asked = open || this.state === "said";
      const fold = this.querySelector(".predict-fold");
      if (fold) fold.textContent = foldOrAsk();
      for (const part of this.querySelectorAll("input[type=radio]")) part.hidden = !open;
      const choosing = open || this.state === "class" || (fold && this.state === "folded");
      this.querySelector(".predict-buttons").hidden = !choosing;
      const veil = this.querySelector("predict-veil");
      veil.hidden = !open;
      const lab = this.below().some((part) => part.matches(".callout-lab"));
      veil.classList.toggle("over-lab", lab);
      this.querySelector("details").open = told;
      if (this.slider) {
        this.querySelector(".predict-slider").hidden = !asked;
        this.querySelector(".predict-bounds").hidden = asked || this.state === "skipped";
        this.slider.disabled = !open;
        this.slider.value = guess ?? this.slider.defaultValue;
        this.readOut(guess !== null);
      }
      for (const option of this.options) {
        option.disabled = !open;
        option.checked = told && Number(option.value) === guess;
        this.mark(option, guess, told);
      }
      for (const sentence of this.querySelectorAll(".predict-if")) {
        sentence.hidden = guess !== null && !isMeant(sentence.dataset, guess);
      }
      this.said.textContent = told ? this.inWords(guess) : "";
      this.markVerdict(guess);
    }

    // A slider stands somewhere from the start: only one that was touched is a guess.
    readOut(guessed) {
      const value = Number(this.slider.value);
      this.slider.setCustomValidity(guessed ? "" : "Move the slider to your guess, or skip.");
      this.querySelector(".predict-number").textContent = guessed ? this.measured(value) : "?";
      this.slider.setAttribute("aria-valuetext", this.measured(value));
      const place = (this.right - this.slider.min) / (this.slider.max - this.slider.min);
      this.style.setProperty("--right", place);
    }

    mark(option, guess, told) {
      const value = Number(option.value);
      const item = option.closest("li");
      item.querySelector(".predict-tag")?.remove();
      const tags = [];
      if (told && value === guess) tags.push("your guess");
      if (told && value === this.right) tags.push("✓");
      item.classList.toggle("predict-right", told && value === this.right);
      if (!tags.length) return;
      const tag = document.createElement("span");
      tag.className = "predict-tag";
      tag.textContent = `\xa0${tags.join(", ")}`; // on the line of the last word
      item.querySelector("label").lastElementChild.append(tag);
    }

    inWords(guess) {
      const words = (number) =>
        this.slider
          ? this.measured(number)
          : this.options.find((option) => Number(option.value) === number).dataset.words;
      const found = `Result: ${words(this.right)}`;
      if (guess === null) return `${found}.`;
      const said = `You said: ${words(guess)}.`;
      if (guess === this.right) return `${said} That is the result.`;
      if (!this.slider) return `${said} ${found}.`;
      const where = guess < this.right ? "too low" : "too high";
      const counts = this.judged(guess).right
        ? ", which is within a tenth of the scale and counts as right"
        : "";
      const { unit } = this.querySelector(".predict-slider").dataset;
      const points = unit === "%" ? " points" : "";
      const off = `${figure(Math.abs(guess - this.right))}${points}`;
      return `${said} ${found}. Your guess is ${off} ${where}${counts}.`;
    }

    measured(number) {
      const { unit } = this.querySelector(".predict-slider").dataset;
      return unit ? `${figure(number)}\u00a0${unit}` : figure(number);
    }

    // The reader's mark beside the verdict that answers.
    markVerdict(guess) {
      const name = `${this.id}-mark`;
      document.getElementById(name)?.remove();
      const card = this.dataset.claim && document.getElementById(`claim-${this.dataset.claim}`);
      if (guess === null || !card) return;
      const mark = document.createElement("p");
      mark.id = name;
      mark.className = "predict-mark";
      const right = this.judged(guess).right;
      const option = this.options.find((each) => Number(each.value) === guess);
      mark.textContent = `${right ? "✓" : "✗"} You said: ${option.dataset.words}`;
      card.after(mark);
    }

    // What the veil lies on: all that follows, up to the next heading.
    below() {
      const found = [];
      for (let next = this.nextElementSibling; next; next = next.nextElementSibling) {
        if (next.localName !== "section") found.push(next);
      }
      return found;
    }
  }

  // Stands at the end of a box: once it is there, all of the box is, and nothing will shift later.
  class PredictVeil extends HTMLElement {
    connectedCallback() {
      const box = this.closest("predict-box");
      if (!box.form) box.prepare();
    }
  }

  function foldOrAsk() {
    return read(FOLDED)
      ? "Ask me before I see an answer"
      : "Do not ask me: fold the answers instead";
  }

  function figure(number) {
    return number.toLocaleString("en-US", { maximumSignificantDigits: 6 });
  }

  function isMeant({ said, low, high, open }, guess) {
    if (said !== undefined) return said.split(" ").map(Number).includes(guess);
    const [least, most] = [low, high].map((bound) =>
      bound.endsWith("inf") ? (bound.startsWith("-") ? -Infinity : Infinity) : Number(bound),
    );
    return open === undefined ? least <= guess && guess <= most : least < guess && guess < most;
  }

  const boxes = () => [...document.querySelectorAll("predict-box")];

  // Guesses on a question that is now another, and answers that are now other ones.
  function renew() {
    const known = new Map(boxes().map((box) => [box.dataset.key, box]));
    const pages = new Set(boxes().map((box) => `${box.dataset.page}/`));
    const before = guesses();
    const kept = {};
    for (const [key, each] of Object.entries(before)) {
      const ours = pages.has(key.slice(0, key.lastIndexOf("/") + 1));
      if (known.has(key)) kept[key] = known.get(key).judged(each.guess);
      else if (!ours) kept[key] = each;
    }
    if (JSON.stringify(kept) !== JSON.stringify(before)) write(GUESSES, kept);
  }

  function tally() {
    const place = document.querySelector(".predict-tally");
    if (!place) return;
    const made = Object.values(guesses()).filter((each) => each.guess !== null);
    const right = made.filter((each) => each.right).length;
    const chance = made.reduce((sum, each) => sum + each.chance, 0);
    const rounded = chance < 3 ? Number(chance.toFixed(1)) : Math.round(chance);
    place.querySelector(".predict-score").textContent = made.length
      ? `Your predictions: ${right} of ${made.length}; chance would give ${rounded}. ` +
        "They are kept on this device and sent nowhere."
      : "Your predictions are kept on this device and sent nowhere.";
    place.querySelector(".predict-forget").hidden = !Object.keys(guesses()).length;
    place.querySelector(".predict-fold").textContent = foldOrAsk();
    place.hidden = forClass;
  }

  function restart() {
    for (const box of boxes()) {
      box.recall();
      box.show(box.kept());
    }
    tally();
    window.dispatchEvent(new Event("resize"));
  }

  function prepareTally() {
    const place = document.querySelector(".predict-tally");
    if (!place) return;
    const forget = place.querySelector(".predict-forget");
    const label = forget.textContent;
    const calm = () => {
      forget.textContent = label;
    };
    forget.addEventListener("blur", calm);
    forget.addEventListener("click", () => {
      if (forget.textContent === label) {
        forget.textContent = "Press again to forget them all";
        return;
      }
      calm();
      write(GUESSES, {});
      restart();
      const score = place.querySelector(".predict-score");
      score.textContent = `Forgotten. ${score.textContent}`;
      score.focus({ preventScroll: true }); // the button is gone
    });
    for (const fold of document.querySelectorAll(".predict-fold")) {
      fold.addEventListener("click", () => {
        write(FOLDED, !read(FOLDED));
        restart();
      });
    }
  }

  // Whoever follows a link to a figure or a verdict wants to see it.
  function unveilTarget() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const veiling = boxes().filter(
      (box) => box.state === "open" && box.below().some((each) => each.contains(target)),
    );
    for (const box of veiling) box.reveal("skipped", null);
    if (veiling.length) target.scrollIntoView();
  }

  function layOutForClass() {
    const all = document.querySelectorAll("predict-box, .callout-predict:not(predict-box *)");
    if (!all.length) {
      document.documentElement.classList.remove("predict-class");
      return;
    }
    const sheet = document.createElement("main");
    sheet.className = "predict-sheet bd-article";
    const title = document.createElement("h1");
    title.textContent = document.querySelector("h1").firstChild.textContent.trim();
    const back = document.createElement("p");
    const link = document.createElement("a");
    link.href = location.pathname;
    link.textContent = "Back to the chapter";
    back.append(link);
    sheet.append(title, ...all, back);
    document.body.append(sheet);
    for (const box of boxes()) {
      const button = box.querySelector("button[type=submit]");
      button.textContent = "Reveal";
      box.querySelectorAll(".predict-skip, .predict-fold").forEach((other) => other.remove());
      box.form.noValidate = true;
      box.guess = () => null;
      box.commit = () => {
        box.reveal("class-shown", null);
        box.said.focus({ preventScroll: true });
      };
    }
  }

  if (forClass) document.documentElement.classList.add("predict-class");
  customElements.define("predict-box", PredictBox);
  customElements.define("predict-veil", PredictVeil);
  document.addEventListener("DOMContentLoaded", () => {
    if (forClass) {
      layOutForClass();
      return;
    }
    if (!boxes().length) return;
    for (const box of boxes()) box.markVerdict(box.kept());
    renew();
    prepareTally();
    tally();
    unveilTarget();
    window.addEventListener("hashchange", unveilTarget);
  });
})();
