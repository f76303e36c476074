// One phone: a member's conversation on one platform.

import { bubble, choices, dots, latestMenu } from "./bubbles.js";
import { Refused, make, word } from "./wire.js";

const HANDED = ["image", "sticker", "audio", "file", "location", "unknown"];
const REMEMBERED = 8;

export class Phone {
  constructor(seat, wire, changed) {
    this.platform = seat.dataset.platform;
    this.id = "";
    this.seat = seat;
    this.wire = wire;
    this.changed = changed;
    this.drawn = "";
    this.part = (name) => seat.querySelector(name);
    this.key = `simulator.${this.platform}`;
    this.atEnd = true;
    const talk = this.part(".talk");
    talk.addEventListener("scroll", () => (this.atEnd = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 80), { passive: true });
    new ResizeObserver(() => this.#toEnd()).observe(talk);
    this.part(".write").addEventListener("submit", (event) => this.#write(event));
    this.part(".who").addEventListener("change", () => this.#switch());
    this.part(".start").addEventListener("click", () => this.act({ act: "start" }));
    this.part(".more").addEventListener("click", () => this.#sheet("more"));
    this.part(".menu")?.addEventListener("click", () => this.#sheet("menu"));
    this.part(".follow")?.addEventListener("click", () => this.act({ act: this.state.follows ? "unfollow" : "follow" }));
  }

  // -- who holds the phone

  #known() {
    try {
      return JSON.parse(localStorage.getItem(this.key)) ?? [];
    } catch {
      return [];
    }
  }

  #remember(person) {
    const others = this.#known().filter((known) => known.id !== person.id);
    localStorage.setItem(this.key, JSON.stringify([person, ...others].slice(0, REMEMBERED)));
  }

  async enter(person = this.#known()[0] ?? {}) {
    try {
      const told = await this.wire.post("page/enter", {
        platform: this.platform,
        id: person.id ?? null,
        last_at: person.last_at ?? null,
        follows: person.follows ?? false,
      });
      this.id = told.id;
      this.#remember({ ...person, ...told });
      this.#listPeople();
      this.changed();
    } catch {
      this.id = ""; // the poll says that the server is away, and tries again
    }
  }

  #listPeople() {
    const select = this.part(".who");
    select.replaceChildren(
      ...this.#known().map((known) => new Option(known.name, known.id, false, known.id === this.id)),
      new Option(word("other"), ""),
    );
  }

  #switch() {
    const chosen = this.part(".who").value;
    this.enter(this.#known().find((known) => known.id === chosen) ?? {});
  }

  // -- what they do

  async act(what) {
    try {
      await this.wire.post("page/act", { platform: this.platform, user: this.id, ...what });
    } catch (error) {
      if (!(error instanceof Refused)) return;
    }
    this.#close();
    this.changed();
  }

  #write(event) {
    event.preventDefault();
    const input = event.target.elements.text;
    const text = input.value.trim();
    if (!text || !this.id) return;
    input.value = "";
    this.act({ act: "text", text });
  }

  #sheet(name) {
    const sheet = this.part(".sheet");
    const opens = sheet.dataset.shows !== name;
    this.#close();
    if (!opens) return;
    sheet.dataset.shows = name;
    sheet.classList.toggle("list", name === "menu");
    sheet.replaceChildren(...(name === "menu" ? this.#menuItems() : this.#handed()));
    sheet.hidden = false;
    this.part(`.${name}`).setAttribute("aria-expanded", "true");
  }

  #close() {
    const sheet = this.part(".sheet");
    sheet.hidden = true;
    sheet.dataset.shows = "";
    for (const opener of this.seat.querySelectorAll("[aria-expanded]")) opener.setAttribute("aria-expanded", "false");
  }

  #handed() {
    return HANDED.map((kind) => {
      const button = make("button", "", word(kind));
      button.type = "button";
      button.addEventListener("click", () => this.act({ act: kind }));
      return button;
    });
  }

  #menuItems() {
    return this.state.menu.map((item) => {
      if (item.type === "web_url") {
        const link = make("a", "", item.title);
        Object.assign(link, { href: item.url, target: "_blank", rel: "noopener noreferrer" });
        return link;
      }
      const button = make("button", "", item.title);
      button.type = "button";
      button.addEventListener("click", () => this.act({ act: "postback", title: item.title, payload: item.payload }));
      return button;
    });
  }

  // -- what they see

  show(state) {
    if (!state) {
      if (this.id) this.enter(this.#known().find((known) => known.id === this.id)); // the double was started anew
      return;
    }
    const { typing, ...lasting } = state;
    this.#typing(typing);
    const drawn = JSON.stringify(lasting);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.state = state;
    if (state.last_at) this.#remember({ id: state.id, name: state.name, last_at: state.last_at, follows: state.follows });
    this.#frame(state);
    this.#talk(state);
  }

  #frame(state) {
    this.part(".title").textContent = state.title;
    const follow = this.part(".follow");
    if (follow) {
      follow.hidden = false;
      follow.textContent = word(state.follows ? "unfollow" : "follow");
    }
    const fresh = state.start && state.bubbles.length === 0;
    this.part(".welcome").hidden = !fresh;
    this.part(".greeting").textContent = state.greeting;
    this.part(".write").hidden = fresh;
    const menu = this.part(".menu");
    if (menu) menu.hidden = state.menu.length === 0;
    this.#window(state);
  }

  #window(state) {
    const shown = this.part(".window");
    const reason = !state.subscribed ? "unsubscribed" : state.blocked ? "blocked" : state.window_open ? "open" : state.last_at ? "closed" : "never";
    shown.textContent = word(reason);
    shown.className = `window ${reason === "open" ? "open" : reason === "never" ? "" : "shut"}`;
  }

  #talk(state) {
    const talk = this.part(".talk");
    const act = (what) => this.act(what);
    const menu = latestMenu(state.bubbles);
    const turns = state.bubbles.map((item, at) =>
      bubble(item, { act, platform: this.platform, before: state.bubbles[at - 1], last: at === state.bubbles.length - 1, tappable: at === menu }),
    );
    if (!turns.length && !state.start) turns.push(make("p", "hello", word("hello")));
    talk.replaceChildren(...turns);
    this.dots = null;
    this.#typing(state.typing);
    const row = this.part(".choices");
    row.replaceChildren(...choices(state.bubbles.at(-1), act));
    row.hidden = !row.childElementCount;
    this.#toEnd();
  }

  // New things are followed, unless the visitor has scrolled up to read.
  #toEnd() {
    const talk = this.part(".talk");
    if (this.atEnd) talk.scrollTop = talk.scrollHeight;
  }

  #typing(seconds) {
    clearTimeout(this.quiet);
    if (seconds > 0) {
      const talk = this.part(".talk");
      this.dots ??= dots();
      if (!this.dots.isConnected) talk.append(this.dots);
      this.#toEnd();
      this.quiet = setTimeout(() => this.#typing(0), seconds * 1000);
    } else if (this.dots) {
      this.dots.remove();
      this.dots = null;
    }
  }
}
