// What MLflow's pages are given beside a style sheet: see plain_pages.py, whose tables stand in it by their names.
//
// What a person would press first is pressed, once a page: of compared runs what differs alone, of versions of a document
// the text, where differences are marked, and from the older to the newer.
(() => {
  const prompt = (name) => `[data-component-id="mlflow.prompts.${name}"]`, done = new Set();
  const wanted = [
    [/^#\/compare-runs/, '.CompareRunView [role=switch][aria-label^="Parameters"]'],
    [/^#\/compare-runs/, '.CompareRunView [role=switch][aria-label^="Metrics"]'],
    [/prompts\/.+orgopt=compare/, prompt("details.mode") + " input[value=compare]"],
    [/prompts\/./, prompt("compare.toggle-markdown-rendering") + " input"],
    [/prompts\/./, prompt("details.switch_sides")],
  ];
  // The result and the scores of compared runs below their names: MLflow has them at the end of two long tables.
  const lead = async () => {
    const runs = JSON.parse(new URLSearchParams(location.hash.split("?")[1]).get("runs") || "[]");
    const told = await Promise.all(runs.map(async (id) => {
      const { run } = await (await fetch(`ajax-api/2.0/mlflow/runs/get?run_id=${id}`)).json();
      const every = [...(run.data.metrics || []), ...(run.data.tags || [])];
      const params = new Map((run.data.params || []).map(({ key, value }) => [key, value]));
      return Object.assign(new Map(every.map(({ key, value }) => [key, String(value)])), { params });
    }));
    const body = document.querySelector(".CompareRunView tbody");
    for (const [key, words, seeds] of body && !body.querySelector(".orgopt") ? LEADING : []) {
      const row = body.rows[0].cloneNode(true), cells = [...row.cells].slice(1);
      row.className = "orgopt";
      row.cells[0].textContent = words;
      cells.forEach((cell, at) => {
        const of = told[at]?.get(key) && Number(told[at].get(seeds));
        cell.textContent = written(told[at]?.get(key)) + (of ? `, mean of ${of} seed${of > 1 ? "s" : ""}` : "");
      });
      if (told.some((one) => one.has(key))) body.append(row);
      const found = told.map((one) => Number(one.get(key)));
      if (found.length < 3 || !found.every(Number.isFinite) || key !== LEADING[1][0]) continue;
      const apart = row.cloneNode(true);
      apart.cells[0].textContent = "Ahead of the lowest by:";
      [...apart.cells].slice(1).forEach((cell, at) => {
        const more = found[at] - Math.min(...found);
        cell.textContent = more ? `+${written(more.toFixed(4))}` : "";
      });
      body.append(apart);
    }
    if (body && !body.querySelector(".orgopt-words")) explain(body, told.map(({ params }) => params));
  };
  // What the words mean in which compared runs differ.
  const explain = (body, every) => {
    const keys = [...new Set(every.flatMap((one) => [...one.keys()]))];
    const both = keys.filter((key) => key.endsWith(".agent") || every.every((one) => one.has(key)));
    const said = both.filter((key) => new Set(every.map((one) => one.get(key))).size > 1)
      .flatMap((key) => [key.replace(/^.*\./, "").replace("-", " "), ...every.map((one) => one.get(key) || "")]);
    const known = WORDS.filter(([word]) => said.includes(word)).map(([word, meaning]) => `${word}: ${meaning}`);
    if (!known.length) return;
    const row = body.insertRow(), head = document.createElement("th"), cell = document.createElement("td");
    row.className = "orgopt orgopt-words";
    [head.textContent, cell.textContent, cell.colSpan] = ["Words:", known.join("; "), every.length];
    head.className = body.rows[0].cells[0].className;
    row.append(head, cell);
  };
  const written = (value) => {
    if (value === undefined) return "–";
    const number = Number(value), text = Math.abs(number) < 0.05 ? String(number) : number.toFixed(2);
    return Number.isFinite(number) ? text.replace("-", "−") : value;
  };
  // Parameters by their weight, as a person would list them; what one of the runs has not comes last, a role as one row.
  const WEIGHTS = [/^agents$/, /\.headcount$/, /\.agent$/, /^links$/, /^stand-up$/, /\./, / (to|and) /];
  const ranked = (rows, first) => {
    const told = rows.map((row) => {
      const [name, ...values] = [...row.children].slice(first).map((cell) => cell.textContent.trim());
      const weight = /[:/]/.test(name) ? 0 : 1 + WEIGHTS.findIndex((one) => one.test(name));
      const lone = weight > 0 && values.some((value) => !value || value.startsWith("no "));
      return { row, name, role: name.split(".")[0], lone, weight: lone ? weight + WEIGHTS.length : weight };
    });
    const absent = new Set(told.filter(({ lone, name }) => lone && name.endsWith(".agent")).map(({ role }) => role));
    for (const one of told) {
      const folded = one.name.includes(".") && absent.has(one.role) && !one.name.endsWith(".agent");
      one.row.classList.toggle("orgopt-folded", folded);
      if (folded) one.weight += 2 * WEIGHTS.length;
    }
    return told.sort((one, other) => one.weight - other.weight).map(({ row }) => row);
  };
  const order = () => {
    for (const body of document.querySelectorAll(".CompareRunView tbody")) {
      const rows = [...body.rows], wanted = ranked(rows, 0);
      if (wanted.some((row, at) => row !== rows[at])) body.append(...wanted);
    }
    // MLflow puts each row of a table of differences where it stands.
    for (const table of document.querySelectorAll(`${CARD} [role=table]`)) {
      const rows = [...table.querySelectorAll("[role=row][style*=translateY]")];
      const tops = rows.map((row) => parseFloat(row.style.transform.slice(11))).sort((one, other) => one - other);
      ranked(rows, 1).forEach((row, at) => { row.style.transform = `translateY(${tops[at]}px)`; });
    }
  };
  // Legends in words, and the score and the name of a run behind its bar; where that has no room, in it.
  const CARD = "[data-testid=experiment-view-compare-runs-card]";
  const name = () => {
    for (const card of document.querySelectorAll(CARD)) {
      const who = new Map(), room = card.querySelector(".nsewdrag")?.getBBox().width;
      for (const said of card.querySelectorAll("div>svg+span")) {
        const [, run, metric] = /^(.*) \(([^()]+)\)$/.exec(said.textContent) || [];
        const line = said.previousSibling.querySelector("path");
        if (metric in LEGENDS && said.firstChild.data) said.firstChild.data = LEGENDS[metric] || brief(run);
        if (line) who.set(getComputedStyle(line).stroke, said.textContent);
      }
      const kind = NAMED[card.querySelector("h4")?.title];
      if (kind === "values") values(card);
      else if (kind && room) lines(card, kind, who, card.querySelector(".nsewdrag").getBBox());
      for (const point of card.querySelectorAll(".bars .point")) {
        const bar = point.querySelector("path"), value = point.querySelector("text:not(.orgopt)");
        if (bar && value && who.has(bar.style.fill)) label(point, bar, value, who.get(bar.style.fill), room);
      }
    }
  };
  // The names of runs at the left of rows, or behind the ends of curves: those that would be on each other are moved apart.
  const APART = 11, LONGEST = 30;
  const lines = (card, kind, who, plot) => {
    const seen = new Set();  // MLflow draws each line twice
    const found = [...card.querySelectorAll(".scatterlayer .trace")].map((trace) => {
      const line = trace.querySelector("path.js-line"), run = line && who.get(line.style.stroke);
      if (!run || seen.has(run)) return null;
      seen.add(run);
      const end = line?.getAttribute("d")?.match(/(-?[\d.]+)[, ](-?[\d.]+)$/), box = line?.getBBox();
      return end && { trace, run, box, colour: line.style.stroke, x: Number(end[1]), y: Number(end[2]) };
    }).filter(Boolean);
    if (kind === "rows") {
      for (const { trace, run, box } of found) {
        const across = box.height > 20;  // the champion's
        named(trace, run, across ? box.x - 6 : 4, (across ? box.y : box.y + box.height / 2) + 4, across);
      }
      return;
    }
    if (found.some(({ x }) => x + 60 > plot.width)) return;
    // The room for names is no more of the budget: its figures would say that there is.
    const end = card.querySelector(".nsewdrag").getBoundingClientRect().left + Math.max(...found.map(({ x }) => x));
    for (const tick of card.querySelectorAll(".xtick text")) {
      tick.style.visibility = tick.getBoundingClientRect().left > end + 10 ? "hidden" : "";
    }
    found.sort((one, other) => one.y - other.y);
    const top = Math.max(8, Math.min(found[0]?.y, plot.height - APART * found.length));
    let last = top - APART;
    for (const one of found) {
      one.at = last = Math.max(last + APART, Math.min(one.y, plot.height - 6));
    }
    for (let i = found.length - 1, most = plot.height - 6; i >= 0; most = found[i].at - APART, i -= 1) {
      found[i].at = Math.min(found[i].at, most);
    }
    for (const { trace, run, colour, x, y, at } of found) {
      named(trace, run.replace(/, \d+ seeds$/, ""), x + 18, at + 3.5);
      const lead = trace.querySelector("path.orgopt") || document.createElementNS(trace.namespaceURI, "path");
      lead.setAttribute("class", "orgopt");
      lead.setAttribute("d", `M${x + 1} ${y}L${x + 14} ${at}`);
      lead.style.cssText = `fill:none;stroke:${colour};stroke-width:1px`;
      if (!lead.parentNode) trace.append(lead);
    }
  };
  // What the points of the first line are, by the two figures of its axis: nobody has to point at them.
  const values = (card) => {
    const ticks = [...card.querySelectorAll(".ytick text")].map((tick) => {
      const value = Number(tick.textContent.replace("−", "-")), box = tick.getBoundingClientRect();
      return { value, y: box.top + box.height / 2 };
    });
    const trace = card.querySelector(".scatterlayer .trace"), line = trace?.querySelector("path.js-line");
    const area = card.querySelector(".nsewdrag")?.getBoundingClientRect();
    if (ticks.length < 2 || !line || !area) return;
    const [low, high] = [ticks[0], ticks[ticks.length - 1]], each = (high.value - low.value) / (high.y - low.y);
    const places = line.getAttribute("d").slice(1).split("L").map((place) => place.split(",").map(Number));
    if (places.length > 12 || places.some((place) => place.length !== 2 || place.some(Number.isNaN))) return;
    const known = [...trace.querySelectorAll("text.orgopt")];
    known.slice(places.length).forEach((text) => text.remove());
    places.forEach(([x, y], at) => {
      const text = known[at] || trace.appendChild(document.createElementNS(trace.namespaceURI, "text"));
      const words = (low.value + (area.top + y - low.y) * each).toFixed(2).replace("-", "−");
      if (text.textContent !== words) text.textContent = words;
      text.setAttribute("class", "orgopt");
      text.setAttribute("text-anchor", x + 20 > area.width ? "end" : x < 20 ? "start" : "middle");
      text.setAttribute("x", x);
      text.setAttribute("y", y < 14 ? y + 16 : y - 6);
    });
  };
  // Short, as lists beside charts have them whole.
  const brief = (run) => {
    const short = run.replace(/^control · /, "").replace(/^(seed document|★ champion) · .*/, "$1");
    return short.length > LONGEST ? `${short.slice(0, LONGEST - 1)}…` : short;
  };
  const named = (trace, run, x, y, before) => {
    let text = trace.querySelector("text.orgopt");
    if (!text) {
      text = document.createElementNS(trace.namespaceURI, "text");
      text.setAttribute("class", "orgopt");
      trace.append(text);
    }
    const words = brief(run);
    if (text.textContent !== words) text.textContent = words;
    text.setAttribute("text-anchor", before ? "end" : "start");
    text.setAttribute("x", x);
    text.setAttribute("y", y);
  };
  // Anew each time, as bars grow to their lengths.
  const label = (point, bar, value, run, room) => {
    let text = point.querySelector("text.orgopt");
    if (!text) {
      text = value.cloneNode();
      for (const part of ["transform", "data-notex", "style"]) text.removeAttribute(part);
      text.setAttribute("class", "orgopt");
      text.setAttribute("text-anchor", "start");
      point.append(text);
    }
    const words = `${Number(value.dataset.unformatted).toFixed(2).replace("-", "−")}\u00a0 ${brief(run)}`;
    if (text.textContent !== words) text.textContent = words;
    const box = bar.getBBox(), end = box.x + box.width, length = text.getComputedTextLength();
    const inside = end + 6 + length > room;
    const [red, green, blue] = bar.style.fill.match(/\d+/g), dark = 0.3 * red + 0.6 * green + 0.1 * blue < 150;
    text.setAttribute("x", inside ? end - 6 - length : end + 6);
    text.setAttribute("y", box.y + box.height / 2 + 3.5);
    text.style.fill = inside && dark ? "#fff" : "#1b1b1b";
  };
  let at = "", settled = 0;
  new MutationObserver(() => {
    const page = location.hash.split("?")[0];
    if (page !== at) { at = page; done.clear(); }
    const compared = /^#\/compare-runs/.test(location.hash) && document.querySelector(".CompareRunView tbody tr");
    if (compared && !done.has(lead)) { done.add(lead); lead(); }
    if (/compareRunsMode=CHART/.test(location.hash)) {
      name();
      order();
      clearTimeout(settled);
      settled = setTimeout(() => { name(); order(); }, 700);
    }
    if (compared) order();
    for (const [pages, selector] of wanted) {
      const found = pages.test(location.hash) && !done.has(selector) && document.querySelector(selector);
      if (found) { done.add(selector); found.click(); }
    }
  }).observe(document, { childList: true, subtree: true });
})();
