// The page's own calls, and the words that the page's HTML keeps for its scripts.

export class Refused extends Error {}

export class Wire {
  constructor(root) {
    this.root = root;
  }

  async get(path, query = {}) {
    const answer = await fetch(`${this.root}${path}?${new URLSearchParams(query)}`, { cache: "no-store" });
    return this.#read(answer);
  }

  async post(path, body = {}, method = "POST") {
    const answer = await fetch(`${this.root}${path}`, {
      method,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return this.#read(answer);
  }

  async #read(answer) {
    if (answer.status === 204) return null;
    const told = await answer.json();
    if (!answer.ok) throw new Refused(told?.error ?? String(answer.status));
    return told;
  }
}

const known = Object.fromEntries(
  [...document.querySelectorAll("#words dt")].map((term) => [term.textContent, term.nextElementSibling.textContent]),
);

export function word(name) {
  return known[name] ?? name;
}

// Builds an element; everything that people wrote goes in as text, never as HTML.
export function make(tag, classes = "", text = "") {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  if (text) element.textContent = text;
  return element;
}

export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Ho_Chi_Minh" });
}
