// The drawer: faults on demand, and what can happen to a member or to the account.

import { Refused, make, word } from "./wire.js";

export class Drawer {
  constructor(dialog, wire, who, changed) {
    this.dialog = dialog;
    this.wire = wire;
    this.who = who;
    this.changed = changed;
    this.at = dialog.querySelector("#at");
    this.form = dialog.querySelector("#fault");
    this.list = dialog.querySelector("#faults");
    this.drawn = "";
    document.querySelector("#open-drawer").addEventListener("click", () => dialog.showModal());
    dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    this.at.addEventListener("change", () => this.#fit());
    this.form.addEventListener("submit", (event) => this.#add(event));
    dialog.querySelector("#clear-faults").addEventListener("click", () => this.#run(this.form, this.wire.post("control/faults", {}, "DELETE")));
    dialog.querySelector("#staff").addEventListener("submit", (event) => this.#staff(event));
    for (const button of dialog.querySelectorAll("[data-act]")) button.addEventListener("click", () => this.#act(button));
    for (const button of dialog.querySelectorAll("[data-call]")) button.addEventListener("click", () => this.#call(button));
    this.#fit();
  }

  #fit() {
    for (const button of this.dialog.querySelectorAll("[data-only]")) button.hidden = button.dataset.only !== this.at.value;
  }

  async #run(place, promise, told = () => word("done")) {
    const said = place.querySelector?.(".said") ?? this.dialog.querySelector("#account-said");
    try {
      said.textContent = told(await promise);
    } catch (error) {
      said.textContent = error instanceof Refused ? `${word("refused")} ${error.message}` : word("refused");
    }
    this.changed();
  }

  #add(event) {
    event.preventDefault();
    const { kind, next, percent, seconds } = Object.fromEntries(new FormData(this.form));
    const said = this.form.querySelector(".said");
    if (Boolean(next) === Boolean(percent)) {
      said.textContent = word("which");
      return;
    }
    const rule = { platform: this.at.value, kind };
    if (kind === "empty_error") Object.assign(rule, { kind: "server_error", body: false });
    if (next) rule.next = Number(next);
    if (percent) rule.probability = Number(percent) / 100;
    if (seconds) rule.seconds = Number(seconds);
    this.#run(this.form, this.wire.post("control/faults", rule), () => word("added"));
  }

  #act(button) {
    const body = { platform: this.at.value, user: this.who(this.at.value), act: button.dataset.act };
    if (button.dataset.payload) body.payload = button.dataset.payload;
    if (button.dataset.hours) body.hours = Number(button.dataset.hours);
    this.#run(this.dialog.querySelector("#account"), this.wire.post("page/act", body));
  }

  #call(button) {
    const body = { platform: this.at.value };
    if (button.dataset.state) body.state = button.dataset.state;
    const answer = this.wire.post(`control/${button.dataset.call}`, body);
    this.#run(this.dialog.querySelector("#account"), answer, (told) =>
      button.dataset.call === "check" ? told.map((call) => `HTTP ${call.status}`).join(", ") : word("done"),
    );
  }

  #staff(event) {
    event.preventDefault();
    const input = event.target.elements.text;
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    const body = { platform: this.at.value, user: this.who(this.at.value), act: "staff", text };
    this.#run(this.dialog.querySelector("#account"), this.wire.post("page/act", body));
  }

  show(faults) {
    const drawn = JSON.stringify(faults);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.list.replaceChildren(...faults.map((fault) => make("li", "", this.#named(fault))));
    this.dialog.querySelector("#clear-faults").hidden = !faults.length;
    const count = document.querySelector("#fault-count");
    count.hidden = !faults.length;
    count.textContent = faults.length;
  }

  #named(fault) {
    const silent = fault.kind === "server_error" && !fault.body;
    const option = this.form.querySelector(`option[value="${silent ? "empty_error" : fault.kind}"]`);
    const often = fault.next ? `${fault.next} ${word("times")}` : `${Math.round(fault.probability * 100)} %`;
    return `${fault.platform === "zalo" ? "Zalo" : "Messenger"}: ${option?.textContent ?? fault.kind}, ${often}`;
  }
}
