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
      return new Map(every.map(({ key, value }) => [key, String(value)]));
    }));
    const body = document.querySelector(".CompareRunView tbody");
    for (const [key, words] of body && !body.querySelector(".orgopt") ? LEADING : []) {
      const row = body.rows[0].cloneNode(true), cells = [...row.cells].slice(1);
      row.className = "orgopt";
      row.cells[0].textContent = words;
      cells.forEach((cell, at) => { cell.textContent = written(told[at]?.get(key)); });
      if (told.some((one) => one.has(key))) body.append(row);
      const found = told.map((one) => Number(one.get(key)));
      if (!found.every(Number.isFinite) || key !== LEADING[1][0]) continue;
      const apart = row.cloneNode(true);
      apart.cells[0].textContent = "Ahead of the lowest by:";
      [...apart.cells].slice(1).forEach((cell, at) => {
        const more = found[at] - Math.min(...found);
        cell.textContent = more ? `+${written(more.toFixed(4))}` : "";
      });
      body.append(apart);
    }
  };
  const written = (value) => {
    if (value === undefined) return "–";
    const number = Number(value), text = Math.abs(number) < 0.05 ? String(number) : number.toFixed(2);
    return Number.isFinite(number) ? text.replace("-", "−") : value;
  };
  // What nobody beside it has stands below what all have.
  const order = () => {
    for (const body of document.querySelectorAll(".CompareRunView tbody")) {
      const rows = [...body.rows], lone = (row) => [...row.cells].some((cell) => cell.textContent === "none");
      const wanted = [...rows.filter((row) => !lone(row)), ...rows.filter(lone)];
      if (wanted.some((row, at) => row !== rows[at])) body.append(...wanted);
    }
  };
  // Legends in words, and the name of a run in its bar, or beside a short one; both have the run's colour.
  const name = () => {
    for (const card of document.querySelectorAll("[data-testid=experiment-view-compare-runs-card]")) {
      const who = new Map();
      for (const said of card.querySelectorAll("div>svg+span")) {
        const [, run, metric] = /^(.*) \(([^()]+)\)$/.exec(said.textContent) || [];
        const line = said.previousSibling.querySelector("path");
        if (metric in LEGENDS && said.firstChild.data) said.firstChild.data = LEGENDS[metric] || run;
        if (line) who.set(getComputedStyle(line).stroke, said.textContent);
      }
      for (const point of card.querySelectorAll(".bars .point:not(:has(.orgopt))")) {
        const bar = point.querySelector("path"), run = who.get(bar.style.fill), value = point.querySelector("text");
        if (!run || !value) continue;
        const box = bar.getBBox(), inside = box.width > 60 + 6 * run.length, text = value.cloneNode();
        for (const part of ["transform", "data-notex"]) text.removeAttribute(part);
        text.setAttribute("class", "orgopt");
        text.setAttribute("text-anchor", "start");
        text.setAttribute("x", box.x + 6 + (inside ? 0 : box.width));
        text.setAttribute("y", box.y + box.height / 2 + 3.5);
        const [red, green, blue] = bar.style.fill.match(/\d+/g), dark = 0.3 * red + 0.6 * green + 0.1 * blue < 110;
        text.style.fill = inside && dark ? "#fff" : "#1b1b1b";
        text.textContent = `${Number(value.dataset.unformatted).toFixed(2).replace("-", "−")}  ${run}`;
        point.append(text);
      }
    }
  };
  let at = "";
  new MutationObserver(() => {
    const page = location.hash.split("?")[0];
    if (page !== at) { at = page; done.clear(); }
    const compared = /^#\/compare-runs/.test(location.hash) && document.querySelector(".CompareRunView tbody tr");
    if (compared && !done.has(lead)) { done.add(lead); lead(); }
    if (/compareRunsMode=CHART/.test(location.hash)) name();
    if (compared) order();
    for (const [pages, selector] of wanted) {
      const found = pages.test(location.hash) && !done.has(selector) && document.querySelector(selector);
      if (found) { done.add(selector); found.click(); }
    }
  }).observe(document, { childList: true, subtree: true });
})();
