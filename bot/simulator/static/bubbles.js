// What stands in a conversation: bubbles, their buttons, the rows of a numbered menu, the three dots.

import { clock, make, word } from "./wire.js";

const ROW = /^\s*(\d{1,2})[.)]\s+\S/;
const LINK = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])/;

export function bubble(item, { act, platform, before, last, tappable }) {
  const same = before && before.side === item.side && before.by === item.by;
  const turn = make("div", `turn ${item.side}${same ? " same" : ""}`);
  turn.dataset.mid = item.mid;
  if (item.by && !same) turn.append(make("span", "by", word(item.by)));
  turn.append(item.kind === "text" ? words(item, tappable && platform === "zalo", act) : shape(item));
  const taps = item.taps.filter((tap) => tap.act !== "quick_reply");
  if (taps.length) turn.append(buttons(taps, act));
  if (item.side === "me" && (last || item.state === "failed")) turn.append(make("span", `state ${item.state}`, word(item.state)));
  return turn;
}

// A number chooses from the newest menu only, and from none once the member has written something else.
export function latestMenu(items) {
  const answered = items.findLastIndex((item) => item.side === "me");
  const menu = items.findLastIndex((item) => item.side === "them" && item.text.split("\n").some((line) => ROW.test(line)));
  return menu > answered ? menu : -1;
}

function words(item, tappable, act) {
  const box = make("div", "bubble");
  const lines = item.text.split("\n");
  lines.forEach((line, at) => {
    const row = tappable ? line.match(ROW) : null;
    const beforeRow = tappable && ROW.test(lines[at + 1] ?? ""); // a row begins a line of its own
    if (row) {
      const button = make("button", "line", line);
      button.type = "button";
      button.addEventListener("click", () => act({ act: "text", text: row[1] }));
      box.append(button);
    } else {
      box.append(...linked(line), at < lines.length - 1 && !beforeRow ? "\n" : "");
    }
  });
  box.append(make("time", "", clock(item.at)));
  return box;
}

function linked(line) {
  return line.split(LINK).map((piece) => {
    if (!LINK.test(piece)) return piece;
    const link = make("a", "", piece);
    Object.assign(link, { href: piece, target: "_blank", rel: "noopener noreferrer" });
    return link;
  });
}

function shape(item) {
  const picture = item.url && (item.kind === "image" || item.kind === "sticker");
  const box = make("div", `bubble shape${picture ? " picture" : ""}`);
  if (picture) {
    const image = make("img");
    image.src = item.url;
    image.alt = word(item.kind);
    box.append(image);
  } else {
    box.append(make("span", "", word(item.kind)));
  }
  if (item.text) box.append(make("span", "", item.text));
  return box;
}

function buttons(taps, act) {
  const row = make("div", "taps");
  for (const tap of taps) {
    const safe = /^(https?:|tel:)/.test(tap.payload);
    const control = make(tap.act === "link" && safe ? "a" : "button", "", tap.title);
    if (tap.act === "link") {
      if (safe) Object.assign(control, { href: tap.payload, target: "_blank", rel: "noopener noreferrer" });
    } else {
      control.type = "button";
      control.addEventListener("click", () => act({ act: tap.act, title: tap.title, payload: tap.payload }));
    }
    row.append(control);
  }
  return row;
}

// Quick replies belong to the newest message and go with the next one.
export function choices(item, act) {
  if (!item || item.side !== "them") return [];
  return item.taps
    .filter((tap) => tap.act === "quick_reply")
    .map((tap) => {
      const button = make("button", "", tap.title);
      button.type = "button";
      button.addEventListener("click", () => act({ act: "quick_reply", title: tap.title, payload: tap.payload }));
      return button;
    });
}

export function dots() {
  const turn = make("div", "turn them");
  const box = make("div", "bubble dots");
  box.append(make("i"), make("i"), make("i"));
  box.setAttribute("aria-label", word("typing"));
  box.setAttribute("role", "img");
  turn.append(box);
  return turn;
}
