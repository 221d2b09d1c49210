"use strict";
// Keeps a page new: asks its server every second for the sections that changed, and puts them in the others' place.
(() => {
  const said = document.getElementById("live"), main = document.querySelector("main");
  const narrow = matchMedia("(max-width: 700px)"), details = new Map();
  let since = "", failed = 0, timer = 0, heard = 0, state = "", known = "";

  orgoptPage.following((i) => {
    if (!details.has(i)) {
      if (details.size > 40) details.delete(details.keys().next().value);
      details.set(i, fetch(`${location.pathname}/candidates/${i}`).then((answer) => {
        if (!answer.ok) throw new Error(answer.status);
        return answer.json();
      }));
      details.get(i).catch(() => details.delete(i));
    }
    return details.get(i).then((found) => orgoptPage.told({ ...byRow.get(i), ...found }, found));
  });
  let byRow = new Map();

  function replace(sections, order) {
    const open = new Set([...main.querySelectorAll("details[open]")].map((fold) => fold.closest("section").id + fold.firstChild.textContent.replace(/\d+/g, "")));
    const focus = document.activeElement, held = focus.closest?.("section"), at = focus.closest?.(".pick")?.dataset.i;
    for (const part of [...main.children]) if (!order.includes(part.id)) part.remove();
    let before = null;
    for (const id of order) {
      let part = document.getElementById(id);
      if (id in sections && !(id === "candidate" && part)) { // the script fills the candidate's, and keeps it
        const made = document.createElement("template");
        made.innerHTML = sections[id]; // of the server that made the page; texts in it are escaped there
        const fresh = made.content.firstChild;
        part ? part.replaceWith(fresh) : before ? before.after(fresh) : main.prepend(fresh);
        part = fresh;
        for (const fold of part.querySelectorAll("details")) fold.open = open.has(id + fold.firstChild.textContent.replace(/\d+/g, ""));
      }
      before = part;
    }
    if (at != null && held && !document.contains(held)) document.querySelector(`#${held.id} .pick[data-i="${at}"]`)?.focus({ preventScroll: true });
  }

  function take(news) {
    since = news.since;
    state = news.state;
    if (news.title) document.title = news.title;
    if (news.sections) replace(news.sections, news.order);
    if (news.data) {
      const row = (fresh) => JSON.stringify(fresh.candidates.find((c) => c.i === orgoptPage.selected) || null);
      byRow = new Map(news.data.candidates.map((c) => [c.i, c]));
      orgoptPage.take(news.data);
      const now = `${orgoptPage.selected} ${news.data.champion} ${row(news.data)}`;
      if (now !== known) { // the one that is shown has new results, or another is ahead
        details.clear();
        if (document.activeElement?.tagName !== "SELECT") orgoptPage.draw();
        known = now;
      }
    }
    if (news.sections) orgoptPage.mark();
    if (news.sections && document.getElementById("panel") && !document.getElementById("panel").children.length) orgoptPage.draw();
    heard = Date.now();
  }

  async function poll() {
    clearTimeout(timer);
    try {
      const answer = await fetch(`${location.pathname}/state?since=${since}&narrow=${narrow.matches ? 1 : 0}`);
      if (answer.status === 404) throw new Error("it is gone");
      if (!answer.ok) throw new Error(answer.status);
      take(await answer.json());
      failed = 0;
    } catch (error) {
      failed++;
    }
    show();
    const wait = state === "done" && !failed ? 5000 : document.hidden ? 5000 : 1000;
    timer = setTimeout(poll, Math.min(30000, wait * 2 ** Math.min(failed, 5)));
  }

  function show() {
    const look = failed ? "lost" : state;
    const words = { running: "Live", paused: "Paused", done: "Done", stopped: "Stopped" }[state] || state;
    said.className = look;
    said.textContent = failed ? (state === "done" ? "Done; its server has ended" : "No answer from its server: the page shows what was last heard") : words;
  }

  narrow.addEventListener("change", () => { since = ""; poll(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
  poll();
})();
