"use strict";
// Fills the panel with the candidate that is chosen, alone or beside another. All text goes in as text; only charts,
// which orgopt drew, are markup. `orgoptPage` is what live.js, where the page has it, keeps new.
const orgoptPage = (() => {
  const block = document.getElementById("data");
  let data = block ? JSON.parse(block.textContent) : { candidates: [] };
  let byIndex = new Map(), order = [], children = new Map();
  let selected = null, other = null, followed = true, tab = "parentDiff", turn = 0;
  const tip = document.getElementById("tip"), bar = document.getElementById("bar");
  const panel = () => document.getElementById("panel");

  const el = (name, attributes = {}, ...inside) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== false && value != null) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...inside.flat().filter((child) => child != null));
    return made;
  };
  const svg = (name, attributes, ...inside) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...inside);
    return made;
  };
  const link = (i) => el("button", { type: "button", class: "link", onclick: () => choose(i) }, byIndex.get(i).name);
  const short = (value, digits = data.digits || 2) => (value < -0.5 * 10 ** -digits ? "−" : "") + Math.abs(value).toFixed(digits);
  const about = (words) => el("p", { class: "about" }, words);

  // What a candidate's document says: in the page, or asked of its server.
  const told = (c, store) => ({ ...c, lines: store.texts[c.text].map((line) => store.lines[line]),
    drawn: c.chart == null ? "" : store.texts[c.chart].map((line) => store.lines[line]).join("\n") });
  let ask = (i) => Promise.resolve(told(byIndex.get(i), data));

  // Differences by line, with the changed words of lines that replace each other: a longest common subsequence.
  function matched(a, b) {
    const pairs = [];
    let low = 0, endA = a.length, endB = b.length;
    while (low < endA && low < endB && a[low] === b[low]) pairs.push([low, low++]);
    const tail = [];
    while (endA > low && endB > low && a[endA - 1] === b[endB - 1]) tail.unshift([--endA, --endB]);
    const n = endA - low, m = endB - low;
    if (n && m && n * m < 4e6) {
      const best = new Uint16Array((n + 1) * (m + 1)), at = (i, j) => i * (m + 1) + j;
      for (let i = n - 1; i >= 0; i--) {
        for (let j = m - 1; j >= 0; j--) {
          best[at(i, j)] = a[low + i] === b[low + j] ? best[at(i + 1, j + 1)] + 1 : Math.max(best[at(i + 1, j)], best[at(i, j + 1)]);
        }
      }
      for (let i = 0, j = 0; i < n && j < m;) {
        if (a[low + i] === b[low + j]) pairs.push([low + i++, low + j++]);
        else if (best[at(i + 1, j)] >= best[at(i, j + 1)]) i++;
        else j++;
      }
    }
    return pairs.concat(tail);
  }

  function difference(before, after) {
    const rows = [];
    let i = 0, j = 0;
    const replace = (toI, toJ) => {
      const old = before.slice(i, toI), now = after.slice(j, toJ);
      const spans = old.map((line, k) => (k < now.length ? words(line, now[k]) : [[], []]));
      old.forEach((line, k) => rows.push(["-", line, spans[k][0]]));
      now.forEach((line, k) => rows.push(["+", line, k < spans.length ? spans[k][1] : []]));
    };
    for (const [a, b] of [...matched(before, after), [before.length, after.length]]) {
      replace(a, b);
      if (a < before.length) rows.push([" ", before[a], []]);
      i = a + 1;
      j = b + 1;
    }
    return folded(rows);
  }

  function words(old, now) {
    const split = (line) => line.match(/[\p{L}\p{N}_]+|\s+|./gsu) || [];
    const a = split(old), b = split(now), same = matched(a, b);
    if ((2 * same.length) / (a.length + b.length || 1) < 0.35) return [[], []]; // hardly anything agrees
    const spans = (parts, place) => {
      const kept = new Set(same.map((pair) => pair[place])), found = [];
      parts.forEach((part, k) => {
        if (kept.has(k)) return;
        if (found.length && found[found.length - 1][1] === k) found[found.length - 1][1] = k + 1;
        else found.push([k, k + 1]);
      });
      return found.map(([from, to]) => [parts.slice(0, from).join("").length, parts.slice(0, to).join("").length]);
    };
    return [spans(a, 0), spans(b, 1)];
  }

  function folded(rows, context = 2) {
    const near = rows.map(() => false);
    rows.forEach(([mark], k) => {
      if (mark !== " ") for (let n = Math.max(0, k - context); n <= Math.min(rows.length - 1, k + context); n++) near[n] = true;
    });
    if (!near.includes(true)) return [];
    const found = [];
    let left = 0;
    const gap = () => { if (left) found.push(["…", `${left} line${left === 1 ? "" : "s"}`, []]); left = 0; };
    rows.forEach((row, k) => { if (near[k]) { gap(); found.push(row); } else left++; });
    gap();
    return found;
  }

  function diffView(before, after, none) {
    const rows = before ? difference(before.lines, after.lines) : [];
    if (!rows.length) return about(none);
    const looks = { "+": "add", "-": "del", "…": "gap" }, marks = { "+": "+", "-": "−" };
    return el("div", { class: "diff", tabindex: "0" }, rows.map(([mark, line, spans]) => {
      const parts = [];
      let at = 0;
      for (const [start, end] of spans) {
        parts.push(line.slice(at, start), el(mark === "+" ? "ins" : "del", {}, line.slice(start, end)));
        at = end;
      }
      parts.push(line.slice(at));
      return el("div", { class: looks[mark] || "same" }, el("span", {}, marks[mark] || mark), el("span", {}, parts));
    }));
  }

  function documentView(lines) {
    const rows = lines.map((line) => {
      const key = line.match(/^(\s*[-*] \*\*[^*]+:\*\*)(.*)$/);
      if (key) return [el("span", { class: "k" }, key[1]), key[2] + "\n"];
      return line.startsWith("#") ? [el("span", { class: "h" }, line + "\n")] : [line + "\n"];
    });
    return el("pre", { class: "doc", tabindex: "0" }, rows.flat());
  }

  function chartView(c) {
    if (!c.drawn) return about("There is no chart of this document.");
    const figure = el("figure", { class: "org-chart" });
    figure.innerHTML = c.drawn;
    return figure;
  }

  function scores(c) {
    const every = c.scores.flatMap((row) => row[2]);
    if (!every.length) return about("Not measured yet.");
    // Wide as the points are, with the untouched script; the best setting known only where somebody is near it.
    const low = Math.min(0, ...every), most = Math.max(...every), high = most > 0.8 ? Math.max(1, most) : Math.max(most, low + 1e-3);
    const x = (value) => (1 + (98 * (value - low)) / (high - low || 1)).toFixed(2) + "%";
    const rows = c.scores.map(([phase, task, values]) => {
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const dots = values.map((v) => svg("circle", { cx: x(v), cy: 11, r: 3.5 }));
      const lines = [0, 1].filter((v) => v <= high).map((v) => svg("line", { x1: x(v), x2: x(v), y1: 0, y2: 22, class: "base" }));
      const strip = svg("svg", { class: "strip", width: "100%", height: 22, "aria-hidden": "true" }, ...lines, ...dots,
        svg("line", { x1: x(mean), x2: x(mean), y1: 3, y2: 19, class: "mean" }));
      return el("tr", {}, el("th", { scope: "row" }, `${phase}, ${task}`), el("td", {}, strip),
        el("td", {}, short(mean)), el("td", {}, String(values.length)));
    });
    const head = ["phase, task", high < 1 ? "a point a seed; a line at 0, the untouched script" : "a point a seed; lines at 0, the untouched script, and 1, the best setting known", "mean", "seeds"].map((name) => el("th", { scope: "col" }, name));
    return el("table", { class: "seeds" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows));
  }

  // q over the budget on search seeds, of one candidate or of two, a figure a task.
  function curves(shown) {
    const tasks = [...new Set(shown.flatMap((c) => c.curves.map((row) => row[0])))];
    return tasks.map((task) => {
      const lines = shown.map((c) => [c, c.curves.find((row) => row[0] === task)]).filter(([, row]) => row);
      const every = lines.flatMap(([, row]) => row[2]), low = Math.min(0, ...every), high = Math.max(low + 1e-3, ...every);
      const large = tasks.length === 1 && innerWidth > 700, width = large ? 860 : 460, height = large ? 260 : 190, x = (i, n) => 34 + (i * (width - 44)) / (n - 1);
      const y = (q) => height - 24 - ((q - low) / (high - low)) * (height - 40);
      const power = 10 ** Math.floor(Math.log10((high - low) / 4)), step = [1, 2, 5, 10].map((f) => f * power).find((s) => (high - low) / s <= 5), grid = [];
      for (let q = Math.ceil(low / step) * step; q <= high + 1e-9; q += step) {
        grid.push(svg("line", { x1: 34, x2: width - 10, y1: y(q), y2: y(q), class: "grid" }),
          svg("text", { x: 28, y: y(q) + 4, "text-anchor": "end" }, short(q, Math.max(2, -Math.floor(Math.log10(step) + 1e-9)))));
      }
      const ends = [["0", 34, "start"], [`${data.budget} s`, width - 10, "end"]].map(([said, at, anchor]) =>
        svg("text", { x: at, y: height - 6, "text-anchor": anchor }, said));
      const drawn = lines.map(([, row], n) => svg("polyline", { class: `curve pair-${n}`,
        points: row[2].map((q, i) => `${x(i, row[2].length).toFixed(1)},${y(q).toFixed(1)}`).join(" ") }));
      const named = lines.map(([c, row], n) => el("span", {}, el("i", { class: `key k-pair-${n}` }), `${c.name}, ${short(row[2][row[2].length - 1])} at the end, ${row[1]} seed${row[1] === 1 ? "" : "s"} `));
      return el("figure", { class: "small" }, el("figcaption", { class: "title" }, `${task}: quality of the submission over the budget, mean over search seeds`),
        svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img", "aria-label": `quality over the budget of ${lines.map(([c]) => c.name).join(" and ")}` }, ...grid, ...ends, ...drawn),
        el("p", { class: "legend keys" }, named));
    });
  }

  function changes(c) {
    if (!c.changes.length) return null;
    const look = (line) => (line.startsWith("+") ? "add" : /^[-−]/.test(line) ? "del" : "");
    return el("ul", { class: "changes" }, c.changes.map((line) => el("li", { class: look(line) }, /^[-+−]/.test(line) ? line : `· ${line}`)));
  }

  const valued = (c) => (c.value === "–" ? "Not measured yet."
    : `Research output in the search: ${c.value}${c.error ? ` ± ${c.error}` : ""}${c.estimate ? `; estimate ${c.estimate}, by which candidates are ranked` : ""}.`);

  // Two candidates row by row. Where both ran on the same seeds, the difference is that of pairs, with its 95 % interval.
  function versus(c, o) {
    const cell = (text, look) => el("td", { class: look || "num" }, text);
    const signed = (value, digits) => (value > 0 ? "+" : "") + short(value, digits);
    const line = (name, a, b, last) => el("tr", {}, el("th", { scope: "row" }, name), cell(a || "–"), cell(b || "–"), last || cell(""));
    const plainly = (values) => short(values.reduce((x, y) => x + y, 0) / values.length);
    // The study's claim, where two have one, with its very interval.
    const claimed = (one, two, task) => {
      const known = data.claims[task];
      const turned = one.i === 0 && two.i === data.champion, same = one.i === data.champion && two.i === 0;
      return known && same ? known : known && turned ? [-known[0], -known[2], -known[1]] : null;
    };
    const apart = ([mean, low, high], n) => {
      const look = low <= 0 && high >= 0 ? "even" : mean > 0 ? "better" : "worse", mark = { better: "▲ ", worse: "▼ ", even: "○ " }[look];
      // No end that is not 0 is written as 0, as on every other screen.
      const digits = [2, 3, 4, 5, 6].find((one) => one >= (data.digits || 2) && [low, high].every((end) => Math.abs(end) < 5e-7 || Number(end.toFixed(one))));
      const known = Number.isFinite(low) ? ` [${signed(low, digits)}, ${signed(high, digits)}]` : "";
      return el("td", {}, el("b", { class: `verdict ${look}` }, mark + signed(mean)), el("small", {}, `${known}, ${n} seed${n === 1 ? "" : "s"} alike`));
    };
    const rows = [line("estimate, by which candidates are ranked", c.estimate, o.estimate)];
    for (const [phase, task, mine] of c.scores) {
      const theirs = (o.scores.find((row) => row[0] === phase && row[1] === task) || [])[2];
      const name = `${phase}${c.scores.some((row) => row[1] !== task) ? `, ${task}` : ""}, mean`;
      if (!theirs) { rows.push(line(name, plainly(mine), "")); continue; }
      const n = Math.min(mine.length, theirs.length), gaps = mine.slice(0, n).map((value, i) => value - theirs[i]);
      const mean = gaps.reduce((x, y) => x + y, 0) / n, sd = Math.sqrt(gaps.reduce((x, y) => x + (y - mean) ** 2, 0) / (n - 1));
      const claim = phase === "test" && claimed(c, o, task);
      const both = [mine, theirs].map((values) => plainly(values) + (values.length > n ? `; ${plainly(values.slice(0, n))} on the ${n} of both` : ""));
      if (claim) { rows.push(line(name, ...both, apart(claim, n))); continue; }
      const t = [0, 0, 12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14][n] || 2.05; // Student's, 95 %
      const half = n > 1 ? (t * sd) / Math.sqrt(n) : Infinity;
      rows.push(line(name, ...both, apart([mean, mean - half, mean + half], n)));
    }
    for (const [phase, task, theirs] of o.scores) {
      if (!c.scores.some((row) => row[0] === phase && row[1] === task)) rows.push(line(`${phase}, ${task}, mean`, "", plainly(theirs)));
    }
    rows.push(line("organization", c.size, o.size));
    ["experiments a run", "idle slots", "agents' time a run", "tokens a run"].forEach((name, i) => {
      if (c.costs[i] || o.costs[i]) rows.push(line(name, c.costs[i], o.costs[i]));
    });
    const head = (one, n) => el("th", { scope: "col", class: "num" }, el("i", { class: `key k-pair-${n}` }), one.name);
    return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Both in figures" },
      el("table", { class: "plain versus" }, el("thead", {}, el("tr", {}, el("th", {}), head(c, 0), head(o, 1), el("th", { scope: "col" }, `${c.name} above ${o.name}, 95 %`))), el("tbody", {}, rows)),
      about("Differences are of pairs on the same seeds, with Student's interval, or with that of the study's claim. Search and race chose candidates, so theirs flatter who was chosen; claims come from test seeds alone."));
  }

  function besideView(c, o) {
    const list = el("select", { "aria-label": "Compare with", onchange: (event) => { other = Number(event.target.value); draw(); } },
      data.candidates.filter((one) => one.i !== c.i).map((one) => el("option", { value: one.i, selected: one.i === o.i }, one.words)));
    const column = (one, n) => el("div", { class: "side" }, el("h4", {}, el("i", { class: `key k-pair-${n}` }), one.name), chartView(one));
    return el("div", {}, el("p", { class: "picker with" }, el("label", {}, `${c.name} beside `), list), versus(c, o),
      el("div", { class: "pair beside" }, column(c, 0), column(o, 1)),
      el("h4", {}, `What differs: from ${o.name} to ${c.name}`), diffView(o, c, "Their texts are the same."),
      el("div", { class: "pair alone" }, curves([c, o])));
  }

  function views(c, parent, seed, o) {
    const seedless = "This is the seed document: the search began with it.";
    const all = [
      ["parentDiff", "Against parent", () => diffView(parent, c, c.parent == null ? seedless : "The text is its parent's.")],
      ["seedDiff", "Against seed", () => diffView(seed, c, c.i === 0 ? seedless : "The text is the seed document's.")],
      ["beside", "Side by side", () => (o ? besideView(c, o) : about("There is no other candidate yet."))],
      ["document", "Document", () => documentView(c.lines)],
      ["chart", "Chart", () => chartView(c)],
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
    } }, tabs);
    makes = new Map(all.map(([name, , make]) => [`view-${name}`, make]));
    const made = all.map(([name, title]) => el("div", { class: "view", role: "tabpanel", id: `view-${name}`, "aria-label": title, hidden: name !== tab }));
    made.filter((view) => !view.hidden).forEach(fill);
    return [list, ...made];
  }

  // A view is made when it is first looked at: of a thousand candidates a list alone is a thousand elements.
  let makes = new Map();
  function fill(view) {
    if (!makes.has(view.id)) return;
    view.append(makes.get(view.id)());
    makes.delete(view.id);
  }

  function open(name, focus) {
    tab = name;
    for (const button of panel().querySelectorAll("[role=tab]")) {
      const on = button.id === `tab-${name}`;
      button.setAttribute("aria-selected", String(on));
      button.tabIndex = on ? 0 : -1;
      if (on && focus) button.focus();
    }
    for (const view of panel().querySelectorAll(".view")) {
      view.hidden = view.id !== `view-${name}`;
      if (!view.hidden) fill(view);
    }
  }

  function picker(c) {
    const at = order.indexOf(c.i);
    const list = el("select", { id: "pick", "aria-label": "Candidate", onchange: (event) => choose(Number(event.target.value)) },
      data.candidates.map((o) => el("option", { value: o.i, selected: o.i === c.i }, o.words)));
    const go = (words, i) => el("button", { type: "button", disabled: i == null, onclick: () => choose(i) }, words);
    return el("div", { class: "picker" }, list, go("← Previous", order[at - 1]), go("Next →", order[at + 1]),
      go(data.leader === "champion" ? "Champion" : "Ahead so far", c.i === data.champion ? null : data.champion));
  }

  function family(c) {
    const said = el("p", { class: "about" }, `Generation ${c.generation}, proposed by ${c.proposer || "?"}; ${c.size}. `);
    if (c.parent != null) said.append("Parent: ", link(c.parent), ". ");
    if (c.other != null) said.append("With a part of: ", link(c.other), ". ");
    const mine = children.get(c.i) || [];
    if (mine.length) said.append("Children: ", ...mine.flatMap((i, n) => (n ? [", ", link(i)] : [link(i)])), ".");
    return said;
  }

  async function draw() {
    const mine = ++turn, row = byIndex.get(selected);
    if (!row || !panel()) return;
    if (other == null || other === selected || !byIndex.has(other)) other = selected === data.champion ? order.find((i) => i !== selected) : data.champion;
    const wanted = [selected, row.parent, selected === order[0] ? null : order[0], other];
    let found;
    try {
      found = await Promise.all(wanted.map((i) => (i == null ? null : ask(i))));
    } catch {
      if (mine === turn) panel().replaceChildren(picker(row), about("Its document cannot be had: the server does not answer."));
      return;
    }
    if (mine !== turn || !panel()) return; // another was chosen meanwhile
    const [c, parent, seed, o] = found, held = document.activeElement;
    const place = panel().contains(held) ? (held.id ? `#${held.id}` : held.getAttribute("aria-label") ? `[aria-label="${held.getAttribute("aria-label")}"]` : "select") : "";
    panel().replaceChildren(picker(c), el("h3", {}, c.name + (c.i === data.champion ? `, ${data.leader}` : "")), about(valued(c)), family(c),
      ...[changes(c)].filter(Boolean), el("h4", {}, "Score by task and seed"), scores(c), ...views(c, parent, seed, o));
    if (place) panel().querySelector(place)?.focus({ preventScroll: true });
    panel().dataset.shown = c.name;
  }

  function mark() {
    for (const figure of document.querySelectorAll(".gantt")) if (looked.has(figure.dataset.key)) stretch(figure, ...looked.get(figure.dataset.key));
    for (const pick of document.querySelectorAll(".pick.selected, .pick[tabindex='0']")) {
      pick.classList.remove("selected");
      pick.setAttribute("aria-pressed", "false");
      pick.tabIndex = -1;
    }
    for (const pick of document.querySelectorAll(`.pick[data-i="${selected}"]`)) {
      pick.classList.add("selected");
      pick.setAttribute("aria-pressed", "true");
      pick.tabIndex = 0;
    }
  }

  function choose(i, from) {
    selected = i;
    followed = i === data.champion;
    mark();
    draw();
    document.getElementById("bar-words").textContent = byIndex.get(i).words;
    bar.hidden = !from || seen();
  }

  function take(fresh) {
    data = fresh;
    byIndex = new Map(data.candidates.map((c) => [c.i, c]));
    order = data.candidates.map((c) => c.i);
    children = new Map();
    for (const c of data.candidates) if (c.parent != null) children.set(c.parent, [...(children.get(c.parent) || []), c.i]);
    if (followed || !byIndex.has(selected)) selected = byIndex.has(data.selected) ? data.selected : order[0];
  }

  // Charts are replaced while a study runs, so that their events are heard of where they stay.
  function nearest(event, reach) {
    const chart = event.target.closest?.("svg.chart");
    let best = null, least = reach;
    for (const pick of chart ? chart.querySelectorAll(".pick") : []) {
      const box = pick.querySelector(".halo").getBoundingClientRect();
      const gap = Math.hypot(event.clientX - box.x - box.width / 2, event.clientY - box.y - box.height / 2);
      if (gap < least) [best, least] = [pick, gap];
    }
    return best;
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-pick]");
    if (button) {
      choose(Number(button.dataset.pick));
      return reveal();
    }
    const pick = nearest(event, 28);
    if (pick) choose(Number(pick.dataset.i), true);
  });
  document.addEventListener("pointermove", (event) => {
    const pick = event.pointerType === "touch" ? null : nearest(event, 14);
    pick ? point(pick) : (tip.hidden = true);
  });
  document.addEventListener("focusin", (event) => { if (event.target.matches(".pick:focus-visible")) point(event.target); });
  document.addEventListener("focusout", () => { tip.hidden = true; });
  document.addEventListener("keydown", (event) => {
    const here = event.target.closest?.(".pick");
    if (!here) return;
    const picks = [...here.closest("svg.chart").querySelectorAll(".pick")], at = picks.indexOf(here);
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: picks.length - 1 }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      return reveal();
    }
    if (to == null || !picks[to]) return;
    event.preventDefault();
    choose(Number(picks[to].dataset.i), true);
    picks[to].focus();
  });

  function point(pick) {
    const c = byIndex.get(Number(pick.dataset.i)), box = pick.querySelector(".halo").getBoundingClientRect();
    if (!c) return;
    tip.textContent = [c.words, ...c.tip].join("\n");
    tip.hidden = false;
    const width = tip.offsetWidth, height = tip.offsetHeight;
    tip.style.left = Math.max(8, Math.min(innerWidth - width - 8, box.x + box.width / 2 - width / 2)) + "px";
    tip.style.top = (box.y > height + 12 ? box.y - height - 6 : box.bottom + 6) + "px";
  }

  const seen = () => { const box = panel().getBoundingClientRect(); return box.top < innerHeight * 0.7 && box.bottom > 80; };
  function reveal() {
    document.getElementById("candidate").scrollIntoView();
    panel().focus({ preventScroll: true });
    bar.hidden = true;
  }
  document.getElementById("bar-show").addEventListener("click", reveal);
  addEventListener("scroll", () => { if (!bar.hidden && seen()) bar.hidden = true; }, { passive: true });
  addEventListener("beforeprint", () => { document.querySelectorAll(".view").forEach(fill); for (const fold of document.querySelectorAll("details")) fold.open = true; });

  // Timelines are looked at more closely where they are: what is in their middle stays there.
  const looked = new Map();
  function stretch(figure, by, left) {
    const plane = figure.querySelector(".across"), middle = (plane.scrollLeft + plane.clientWidth / 2) / (plane.scrollWidth || 1);
    figure.dataset.zoom = by;
    for (const button of figure.querySelectorAll("[data-zoom]")) button.setAttribute("aria-pressed", String(button.dataset.zoom === String(by)));
    plane.scrollLeft = left == null ? middle * plane.scrollWidth - plane.clientWidth / 2 : left;
    looked.set(figure.dataset.key, [by, plane.scrollLeft]);
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[data-zoom]");
    if (button) stretch(button.closest("figure"), button.dataset.zoom);
  });
  document.addEventListener("scroll", (event) => {
    const figure = event.target.closest?.(".gantt");
    if (figure) looked.set(figure.dataset.key, [figure.dataset.zoom, event.target.scrollLeft]);
  }, { passive: true, capture: true });

  document.documentElement.classList.add("scripted");
  take(data);
  if (order.length && panel()) choose(selected);
  return { told, mark, draw, take, difference, following: (how) => { ask = how; }, get selected() { return selected; } };
})();
