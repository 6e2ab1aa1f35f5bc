"use strict";
// One box for everything: distinct things are looked for in the index, lines and record ids are worked out from the files they stand in.

ESG.search = (() => {
  const { el, say, link, label, english } = ESG;
  const LIMIT = 8;
  let things = [];
  let box;
  let out;
  let count;

  const lower = (...texts) => texts.filter(Boolean).join(" \u0001 ").toLowerCase();

  /** Everything that can be found, with what it is found by. Of KPIs that several reports have, each report's own. */
  function gathered() {
    const { kpis, sites, files, meters, factors, codes, measures, editions, regions } = ESG.index;
    const names = (...places) => places.flatMap((code) => regions[code] || []);
    const group = (name, list, make) => [name, list.map(make)];
    return [
      group("kpis", kpis, ([edition, id, en, zh, unit, kpiCodes]) => ({ own: id.toLowerCase(), hay: lower(id, en, zh, kpiCodes), text: label([en, zh]), more: [id, unit, editions[edition].document], at: ["kpi", editions[edition].id, id] })),
      group("codes", codes, ([framework, code, title, zh]) => ({ own: code.toLowerCase(), hay: lower(code, title, zh, framework), text: code, more: [english ? title : zh || title, framework], at: ["code", framework, code] })),
      group("sites", sites, ([id, name, country, kind, region]) => ({ own: id.toLowerCase(), hay: lower(id, name, country, kind, region, ...names(country, region)), text: id, more: [name, kind, ESG.regionName(country)], at: ["site", id] })),
      group("files", files, ([path, sheet, , , many, people]) => ({ own: path.toLowerCase(), hay: lower(path, sheet), text: path, more: [sheet, people ? "" : say("lines", { n: ESG.grouped(many) })], at: sheet ? ["file", path, sheet] : ["file", path] })),
      group("meters", meters, ([meter, site]) => ({ own: meter.toLowerCase(), hay: lower(meter), text: meter, more: [site < 0 ? "" : sites[site][0]], at: site < 0 ? ["meter", meter] : ["meter", meter, sites[site][0]] })),
      group("measures", measures, ([name, unit, meaning]) => ({ own: name.toLowerCase(), hay: lower(name, name.replaceAll("_", " "), meaning), text: name, more: [meaning, unit], at: ["measure", name] })),
      group("factors", factors, ([id, measure, output, gas, region]) => ({ own: id.toLowerCase(), hay: lower(id, measure, output, gas, region, ...names(region)), text: id, more: [[measure, output].filter(Boolean).join(" → "), gas, ESG.regionName(region)], at: ["factor", id] })),
    ];
  }

  /** How well a thing fits: its own name first, then names that begin so, then words that do. */
  function rank(thing, query) {
    if (thing.own === query) return 0;
    if (thing.own.startsWith(query)) return 1;
    const at = thing.hay.indexOf(query);
    return at < 0 ? 4 : at === 0 || /[\s\-_/.]/.test(thing.hay[at - 1]) ? 2 : 3;
  }

  function fitting(list, query) {
    const parts = query.split(/\s+/);
    const found = [];
    for (const thing of list) if (parts.every((part) => thing.hay.includes(part))) found.push([rank(thing, query), thing]);
    found.sort((one, other) => one[0] - other[0]);
    return { best: found.length ? found[0][0] : 9, list: found.map(([, thing]) => thing) };
  }

  /** Records: `file:line`, a record id, or the beginning of a file's digest. */
  function lines(query) {
    const { files } = ESG.index;
    const match = /^(.*?)\s*[:：]\s*(\d{1,9})$/.exec(query);
    const found = [];
    files.forEach(([path, sheet, prefix, , many], file) => {
      if (!many) return;
      const low = prefix.toLowerCase();
      const name = path + (sheet ? ` [${sheet}]` : "");
      if (match && (low === match[1] || (match[1].length > 1 && lower(path, sheet).includes(match[1])))) {
        const line = Number(match[2]);
        found.push({ text: say("line_of", { path: name, line: ESG.grouped(line) }), more: [ESG.recordId(file, line)], at: ["line", path, sheet, String(line)] });
      } else if (!match && query.length >= 6 && low.startsWith(query)) {
        found.push({ text: name, more: [prefix], at: sheet ? ["file", path, sheet] : ["file", path] });
      }
    });
    return found;
  }

  function results(query) {
    const wanted = query.trim().toLowerCase();
    if (!wanted) return [];
    const found = things.map(([name, list]) => ({ name, ...fitting(list, wanted) }));
    const ordered = [{ name: "records", best: 0, list: lines(wanted) }, ...found].filter(({ list }) => list.length);
    // The kind that has the very thing comes first; where none has, as they stand.
    ordered.sort((one, other) => Math.min(one.best, 1) - Math.min(other.best, 1));
    return ordered.map(({ name, list }) => [name, list]);
  }

  function paint() {
    const query = box.value;
    const found = results(query);
    const many = found.reduce((total, [, list]) => total + list.length, 0);
    if (!query.trim()) {
      count.textContent = "";
      out.replaceChildren();
      return;
    }
    count.textContent = many ? say("found", { n: ESG.grouped(many) }) : say("nothing", { q: query.trim() });
    out.replaceChildren(...found.map(([name, list]) => el("section", {},
      el("h2", {}, `${say(name)} `, el("span", { class: "muted" }, ESG.grouped(list.length))),
      el("ul", {}, list.slice(0, LIMIT).map((thing) => el("li", {}, link(thing.text, ...thing.at), el("span", { class: "muted" }, ` ${thing.more.filter(Boolean).join(" · ")}`)))),
      list.length > LIMIT ? el("p", { class: "muted" }, say("more", { n: ESG.grouped(list.length - LIMIT) })) : null)));
  }

  function close() {
    box.value = "";
    paint();
  }

  function keys(event) {
    const links = [...out.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "Escape") {
      close();
      box.focus();
    } else if (event.key === "Enter" && document.activeElement === box) {
      event.preventDefault();
      if (links.length) links[0].click();
    } else if (event.key === "ArrowDown" && at < links.length - 1) {
      event.preventDefault();
      links[at + 1].focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      (at === 0 ? box : links[at - 1]).focus();
    }
  }

  function begin() {
    things = gathered();
    box = el("input", { type: "search", id: "explorer-query", autocomplete: "off", spellcheck: "false", "aria-describedby": "explorer-hint explorer-count", "aria-controls": "explorer-results" });
    count = el("p", { id: "explorer-count", role: "status", class: "muted" });
    out = el("div", { id: "explorer-results" });
    const form = el("form", { role: "search", on: { submit: (event) => event.preventDefault(), keydown: keys } },
      el("label", { for: "explorer-query" }, say("search")), box, el("p", { id: "explorer-hint", class: "muted" }, say("search_hint")), count, out);
    box.addEventListener("input", paint);
    out.addEventListener("click", (event) => { if (event.target.closest("a")) close(); });
    document.getElementById("explorer-search").replaceChildren(form);
  }

  function ask(query) {
    box.value = query;
    paint();
    box.focus();
  }

  return { begin, ask };
})();
