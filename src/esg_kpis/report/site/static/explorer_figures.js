"use strict";
// From a figure down: start, KPI, cell with its formula, sum by site and month, and the amounts in it.

(() => {
  const { el, say, link, label, english, figure, facts, table, longTable, badge, section, trail, pages, grouped, get, Unknown } = ESG;
  const TONES = { ok: "good", equal: "good", incomplete: "warn", differs: "warn", blocked: "bad", suppressed: "muted", not_applicable: "muted", not_collected: "muted" };

  const state = (status) => badge(say(status, {}, "statuses"), TONES[status] || "muted");
  const edition = (place) => ESG.index.editions[place];
  const kpiName = (kpi) => label([kpi[2], kpi[3]]);

  function placeOf(id) {
    const place = ESG.index.editions.findIndex((item) => item.id === id);
    if (place < 0) throw new Unknown(id);
    return place;
  }

  function kpiPlace(edition, id) {
    const known = placeOf(edition);
    return ESG.index.kpis.findIndex(([place, name]) => place === known && name === id);
  }

  const cellParts = (number) => {
    const [kpi, period, breakdown, category] = ESG.index.cells[number];
    return [edition(ESG.index.kpis[kpi][0]).id, ESG.index.kpis[kpi][1], period, breakdown, category];
  };
  const cellLink = (number, text) => link(text, "cell", ...cellParts(number));
  const categoryOf = (breakdown, category) => (breakdown === "total" ? say("whole") : `${breakdown.replaceAll("_", " ")}: ${category}`);

  /** As printed; where there is no number, the state. */
  function printed(number) {
    const [, , , , text, status] = ESG.index.cells[number];
    return text === null ? say(status, {}, "statuses") : grouped(text) + (status === "incomplete" ? " *" : "");
  }

  // ---------------------------------------------------------------- start

  pages.start = async () => {
    const { many, sites, files, meters, factors, codes, measures, cells, kpis, editions } = ESG.index;
    const counts = [["kpis", kpis.length], ["cells", cells.length], ["amounts", many.amounts], ["records", many.records], ["files", files.length], ["sites", sites.length], ["meters", meters.length], ["factors", factors.length], ["measures", measures.length], ["codes", codes.length]];
    return [
      el("h1", {}, say("title")), el("p", { class: "lead" }, say("lead")),
      section(say("what_is_here"), el("ul", { class: "counts" }, counts.map(([name, n]) => el("li", {}, el("strong", {}, grouped(n)), ` ${say(name)}`))), many.people ? el("p", { class: "muted" }, say("people_beside", { n: grouped(many.people), shown: grouped(many.records), all: grouped(many.people + many.records) })) : null),
      section(say("all_kpis"), editions.map((item, place) => el("details", { open: place === 0 }, el("summary", {}, item.document), kpiTable(place)))),
    ];
  };

  function kpiTable(place) {
    const { kpis, cells } = ESG.index;
    const { periods, heads } = edition(place);
    const totals = new Map();
    cells.forEach(([kpi, period, breakdown], number) => { if (breakdown === "total") totals.set(`${kpi}|${period}`, number); });
    const own = kpis.map((kpi, at) => [kpi, at]).filter(([kpi]) => kpi[0] === place);
    const row = ([kpi, at]) => [
      link(kpiName(kpi), "kpi", edition(place).id, kpi[1]), kpi[4],
      ...periods.map((period, column) => (column === 0 && !periods.some((other) => totals.has(`${at}|${other}`)) ? link(say("only_categories"), "kpi", edition(place).id, kpi[1]) : totals.has(`${at}|${period}`) ? cellLink(totals.get(`${at}|${period}`), printed(totals.get(`${at}|${period}`))) : "")),
    ];
    const right = periods.map((_, at) => at + 2);
    const plain = own.filter(([kpi]) => !kpi[6]);
    const goals = own.filter(([kpi]) => kpi[6]);
    return el("div", {},
      heads ? el("p", { class: "note" }, say("heads_left_out")) : null,
      table([say("kpi"), say("unit"), ...periods], plain.map(row), { right, name: edition(place).document }),
      goals.length ? el("p", {}, el("strong", {}, `${say("targets")}: `), goals.map(([kpi], at) => [at ? ", " : "", link(kpiName(kpi), "kpi", edition(place).id, kpi[1])])) : null);
  }

  // ---------------------------------------------------------------- KPI

  pages.kpi = async (id, name) => {
    const place = kpiPlace(id, name);
    if (place < 0) throw new Unknown(`${id} / ${name}`);
    const kpi = await get("kpis", place);
    const periods = [...new Set(kpi.cells.map((number) => ESG.index.cells[number][1]))].sort().reverse();
    const rows = new Map();
    for (const number of kpi.cells) {
      const [, period, breakdown, category] = ESG.index.cells[number];
      const key = categoryOf(breakdown, category);
      if (!rows.has(key)) rows.set(key, new Map());
      rows.get(key).set(period, number);
    }
    const lines = [...rows].map(([key, found]) => [key, ...periods.map((period) => (found.has(period) ? cellLink(found.get(period), printed(found.get(period))) : ""))]);
    const others = ESG.index.kpis.map((other) => other).filter((other) => other[1] === name && edition(other[0]).id !== id);
    return [
      trail(), el("h1", {}, label(kpi.label) || name), el("p", { class: "muted" }, `${edition(kpi.edition).document} · ${name} · ${kpi.unit}`),
      section(say("cells"), table([say("category"), ...periods], lines, { right: periods.map((_, at) => at + 1), name: say("cells") })),
      definition(kpi),
      others.length ? section(say("other_periods"), el("ul", {}, others.map((other) => el("li", {}, link(edition(other[0]).document, "kpi", edition(other[0]).id, name))))) : null,
    ].filter(Boolean);
  };

  function definition(kpi) {
    const codes = Object.entries(kpi.codes || {}).flatMap(([framework, text]) => text.split(/[;,]/).map((code) => code.trim()).filter(Boolean).map((code) => codeLink(framework, code)));
    const operands = (kpi.operands || []).map((name, at) => [at ? " ; " : "", kpiPlace(edition(kpi.edition).id, name) < 0 ? name : link(name, "kpi", edition(kpi.edition).id, name)]);
    const measures = (kpi.measures || []).map((name, at) => [at ? ", " : "", link(name, "measure", name)]);
    return section(say("definition"),
      kpi.text ? el("blockquote", { lang: "en" }, kpi.text) : null,
      facts([
        [say("source"), kpi.source], [say("in_words"), el("span", { lang: "en" }, kpi.formula)], [say("rests_on"), [operands, measures].flat(2).length ? el("span", {}, operands, measures) : null],
        [say("carries"), codes.length ? el("span", {}, codes.map((code, at) => [at ? ", " : "", code])) : null], [say("print_table"), label(kpi.table)],
      ]));
  }

  const FAMILIES = { hkex: "hkex", hkex_2025: "hkex", gri: "gri", sasb: "sasb" };

  function codeLink(framework, code) {
    const found = ESG.index.codes.find((item) => item[1].toLowerCase() === code.toLowerCase() && item[0].startsWith(FAMILIES[framework] || framework));
    const text = `${framework.replace("_", " ").toUpperCase()} ${code}`;
    return found ? link(text, "code", found[0], found[1]) : text;
  }

  // ---------------------------------------------------------------- cell

  pages.cell = async (id, name, period, breakdown = "total", category = "All") => {
    const place = kpiPlace(id, name);
    const number = ESG.index.cells.findIndex((cell) => cell[0] === place && cell[1] === period && cell[2] === breakdown && cell[3] === category);
    if (place < 0 || number < 0) throw new Unknown([id, name, period, breakdown, category].filter(Boolean).join(" / "));
    const [cell, kpi] = await Promise.all([get("cells", number), get("kpis", place)]);
    const title = label(cell.label) || label(kpi.label) || name;
    return [
      trail(link(edition(kpi.edition).document, "kpi", id, name), title), el("h1", {}, say("of_period", { title, period })),
      el("p", { class: "headline" }, cell.printed === null ? null : el("strong", { id: "printed" }, grouped(cell.printed)), cell.printed === null ? null : ` ${cell.unit} `, state(cell.status), " ",
        cell.tie ? badge(say(cell.tie.verdict, {}, "verdicts"), TONES[cell.tie.verdict] || "muted") : null),
      told(cell), await formula(cell), definition(kpi), others(name, number),
    ].filter(Boolean);
  };

  function told(cell) {
    const tie = cell.tie || {};
    const value = cell.value === undefined ? null : el("span", {}, el("span", { id: "unrounded", class: "number" }, grouped(cell.value)), ` ${cell.unit}`, cell.value.endsWith("…") ? el("span", { class: "muted" }, ` ${say("more_digits")}`) : null);
    const share = cell.estimated && cell.estimated !== "0" ? figure(cell.estimated, "", 6) : null;
    return facts([
      [say("unrounded"), value], [say("published"), cell.as_printed ?? tie.published ?? say("not_printed")], [say("difference"), tie.difference ? el("span", {}, figure(tie.difference, cell.unit, 6), ` ${cell.unit}`) : null],
      [say("explanation"), tie.explanation], [say("reason"), cell.reason], [say("estimated_share"), share], [say("footnote"), cell.footnote && cell.footnote.split(";").join(", ")], [say("print_table"), cell.print_table],
    ]);
  }

  async function formula(cell) {
    const note = (name) => section(say("in_numbers"), el("p", { class: "note" }, say(name)));
    if (cell.status === "suppressed") return note("suppressed");
    if (cell.withheld) return note(`withheld_${cell.withheld}`);
    if (cell.as_set) return note("as_set");
    if (cell.step) return step(cell);
    if (!cell.term) return cell.value === undefined ? section(say("in_numbers"), el("p", { class: "note" }, say("no_value", { status: say(cell.status, {}, "statuses") }))) : null;
    const terms = await Promise.all(cell.term.terms.map((number) => get("terms", number)));
    const own = terms.length > 1 ? written(cell.term, terms) : added(terms[0]);
    const shown = own && el("p", { class: "formula", id: "formula" }, own, " = ", el("strong", {}, grouped(cell.value)), ` ${cell.unit}`);
    const parts = [];
    for (const [at, term] of terms.entries()) parts.push(await termCard(term, cell.term.terms[at]));
    return section(say("in_numbers"), shown, parts);
  }

  /** A formula of two terms with their values: (A ÷ B − 1) × 100, A × m − B × n, A × m ÷ B. */
  function written({ kind, times = [] }, terms) {
    const [one, other] = terms.map((term) => el("span", { class: "number" }, `${grouped(term.value)} ${term.unit}`));
    const by = (text) => (text && text !== "1" ? ` × ${grouped(text)}` : "");
    if (kind === "growth") return ["(", one, " ÷ ", other, " − 1)", by(times[0])];
    if (kind === "difference") return [one, by(times[0]), " − ", other, by(times[1])];
    return [one, by(times[0]), " ÷ ", other];
  }

  /** A sum in one line: total × times ÷ factor ÷ months, and the next. */
  function added(term) {
    if (term.terms) return null;
    return term.sums.map((part, at) => [
      at ? " + " : "", el("span", { class: "number" }, `${grouped(part.total ?? part.value)} ${part.unit === "1" ? part.measure : part.unit}`), part.times && part.times !== "1" ? ` × ${grouped(part.times)}` : "",
      part.by === undefined ? "" : ` ÷ ${grouped(part.by)}`, part.months ? ` ÷ ${part.months}` : "",
    ]);
  }

  async function termCard(term, number) {
    const known = kpiPlace(edition(term.edition).id, term.kpi);
    const name = known < 0 ? term.kpi : kpiName(ESG.index.kpis[known]);
    const head = known < 0 ? name : link(name, "kpi", edition(term.edition).id, term.kpi);
    const narrowed = term.within ? (term.within.length ? say("within", { names: term.within.join(", ") }) : say("within_none")) : "";
    const about = [term.period, term.breakdown === "total" ? "" : categoryOf(term.breakdown, term.category), narrowed].filter(Boolean).join(" · ");
    const box = el("div", { class: "term", "data-term": String(number) }, el("h3", {}, head, el("span", { class: "muted" }, ` ${about}`)), el("p", {}, el("strong", { class: "number" }, grouped(term.value)), ` ${term.unit}`));
    if (term.terms) {
      const inner = await Promise.all(term.terms.map((part) => get("terms", part)));
      box.append(el("p", { class: "formula" }, written(term, inner)));
      for (const [at, part] of inner.entries()) box.append(await termCard(part, term.terms[at]));
      return box;
    }
    if (term.kind === "count") box.append(el("p", { class: "muted" }, say("counts"), " ", term.sums.map((part) => part.measure).join(", ")));
    box.append(sums(term));
    return box;
  }

  /** Each sum of a term: total × times ÷ factor ÷ months = part of the term. */
  function sums(term) {
    const scaled = term.sums.some((part) => part.times && part.times !== "1");
    const divided = term.sums.some((part) => part.by !== undefined || part.months);
    const rows = term.sums.map((part) => {
      if (part.block === undefined) return [say("zero_term"), "", ...(scaled ? [""] : []), ...(divided ? [""] : []), `${grouped(part.value)} ${part.unit}`, ""];
      const total = el("span", {}, figure(part.total, part.unit, 6), ` ${part.unit}`);
      const factor = part.factor === undefined || part.factor === null ? "" : el("span", {}, "÷ ", link(grouped(part.by), "factor", ESG.index.factors[part.factor][0]), el("span", { class: "muted", lang: "en" }, ` ${part.why}`));
      return [
        link(part.measure, "measure", part.measure), total, ...(scaled ? [part.times === "1" ? "" : `× ${grouped(part.times)}`] : []), ...(divided ? [[factor, part.months ? ` ÷ ${say("months", { n: part.months })}` : ""]] : []), el("span", {}, figure(part.value, term.unit, 6), ` ${term.unit}`),
        part.people ? el("span", { class: "muted" }, say("people_only")) : link(say("open_sum"), "sum", String(part.block)),
      ];
    });
    return table([say("adds_up"), say("total"), ...(scaled ? [say("times")] : []), ...(divided ? [say("per_factor")] : []), say("gives"), say("amounts")], rows, { right: [1, 2 + Number(scaled) + Number(divided)], name: say("adds_up") });
  }

  function step(cell) {
    const { base, goal, actual, unit, cells } = cell.step;
    const number = (text) => (text === undefined ? null : el("span", {}, figure(text, unit, 6), ` ${unit}`));
    const own = cells.map((parts) => el("li", {}, link(parts.slice(1).join(" · "), "cell", ...parts)));
    return section(say("in_numbers"), facts([[say("base"), number(base)], [say("goal"), number(goal)], [say("actual"), number(actual)]]), own.length ? el("div", {}, el("h3", {}, say("rests_on")), el("ul", {}, own)) : null);
  }

  function others(name, number) {
    const [, , breakdown, category] = ESG.index.cells[number];
    const found = [];
    ESG.index.cells.forEach((cell, at) => { if (at !== number && cell[2] === breakdown && cell[3] === category && ESG.index.kpis[cell[0]][1] === name) found.push(at); });
    if (!found.length) return null;
    const rows = found.map((at) => [edition(ESG.index.kpis[ESG.index.cells[at][0]][0]).document, cellLink(at, ESG.index.cells[at][1]), `${printed(at)} ${ESG.index.kpis[ESG.index.cells[at][0]][4]}`]);
    return section(say("other_periods"), table([say("edition"), say("period"), say("printed")], rows, { right: [2], name: say("other_periods") }));
  }

  // ---------------------------------------------------------------- sum

  const siteName = (site) => (site < 0 ? "–" : ESG.index.sites[site][0]);
  const monthName = (month) => month || say("as_of_end");

  const meaningOf = (name) => (ESG.index.measures.find((item) => item[0] === name) || ["", "", ""])[2];

  pages.sum = async (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : -1;
    const block = await get("sums", number);
    const title = say("of_period", { title: say("sum_title", { measure: block.measure }), period: block.period });
    const head = [
      trail(edition(block.edition).document, link(block.measure, "measure", block.measure)), el("h1", {}, title), el("p", { class: "lead", lang: "en" }, meaningOf(block.measure)),
      el("p", { class: "headline" }, el("strong", { id: "total", class: "number" }, grouped(block.total)), ` ${block.counts ? say("amounts") : block.unit}`),
    ];
    if (block.people) return [...head, el("p", { class: "note" }, say("people_only")), usedBy(block)];
    const box = el("div", {});
    const filter = el("input", { type: "search", id: "sites-shown", autocomplete: "off" });
    const places = [block.total, ...block.of_month, ...block.rows.flatMap((row) => row[3])].reduce((most, item) => Math.max(most, ((item || "").split(".")[1] || "").length), 0);
    const few = Math.min(places, 3);
    let decimals = few;
    const draw = async () => {
      const wanted = filter.value.trim().toLowerCase();
      const rows = block.rows.filter(([site]) => !wanted || (site >= 0 && ESG.index.sites[site].join(" ").toLowerCase().includes(wanted)));
      box.replaceChildren(await matrix(number, block, rows, decimals, !wanted));
    };
    const digits = el("button", { type: "button", on: { click: () => { decimals = decimals === few ? places : few; digits.textContent = say(decimals === few ? "digits_all" : "digits_few"); draw(); } } }, say("digits_all"));
    filter.addEventListener("input", draw);
    await draw();
    const controls = el("p", { class: "controls" }, block.rows.length > 12 ? [el("label", { for: "sites-shown" }, say("filter_sites")), filter] : null, places > few ? [el("span", { class: "muted" }, say("digits_short")), digits] : null);
    return [...head, el("p", {}, say("sum_lead")), controls, box, usedBy(block)];
  };

  async function matrix(number, block, rows, decimals, whole) {
    const shown = (text) => ESG.even(text, decimals);
    const cell = (text, site, month) => (text === null ? "" : el("a", { href: ESG.to("amounts", String(number), site < 0 ? "-" : ESG.index.sites[site][0], month || "-"), class: "number", title: grouped(text) }, shown(text)));
    const make = async (from, to) => rows.slice(from, to).map(([site, total, , values]) => [
      site < 0 ? "–" : el("span", {}, link(siteName(site), "site", siteName(site)), el("span", { class: "muted small" }, ` ${ESG.index.sites[site][1]}`)),
      el("strong", { class: "number", title: grouped(total) }, shown(total)), ...values.map((text, at) => cell(text, site, block.months[at])),
    ]);
    const foot = whole ? [say("total"), el("strong", { class: "number", title: grouped(block.total), "data-exact": block.total }, shown(block.total)), ...block.of_month.map((text) => el("span", { class: "number", title: grouped(text) }, shown(text)))] : null;
    const heads = [say("site"), `${say("total")}${block.counts ? "" : ` (${block.unit})`}`, ...block.months.map(monthName)];
    return longTable(heads, rows.length, make, { right: block.months.map((_, at) => at + 2).concat(1), name: say("sum_title", { measure: block.measure }), foot, classes: "matrix" });
  }

  function usedBy(block) {
    return block.cells.length ? section(say("used_by"), el("ul", {}, block.cells.map((number) => {
      const [kpi, period, breakdown, category] = ESG.index.cells[number];
      return el("li", {}, cellLink(number, `${kpiName(ESG.index.kpis[kpi])}, ${period}${breakdown === "total" ? "" : `, ${categoryOf(breakdown, category)}`}`));
    }))) : null;
  }

  // ---------------------------------------------------------------- amounts

  function numbersIn(runs) {
    const found = [];
    for (const [first, many] of runs) for (let at = 0; at < many; at++) found.push(first + at);
    return found;
  }

  pages.amounts = async (text, site, month) => {
    const number = /^\d+$/.test(text) ? Number(text) : -1;
    const block = await get("sums", number);
    const place = site === "-" ? -1 : ESG.index.sites.findIndex(([id]) => id === site);
    const row = (block.rows || []).find(([at]) => at === place);
    const column = block.months ? block.months.indexOf(month === "-" ? "" : month) : -1;
    if (!row || column < 0 || row[3][column] === null) throw new Unknown([text, site, month].join(" / "));
    const all = await Promise.all(numbersIn(row[2]).map(ESG.amount));
    const own = all.filter((item) => item.nature === "stock" || item.when === block.months[column]);
    const added = block.counts ? String(own.length) : ESG.sum(own.map((item) => item.quantity));
    const same = added === row[3][column];
    const title = say("amounts_title", { measure: block.measure, site: siteName(place), month: monthName(block.months[column]) });
    return [
      trail(link(say("sum_title", { measure: block.measure }), "sum", text), siteName(place)), el("h1", {}, title),
      el("p", { class: "headline" }, el("strong", { id: "added", class: "number" }, grouped(added)), block.counts ? "" : ` ${block.unit} `, badge(say(same ? "agrees" : "agrees_not"), same ? "good" : "bad")),
      el("p", { class: "muted" }, say("added_here")),
      await amountTable(own.map((item) => item.no)),
    ];
  };

  /** Amounts in a table, a hundred at a time. On the page of a record, whose they all are, with the report in place of site and record. */
  async function amountTable(numbers, { ofRecord = false } = {}) {
    const make = async (from, to) => {
      const items = await Promise.all(numbers.slice(from, to).map(ESG.amount));
      return Promise.all(items.map(async (item) => {
        const sent = ofRecord || item.record === null ? null : await ESG.record(item.record);
        const left = item.excluded ? el("span", { class: "muted" }, badge(say("excluded"), "muted"), ` ${item.excluded}`) : "";
        const value = item.quantity === null ? badge(say("blocked"), "bad") : el("span", {}, figure(item.quantity, item.unit, 6), ` ${item.unit}`);
        const made = item.factor === null ? (item.guess ? badge(item.guess.replaceAll("_", " "), "warn") : "") : link(ESG.index.factors[item.factor][0], "factor", ESG.index.factors[item.factor][0]);
        return [
          link(grouped(String(item.no)), "amount", String(item.no)), ofRecord ? edition(item.edition).document : siteName(item.site), nowrap(item.when || item.period), item.measure + (item.gas ? ` (${item.gas})` : ""), value, made,
          ofRecord ? left : [sent ? link(say("line_of", { path: sent.path + (sent.sheet ? ` [${sent.sheet}]` : ""), line: grouped(String(sent.line)) }), "record", sent.id) : "", left],
        ];
      }));
    };
    return longTable([say("amount"), say(ofRecord ? "edition" : "site"), say("when"), say("measure"), say("value"), say("factor"), say(ofRecord ? "note" : "record")], numbers.length, make, { right: [4], name: say("amounts") });
  }

  const nowrap = (text) => el("span", { class: "nowrap" }, text);

  // ---------------------------------------------------------------- what feeds what

  /** The figures of a set, by report and KPI. */
  async function feeds(number) {
    const found = number === null || number === undefined ? [] : await get("sets", number);
    if (!found.length) return section(say("feeds"), el("p", { class: "muted" }, say("feeds_none")));
    const byEdition = new Map();
    for (const cell of found) {
      const kpi = ESG.index.cells[cell][0];
      const place = ESG.index.kpis[kpi][0];
      if (!byEdition.has(place)) byEdition.set(place, new Map());
      const own = byEdition.get(place);
      if (!own.has(kpi)) own.set(kpi, []);
      own.get(kpi).push(cell);
    }
    return section(say("feeds"), [...byEdition].map(([place, kpis]) => {
      const many = [...kpis.values()].reduce((total, cells) => total + cells.length, 0);
      const rows = [...kpis].map(([kpi, cells]) => [link(kpiName(ESG.index.kpis[kpi]), "kpi", edition(place).id, ESG.index.kpis[kpi][1]), cellList(cells)]);
      return el("details", { open: true, class: "feeds" }, el("summary", {}, `${edition(place).document}: ${say(many === 1 ? "feeds_one" : kpis.size === 1 ? "feeds_of_one" : "feeds_count", { n: many, k: kpis.size })}`), table([say("kpi"), say("cells")], rows, { name: say("feeds") }));
    }));
  }

  function cellList(cells) {
    const one = (cell, at) => {
      const [, period, breakdown, category] = ESG.index.cells[cell];
      return [at ? " · " : "", cellLink(cell, breakdown === "total" ? period : `${period} ${categoryOf(breakdown, category)}`)];
    };
    const some = el("span", {}, cells.slice(0, 12).map(one));
    if (cells.length > 12) {
      const button = el("button", { type: "button", on: { click: () => { some.append(...cells.slice(12).map((cell) => one(cell, 1)).flat(Infinity)); button.remove(); } } }, say("show_more", { n: cells.length - 12 }));
      return el("span", {}, some, " ", button);
    }
    return some;
  }

  Object.assign(ESG, { feeds, amountTable, cellLink, codeLink, kpiName, kpiPlace, siteName, numbersIn, english });
})();
