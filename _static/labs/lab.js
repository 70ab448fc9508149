// What every lab shares: the custom element with its question, controls, picture and sentence; its
// state in the address; its reset. Colors are the theme's custom properties, and so follow it.

const SHAPES = new Set("svg g path rect circle line polyline polygon text tspan".split(" "));
const PAUSE = 250; // ms without a change: then the address is written and the sentence spoken

// An element of HTML or SVG; a function among the attributes listens to the event of its name.
export function make(tag, attributes = {}, ...children) {
  const node = SHAPES.has(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  set(node, attributes);
  node.append(...children);
  return node;
}

export function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === false || value == null) node.removeAttribute(name);
    else node.setAttribute(name, value === true ? "" : value);
  }
  return node;
}

// Writes only what is new: each writing costs a layout.
export function tell(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Where it is out of view the page moves, as little as it can.
export function focus(node) {
  node.focus({ preventScroll: true });
  const { top, bottom } = node.getBoundingClientRect();
  if (bottom <= 0 || top >= innerHeight) node.scrollIntoView({ block: "nearest" });
}

// Numbers between 0 and 1 from a seed, always the same ones (mulberry32).
export function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

// A lab extends this class and has
//   question          one sentence
//   styles            its own style sheet, if it needs one
//   fresh()           the state at the start
//   build()           the nodes of controls, picture and sentence (this.said), made once
//   show(state)       brings them up to the state; may be called at any time
//   sentence(state)   what is seen, in words: a list, of which only what changes is spoken
//   write(state)      the state as a short word for the address
//   read(word)        the state of such a word, null where it is none
// `this.data` is what the chapter stored in lab.json; `this.width` becomes 0 when the page has
// become wider or narrower, for the lab to measure its picture; `this.change({…})` changes the state.
export class Lab extends HTMLElement {
  #pause;
  #restore = () => this.#render(this.#recalled() ?? this.fresh());

  connectedCallback() {
    if (!this.room) this.#build(); // what fails in there leaves the static figure
    addEventListener("popstate", this.#restore);
  }

  disconnectedCallback() {
    removeEventListener("popstate", this.#restore);
  }

  change(changes) {
    this.said.setAttribute("aria-busy", "true"); // a screen reader waits for the last of many
    this.#render({ ...this.state, ...changes }, PAUSE);
  }

  reset() {
    this.#render(this.fresh());
    this.#remember(this.#address(null));
    this.scrollIntoView({ block: "nearest" });
  }

  #build() {
    const stored = this.querySelector("script[type='application/json']");
    this.data = stored && JSON.parse(stored.textContent);
    this.said = make("p", { class: "lab-sentence", role: "status", "aria-atomic": "false" });
    this.link = make("a", {}, "Link to what you see");
    const room = make(
      "section",
      { class: "lab-room", "aria-label": this.dataset.title },
      make("style", {}, this.styles ?? ""),
      make("p", { class: "lab-question" }, this.question),
      ...this.build(),
      make(
        "p",
        { class: "lab-foot" },
        make("button", { type: "button", click: () => this.reset() }, "Start over"),
        this.link,
      ),
    );
    this.#restore();
    this.room = room;
    this.append(room);
    this.classList.add("lab-live");
    let wide = 0;
    new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width === wide) return; // a sentence became longer: nothing to draw
      wide = contentRect.width;
      this.width = 0; // to be measured again
      this.show(this.state);
    }).observe(room);
  }

  // Shows a state at once; writes it down when no other has come for a while.
  #render(state, pause) {
    clearTimeout(this.#pause);
    this.state = state;
    this.show(state);
    const lines = this.sentence(state);
    while (this.said.children.length < lines.length) this.said.append(make("span"));
    [...this.said.children].forEach((line, k) => tell(line, lines[k] ?? ""));
    const settle = () => {
      this.said.removeAttribute("aria-busy");
      const address = this.#address(this.write(state));
      if (pause) this.#remember(address);
      address.hash = this.closest("[id]")?.id ?? "";
      this.link.href = address;
    };
    if (pause) this.#pause = setTimeout(settle, pause);
    else settle();
  }

  get #name() {
    return this.localName.replace(/^lab-/, "");
  }

  #recalled() {
    const word = new URLSearchParams(location.search).get(this.#name);
    return word ? this.read(word) : null;
  }

  #address(word) {
    const address = new URL(location.href);
    if (word) address.searchParams.set(this.#name, word);
    else address.searchParams.delete(this.#name);
    return address;
  }

  #remember(address) {
    try {
      history.replaceState(history.state, "", address);
    } catch {
      // Some browsers allow no address of one's own on pages opened as files.
    }
  }
}
