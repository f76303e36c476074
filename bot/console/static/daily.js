"use strict";
// The daily screens' conveniences; each page works without them.

// A part of the page that renews itself while it is looked at.
for (const part of document.querySelectorAll("[data-live]")) {
  const every = 1000 * Number(part.dataset.every || 5);
  const look = async () => {
    if (document.hidden) return;
    const inner = part.querySelector("[data-version]");
    const address = new URL(part.dataset.live, location.href);
    address.searchParams.set("version", inner ? inner.dataset.version : "");
    try {
      const answer = await fetch(address, { credentials: "same-origin", redirect: "error" });
      if (answer.status === 200) part.innerHTML = await answer.text(); // our own page, escaped on the server
    } catch {
      return; // the next look may go better; signed out: the next click says so
    }
  };
  setInterval(look, every);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-fill]");
  if (!link) return;
  event.preventDefault();
  const field = document.getElementById(link.dataset.fill);
  field.value = field.value ? `${field.value}\n${link.dataset.words}` : link.dataset.words;
  link.closest("details").open = false;
  field.focus();
});

// A second click on a slow line must not send a second message.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
});
