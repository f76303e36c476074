"use strict";
// Small conveniences; every page works without them.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-print]");
  if (!button) return;
  if ("print" in button.dataset) return window.print();
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    document.execCommand("copy"); // plain http: the clipboard is closed, the old way is not
  }
  button.textContent = "Đã chép";
});

// A long list of check boxes gets a box to narrow it, with or without tone marks.
const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[đĐ]/g, "d").toLowerCase();
for (const set of document.querySelectorAll("[data-filter]")) {
  const box = document.createElement("input");
  box.type = "search";
  box.className = "form-control mb-2";
  box.placeholder = "Tìm trong danh sách";
  box.setAttribute("aria-label", "Tìm trong danh sách");
  set.querySelector(".scroll").before(box);
  box.addEventListener("input", () => {
    for (const row of set.querySelectorAll(".form-check")) row.hidden = !plain(row.textContent).includes(plain(box.value));
  });
}

// The preview follows what is typed; without this a button asks for it.
for (const form of document.querySelectorAll("form[data-preview]")) {
  const target = document.getElementById(form.dataset.preview);
  let waiting;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const answer = await fetch(form.dataset.address, { method: "POST", body: new FormData(form), credentials: "same-origin" });
      if (answer.ok) target.innerHTML = await answer.text(); // our own page, escaped on the server
    }, 250);
  });
}

// A page that shows progress looks again by itself; a link does the same without this.
const refreshing = document.querySelector("[data-refresh]");
if (refreshing) setTimeout(() => location.reload(), Number(refreshing.dataset.refresh) * 1000);
