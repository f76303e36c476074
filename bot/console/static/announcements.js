"use strict";
// The progress of a running announcement, live; the page works without it.
const box = document.querySelector("[data-progress]");
if (box && box.dataset.progress) {
  const began = document.getElementById("state").textContent;
  const look = async () => {
    const answer = await fetch(box.dataset.progress, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const now = await answer.json();
    for (const name of ["sent", "flying", "waiting", "rate"]) box.querySelector(`[data-is="${name}"]`).textContent = now[name];
    box.querySelector('[data-is="ends"]').textContent = now.ends ? `, dự kiến xong ${now.ends}` : "";
    box.querySelector("progress").value = now.people - now.waiting - now.flying;
    if (!["running", "paused"].includes(now.state) && began) location.reload();
  };
  setInterval(look, 1000);
}
