// The raw exchange: each webhook and each call, request and answer beside each other.

import { clock, make, word } from "./wire.js";

const KEPT = 80;
const SIGNATURE = /^(X-ZEvent-Signature|X-Hub-Signature-256)$/i;

export class Exchanges {
  constructor(section) {
    this.list = section.querySelector("#exchanges");
    this.nothing = section.querySelector("#nothing");
    this.only = section.querySelector("#only");
    this.raw = section.querySelector("#raw");
    this.items = new Map();
    this.last = 0;
    this.only.addEventListener("change", () => this.#filter());
    this.raw.addEventListener("change", () => this.#redraw());
  }

  clear() {
    this.items.clear();
    this.list.replaceChildren();
    this.last = 0;
  }

  add(items) {
    for (const item of items) {
      this.last = Math.max(this.last, item.id);
      this.items.set(String(item.id), item);
      this.list.prepend(this.#row(item));
    }
    while (this.list.childElementCount > KEPT) {
      this.items.delete(this.list.lastElementChild.dataset.id);
      this.list.lastElementChild.remove();
    }
    this.nothing.hidden = this.items.size > 0;
  }

  #row(item) {
    const row = make("li");
    row.dataset.id = item.id;
    row.hidden = Boolean(this.only.value) && this.only.value !== item.platform;
    const fold = make("details");
    const head = make("summary");
    const bad = item.status !== 200 || failed(item.answer.body);
    head.append(
      make("span", `mark ${item.platform}`, item.platform === "zalo" ? "Zalo" : "Messenger"),
      make("span", "way", word(item.way)),
      make("span", "title", item.title),
      make("span", `status${bad ? " bad" : ""}`, item.status ? String(item.status) : "—"),
      make("span", "ms", `${Math.round(item.ms)} ms`),
    );
    head.title = clock(item.time);
    fold.append(head);
    fold.addEventListener("toggle", () => this.#open(fold, item));
    row.append(fold);
    return row;
  }

  #open(fold, item) {
    fold.querySelector(".sides")?.remove();
    if (!fold.open) return;
    const sides = make("div", "sides");
    sides.append(this.#side("request", item.request), this.#side("answer", item.answer, item.status));
    fold.append(sides);
  }

  #side(name, side, status = 1) {
    const box = make("div");
    const text = make("pre");
    text.append(`${status ? side.line : word("silence")}\n`);
    for (const [header, value] of Object.entries(side.headers)) {
      const line = make("span", SIGNATURE.test(header) ? "signature" : "", `${header}: ${value}`);
      text.append(line, "\n");
    }
    text.append("\n", this.raw.checked ? side.body : pretty(side.body));
    box.append(make("h4", "", word(name)), text);
    return box;
  }

  #redraw() {
    for (const row of this.list.children) this.#open(row.firstElementChild, this.items.get(row.dataset.id));
  }

  #filter() {
    for (const row of this.list.children) {
      row.hidden = Boolean(this.only.value) && this.only.value !== this.items.get(row.dataset.id).platform;
    }
  }
}

function pretty(body) {
  if (!body) return word("nothing");
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function failed(body) {
  try {
    const told = JSON.parse(body);
    return Boolean(told?.error) || Boolean(told?.error_name);
  } catch {
    return false;
  }
}
