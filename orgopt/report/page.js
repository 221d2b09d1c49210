"use strict";
// Fills the panel with the candidate that is chosen. All text goes in as text; only charts, which orgopt drew, are markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const panel = document.getElementById("panel");
  if (!panel || !data.candidates.length) return;
  const byIndex = new Map(data.candidates.map((c) => [c.i, c]));
  const order = data.candidates.map((c) => c.i);
  const bar = document.getElementById("bar"), tip = document.getElementById("tip");
  let selected = byIndex.has(data.selected) ? data.selected : order[0];
  let tab = "parentDiff";

  const el = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== false && value != null) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child != null));
    return made;
  };
  const svg = (name, attributes, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const text = (number) => data.texts[number].map((line) => data.lines[line]);
  const link = (i) => el("button", { type: "button", class: "link", onclick: () => choose(i) }, byIndex.get(i).name);
  const short = (value) => (value < -0.005 ? "−" : "") + Math.abs(value).toFixed(2).replace(/^0/, "");

  function documentView(lines) {
    const rows = lines.map((line) => {
      const key = line.match(/^(\s*[-*] \*\*[^*]+:\*\*)(.*)$/);
      if (key) return [el("span", { class: "k" }, key[1]), key[2] + "\n"];
      return line.startsWith("#") ? [el("span", { class: "h" }, line + "\n")] : [line + "\n"];
    });
    return el("pre", { class: "doc", tabindex: "0" }, ...rows.flat());
  }

  function diffView(rows, none) {
    if (!rows || !rows.length) return el("p", { class: "about" }, none);
    const looks = { "+": "add", "-": "del", "…": "gap" };
    const marks = { "+": "+", "-": "−" };
    return el("div", { class: "diff", tabindex: "0" }, ...rows.map(([mark, line, spans]) => {
      const words = data.lines[line], parts = [];
      let at = 0;
      for (const [start, end] of spans || []) {
        const points = Array.from(words);
        parts.push(points.slice(at, start).join(""), el(mark === "+" ? "ins" : "del", {}, points.slice(start, end).join("")));
        at = end;
      }
      parts.push(Array.from(words).slice(at).join(""));
      return el("div", { class: looks[mark] || "same" }, el("span", {}, marks[mark] || mark), el("span", {}, ...parts));
    }));
  }

  function chartView(number) {
    const lines = number == null ? [] : text(number);
    if (lines.length < 2) return el("p", { class: "about" }, "There is no chart of this document.");
    const figure = el("figure", { class: "org-chart" });
    figure.innerHTML = lines.join("\n");
    return figure;
  }

  function scores(c) {
    const every = c.scores.flatMap((row) => row[2]);
    if (!every.length) return el("p", { class: "about" }, "Not measured yet.");
    const low = Math.min(0, ...every), high = Math.max(1, ...every);
    const x = (value) => (1 + (98 * (value - low)) / (high - low || 1)).toFixed(2) + "%";
    const rows = c.scores.map(([phase, task, values]) => {
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const spread = values.reduce((a, b) => a + (b - mean) ** 2, 0);
      const error = values.length > 1 ? Math.sqrt(spread / (values.length - 1) / values.length) : null;
      const dots = values.map((v) => svg("circle", { cx: x(v), cy: 11, r: 3.5 }));
      const lines = [0, 1].map((v) => svg("line", { x1: x(v), x2: x(v), y1: 0, y2: 22, class: "base" }));
      const strip = svg("svg", { class: "strip", width: "100%", height: 22, "aria-hidden": "true" }, ...lines, ...dots,
        svg("line", { x1: x(mean), x2: x(mean), y1: 3, y2: 19, class: "mean" }));
      return el("tr", {}, el("th", { scope: "row" }, `${phase}, ${task}`), el("td", {}, strip),
        el("td", {}, short(mean) + (error == null ? "" : ` ± ${short(error)}`)), el("td", {}, String(values.length)));
    });
    const head = ["phase, task", "a point a seed; lines at 0 and 1", "mean ± se", "seeds"].map((name) => el("th", { scope: "col" }, name));
    return el("table", { class: "seeds" }, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows));
  }

  function changes(c) {
    if (!c.changes.length) return null;
    const look = (line) => (line.startsWith("+") ? "add" : /^[-−]/.test(line) ? "del" : "");
    return el("ul", { class: "changes" }, ...c.changes.map((line) => el("li", { class: look(line) }, /^[-+−]/.test(line) ? line : `· ${line}`)));
  }

  function views(c) {
    const seedless = "This is the seed document: the search began with it.";
    const all = [
      ["parentDiff", "Against parent", () => diffView(c.parentDiff, c.parent == null ? seedless : "The text is its parent's.")],
      ["seedDiff", "Against seed", () => diffView(c.seedDiff, c.i === 0 ? seedless : "The text is the seed document's.")],
      ["document", "Document", () => documentView(text(c.text))],
      ["chart", "Chart", () => chartView(c.chart)],
    ];
    const tabs = all.map(([name, title]) => el("button", {
      type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `view-${name}`, "aria-selected": String(name === tab),
      tabindex: name === tab ? "0" : "-1", onclick: () => open(name),
    }, title));
    const list = el("div", { class: "tabs", role: "tablist", onkeydown: (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const names = all.map(([name]) => name);
      open(names[(names.indexOf(tab) + step + names.length) % names.length], true);
    } }, ...tabs);
    const shown = all.map(([name, title, make]) => el("div", {
      class: "view", role: "tabpanel", id: `view-${name}`, "aria-label": title, hidden: name !== tab,
    }, make()));
    return [list, ...shown];
  }

  function open(name, focus) {
    tab = name;
    for (const button of panel.querySelectorAll("[role=tab]")) {
      const on = button.id === `tab-${name}`;
      button.setAttribute("aria-selected", String(on));
      button.tabIndex = on ? 0 : -1;
      if (on && focus) button.focus();
    }
    for (const view of panel.querySelectorAll(".view")) view.hidden = view.id !== `view-${name}`;
  }

  function picker(c) {
    const at = order.indexOf(c.i);
    const list = el("select", { "aria-label": "Candidate", onchange: (event) => choose(Number(event.target.value)) },
      ...data.candidates.map((o) => el("option", { value: o.i, selected: o.i === c.i }, o.words)));
    const go = (words, i) => el("button", { type: "button", disabled: i == null, onclick: () => choose(i) }, words);
    return el("div", { class: "picker" }, list, go("← Previous", order[at - 1]), go("Next →", order[at + 1]),
      go(data.leader === "champion" ? "Champion" : "Ahead so far", c.i === data.champion ? null : data.champion));
  }

  function show(c) {
    const children = data.candidates.filter((o) => o.parent === c.i).map((o) => o.i);
    const family = el("p", { class: "about" }, `Generation ${c.generation}, proposed by ${c.proposer || "?"}; ${c.size}. `);
    if (c.parent != null) family.append("Parent: ", link(c.parent), ". ");
    if (children.length) family.append("Children: ", ...children.flatMap((i, n) => (n ? [", ", link(i)] : [link(i)])), ".");
    const value = c.value === "–" ? "" : ` ${c.value}${c.error ? ` ± ${c.error}` : ""}`;
    panel.replaceChildren(picker(c), el("h3", {}, c.name + (c.i === data.champion ? `, ${data.leader}` : "")),
      el("p", { class: "about" }, value ? `Research output in the search:${value}` : "Not measured yet."), family,
      ...[changes(c)].filter(Boolean), el("h4", {}, "Score by task and seed"), scores(c), ...views(c));
  }

  function choose(i, from) {
    selected = i;
    const c = byIndex.get(i), hadFocus = panel.contains(document.activeElement);
    for (const mark of document.querySelectorAll(".pick")) {
      const on = Number(mark.dataset.i) === i;
      mark.classList.toggle("selected", on);
      mark.setAttribute("aria-pressed", String(on));
      mark.tabIndex = on ? 0 : -1;
    }
    show(c);
    if (hadFocus) panel.querySelector("select").focus();
    document.getElementById("bar-words").textContent = c.words;
    bar.hidden = !from || seen();
  }

  // The narrow copy of a chart has the same candidates; the first of those on the screen takes the focus.
  for (const chart of document.querySelectorAll("svg.chart")) {
    const picks = [...chart.querySelectorAll(".pick")];
    if (!picks.length) continue;
    const nearest = (event, reach) => {
      let best = null, least = reach;
      for (const pick of picks) {
        const box = pick.querySelector(".halo").getBoundingClientRect();
        const gap = Math.hypot(event.clientX - box.x - box.width / 2, event.clientY - box.y - box.height / 2);
        if (gap < least) [best, least] = [pick, gap];
      }
      return best;
    };
    chart.addEventListener("click", (event) => {
      const pick = nearest(event, 28);
      if (pick) choose(Number(pick.dataset.i), chart);
    });
    chart.addEventListener("pointermove", (event) => {
      const pick = event.pointerType === "touch" ? null : nearest(event, 14);
      pick ? point(pick) : (tip.hidden = true);
    });
    chart.addEventListener("pointerleave", () => { tip.hidden = true; });
    chart.addEventListener("focusin", (event) => { if (event.target.matches(":focus-visible")) point(event.target.closest(".pick")); });
    chart.addEventListener("focusout", () => { tip.hidden = true; });
    chart.addEventListener("keydown", (event) => {
      const here = picks.map((pick) => Number(pick.dataset.i)), at = here.indexOf(selected);
      const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: here.length - 1 }[event.key];
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        return reveal();
      }
      if (to == null || here[to] == null) return;
      event.preventDefault();
      choose(here[to], chart);
      picks[to].focus();
    });
  }

  function point(pick) {
    if (!pick) return;
    const c = byIndex.get(Number(pick.dataset.i)), box = pick.querySelector(".halo").getBoundingClientRect();
    tip.textContent = [c.words, ...c.changes.slice(0, 4)].join("\n");
    tip.style.whiteSpace = "pre-line";
    tip.hidden = false;
    const width = tip.offsetWidth, height = tip.offsetHeight;
    tip.style.left = Math.max(8, Math.min(innerWidth - width - 8, box.x + box.width / 2 - width / 2)) + "px";
    tip.style.top = (box.y > height + 12 ? box.y - height - 6 : box.bottom + 6) + "px";
  }

  const seen = () => { const box = panel.getBoundingClientRect(); return box.top < innerHeight * 0.7 && box.bottom > 80; };
  function reveal() {
    document.getElementById("candidate").scrollIntoView();
    panel.focus({ preventScroll: true });
    bar.hidden = true;
  }
  document.getElementById("bar-show").addEventListener("click", reveal);
  addEventListener("scroll", () => { if (!bar.hidden && seen()) bar.hidden = true; }, { passive: true });
  addEventListener("beforeprint", () => { for (const fold of document.querySelectorAll("details")) fold.open = true; });
  for (const button of document.querySelectorAll("[data-pick]")) {
    button.addEventListener("click", () => { choose(Number(button.dataset.pick)); reveal(); });
  }
  choose(selected);
})();
