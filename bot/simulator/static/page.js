// Starts the page: two phones, the exchange panel and the drawer, fed by one short poll.

import { Drawer } from "./drawer.js";
import { Exchanges } from "./exchange.js";
import { Phone } from "./phone.js";
import { Wire } from "./wire.js";

const EVERY_MS = 700;
const wire = new Wire(document.body.dataset.root);
const phones = [...document.querySelectorAll(".seat")].map((seat) => new Phone(seat, wire, poll));
const exchanges = new Exchanges(document.querySelector(".exchange"));
const drawer = new Drawer(document.querySelector("#drawer"), wire, (platform) => who(platform), poll);
const offline = document.querySelector("#offline");
const narrow = window.matchMedia("(max-width: 720px)");

let version = "";
let polling = null;
let again = false;

function who(platform) {
  return phones.find((phone) => phone.platform === platform)?.id ?? "";
}

function looked() {
  // a phone that nobody sees is not read
  if (document.hidden) return [];
  const shown = document.body.dataset.show;
  return phones.filter((phone) => phone.id && (!narrow.matches || phone.platform === shown)).map((phone) => phone.platform);
}

// One question at a time; asked for meanwhile, it is asked once more.
function poll() {
  if (polling) {
    again = true;
    return polling;
  }
  polling = ask().finally(() => {
    polling = null;
    if (again) {
      again = false;
      poll();
    }
  });
  return polling;
}

async function ask() {
  try {
    const query = { version, exchange: exchanges.last, zalo: who("zalo"), messenger: who("messenger"), look: looked().join(",") };
    const state = await wire.get("page/state", query);
    offline.hidden = true;
    if (state) take(state);
  } catch {
    offline.hidden = false;
  }
}

function take(state) {
  if (version.split(".")[0] !== state.version.split(".")[0]) exchanges.clear();
  version = state.version;
  for (const phone of phones) phone.show(state.phones[phone.platform]);
  exchanges.add(state.exchanges);
  drawer.show(state.faults);
}

for (const tab of document.querySelectorAll("[data-tab]")) {
  tab.addEventListener("click", () => choose(tab.dataset.tab));
}

function choose(name) {
  document.body.dataset.show = name;
  for (const tab of document.querySelectorAll("[data-tab]")) tab.setAttribute("aria-current", String(tab.dataset.tab === name));
  poll();
}

choose("zalo");
for (const phone of phones) phone.enter();
setInterval(poll, EVERY_MS);
