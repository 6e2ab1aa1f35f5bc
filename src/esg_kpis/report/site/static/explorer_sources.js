"use strict";
// From the sources up: amount, record, file, site, meter, measure, factor, code, each with the figures it feeds.

(() => {
  const { el, say, link, label, figure, facts, table, longTable, badge, section, trail, pages, grouped, get, Unknown, feeds, amountTable, siteName, numbersIn, kpiName } = ESG;
  const edition = (place) => ESG.index.editions[place];
  const sheeted = (path, sheet) => path + (sheet ? ` [${sheet}]` : "");
  const lineName = (item) => say("line_of", { path: sheeted(item.path, item.sheet), line: grouped(String(item.line)) });
  const fateName = (fate) => say(fate === "excluded" ? "fate_excluded" : fate);
  const FATES = { used: "good", excluded: "muted", rejected: "bad" };
  const siteLink = (site) => (site < 0 ? "–" : link(siteName(site), "site", siteName(site)));
  const asNumber = (text) => (/^\d+$/.test(text || "") ? Number(text) : -1);

  // ---------------------------------------------------------------- amount

  pages.amount = async (text) => {
    const item = await ESG.amount(asNumber(text));
    const steps = [item];
    while (steps[0].parent !== null && steps.length < 20) steps.unshift(await ESG.amount(steps[0].parent));
    const title = `${item.measure}${item.gas ? ` (${item.gas})` : ""}, ${siteName(item.site)}, ${item.when || item.period}`;
    const cards = [];
    for (const [at, step] of steps.entries()) cards.push(...(await chainStep(step, steps[at - 1])));
    return [
      trail(edition(item.edition).document, say("amount")), el("h1", {}, title),
      el("p", { class: "headline" }, item.quantity === null ? badge(say("blocked"), "bad") : [el("strong", { class: "number", id: "quantity" }, grouped(item.quantity)), ` ${item.unit} `], item.excluded ? badge(say("excluded"), "muted") : null),
      section(say("chain"), el("ol", { class: "chain" }, cards)),
      section(say("about_amount"), facts([
        [say("edition"), edition(item.edition).document], [say("period"), item.period], [say("origin"), link(item.origin, "measure", item.origin)], [say("quality"), item.quality === null ? null : ESG.index.qualities[item.quality].replaceAll("_", " ")],
        [say("scope"), item.scope], [say("basis"), item.basis], [say("gwp_set"), item.gwp_set], [say("attributes"), item.dimensions], [say("excluded"), item.excluded], [say("blocked"), item.blocked],
      ])),
    ];
  };

  const quantity = (step) => el("p", { class: "result" }, step.quantity === null ? (step.blocked || say("blocked")) : [el("strong", { class: "number" }, grouped(step.quantity)), ` ${step.unit} `], el("span", { class: "muted" }, link(step.measure, "measure", step.measure), step.gas ? ` (${step.gas})` : ""));

  async function chainStep(step, before) {
    if (step.factor !== null) return [await factorStep(step, before)];
    if (before) return [el("li", {}, el("h3", {}, say("step_part")), quantity(step))];
    const cards = [];
    if (step.estimate !== null) cards.push(await estimateStep(step));
    else if (step.guess) cards.push(el("li", {}, el("h3", {}, say("step_missing")), el("p", {}, step.guess.replaceAll("_", " "))));
    if (step.record !== null) cards.push(await receivedStep(step));
    cards.push(el("li", {}, el("h3", {}, say("step_counted"), el("span", { class: "muted" }, ` ${step.when || step.period}`)), quantity(step), step.share ? el("p", { class: "muted" }, `${grouped(step.share)} = ${say("share_of")}`) : null));
    return cards;
  }

  async function receivedStep(step) {
    const sent = await ESG.record(step.record);
    const read = (sent.quantities || []).filter(([measure]) => measure === step.origin);
    return el("li", {}, el("h3", {}, say("step_received")), el("p", {}, link(lineName(sent), "record", sent.id)),
      read.map(([, column, received, unit, canonical, own, start, end]) => el("p", {}, `${column}: `, el("strong", {}, received), ` ${unit}`, canonical && (own !== unit) ? ` = ${grouped(canonical)} ${own}` : "", el("span", { class: "muted" }, start || end ? ` (${start || "…"} – ${end || "…"})` : ""))));
  }

  async function estimateStep(step) {
    const made = await get("estimates", step.estimate);
    return el("li", {}, el("h3", {}, say("step_estimated"), el("span", { class: "muted" }, ` ${made.method.replaceAll("_", " ")}`)), el("p", { lang: "en" }, made.basis),
      facts([[say("value"), `${grouped(made.quantity)} ${made.unit}`], [say("rule"), made.rule], [say("days"), made.days], [say("meter"), made.meter_id], [say("estimates_on"), made.rests_on.length ? el("span", {}, made.rests_on.slice(0, 40).map((no, at) => [at ? ", " : "", link(grouped(String(no)), "amount", String(no))])) : null]]));
  }

  async function factorStep(step, before) {
    const factor = await get("factors", step.factor);
    const rule = step.rule === null ? null : ESG.index.rules[step.rule];
    const own = factor.uses.filter(([place, measure, output, gas, , period, used]) => place === step.edition && period === step.period && (!before || measure === before.measure) && output === step.measure && used === rule && (!gas || gas === (step.gas || "")));
    const region = step.site < 0 ? [] : own.filter((use) => use[4] === ESG.index.sites[step.site][4]);
    const whys = [...new Set((region.length ? region : own).map((use) => use[9]))];
    const before_ = before && before.quantity !== null ? `${grouped(before.quantity)} ${before.unit} × ` : "";
    return el("li", {}, el("h3", {}, say("step_factor"), " ", link(factor.id, "factor", factor.id)),
      factor.value === undefined ? null : el("p", { class: "formula" }, before_, `${grouped(factor.multiplier)} ${factor.per}`),
      quantity(step),
      facts([
        [say("as_published"), factor.value === undefined ? null : `${grouped(factor.value)} ${factor.unit}`], [say("source"), (factor.source || []).filter(Boolean).join(", ")], [say("grade"), factor.grade], [say("region"), ESG.regionName(factor.region)],
        [say("data_period"), factor.data_period], [say("published_on"), factor.published], [say("rule"), rule], [say("why_chosen"), whys.length ? el("span", { lang: "en" }, whys.map((why, at) => [at ? el("br") : "", why])) : null],
      ]));
  }

  // ---------------------------------------------------------------- record

  pages.record = async (id = "") => {
    const at = id.lastIndexOf(":");
    const line = asNumber(id.slice(at + 1));
    const prefix = id.slice(0, at);
    for (const [file, item] of ESG.index.files.entries()) {
      if (item[2] !== prefix || line < 0) continue;
      const { number } = await ESG.recordAt(file, line);
      if (number >= 0) return recordPage(await ESG.record(number));
    }
    throw new Unknown(id);
  };

  pages.line = async (path, sheet = "", text = "") => {
    const file = ESG.index.files.findIndex((item) => item[0] === path && item[1] === sheet);
    const line = asNumber(text);
    if (file < 0 || line < 0) throw new Unknown([path, sheet, text].filter(Boolean).join(" / "));
    const { number, near } = await ESG.recordAt(file, line);
    if (number >= 0) return recordPage(await ESG.record(number));
    const items = await Promise.all(near.map(ESG.record));
    return [
      trail(link(sheeted(path, sheet), "file", ...(sheet ? [path, sheet] : [path]))), el("h1", {}, say("no_line", { path: sheeted(path, sheet), line: grouped(text) })), el("p", {}, say("no_line_what")),
      el("ul", {}, items.map((item) => el("li", {}, link(lineName(item), "record", item.id)))),
    ];
  };

  async function recordPage(item) {
    const used = new Set((item.quantities || []).map((row) => row[1]));
    const rows = (item.sent || [["", item.received]]).map(([column, value]) => [column, value === null ? "" : el("span", { class: used.has(column) ? "taken" : null }, String(value))]);
    return [
      trail(link(sheeted(item.path, item.sheet), "file", ...(item.sheet ? [item.path, item.sheet] : [item.path]))), el("h1", {}, lineName(item)),
      facts([[say("record_id"), el("code", {}, item.id)], [say("sha256"), el("code", { class: "digest" }, (await get("files", item.file)).sha256 || "")], [say("site"), item.site < 0 ? null : el("span", {}, siteLink(item.site), ` ${ESG.index.sites[item.site][1]}`)], [say("from"), item.start], [say("until"), item.end], [say("not_taken"), item.excluded]]),
      section(say("as_sent"), table([say("column"), say("value")], rows, { name: say("as_sent") })),
      quantities(item), rejections(item), fates(item), await made(item), await feeds(item.set),
    ].filter(Boolean);
  }

  function quantities(item) {
    if (!item.quantities) return null;
    const rows = item.quantities.map(([measure, column, received, unit, canonical, own, start, end, meter, document, tariff, kind, excluded, guessed]) => [
      link(measure, "measure", measure), column, `${received} ${unit}`, el("span", {}, figure(canonical, own, 9), ` ${own}`), start || "", end || "", meter ? link(meter, "meter", meter, siteName(item.site)) : "", document || "",
      [tariff, kind, guessed === "true" ? say("sender_estimate") : "", excluded ? `${say("excluded")}: ${excluded}` : ""].filter(Boolean).join("; "),
    ]);
    return section(say("what_was_read"), table([say("measure"), say("column"), say("received"), say("canonical"), say("from"), say("until"), say("meter"), say("document"), say("note")], rows, { right: [2, 3], name: say("what_was_read") }));
  }

  function rejections(item) {
    if (!item.rejected) return null;
    const rows = item.rejected.map(([rule, column, read, expected, expectedZh, message]) => [rule, column, read, ESG.english ? expected : expectedZh || expected, message]);
    return section(say("broken_rules"), table([say("rule"), say("column"), say("was_read"), say("expected"), say("note")], rows, { name: say("broken_rules") }));
  }

  function fates(item) {
    if (!item.fates) return null;
    const rows = item.fates.map(([place, fate, share, reason, rule, flags]) => [edition(Number(place)).document, badge(fateName(fate), FATES[fate] || "muted"), figure(share, "", 6), reason || "", rule || "", (flags || "").replaceAll(";", "; ")]);
    return section(say("fate"), table([say("edition"), say("became"), say("share"), say("why"), say("rule"), say("flags")], rows, { right: [2], name: say("fate") }));
  }

  async function made(item) {
    if (!item.amounts) return null;
    // By report and month, and what was made from another amount behind it.
    const own = new Map((await Promise.all(item.amounts.map(ESG.amount))).map((one) => [one.no, one]));
    const depth = (one) => (own.has(one.parent) ? 1 + depth(own.get(one.parent)) : 0);
    const key = (one) => [String(one.edition).padStart(4, "0"), one.when || "", String(depth(one)), String(one.no).padStart(9, "0")].join(" ");
    const ordered = [...own.values()].sort((one, other) => (key(one) < key(other) ? -1 : 1));
    return section(say("amounts_made"), await amountTable(ordered.map((one) => one.no), { ofRecord: true }));
  }

  // ---------------------------------------------------------------- file

  /** Records in a table, a hundred at a time. */
  function recordTable(numbers) {
    const make = async (from, to) => (await Promise.all(numbers.slice(from, to).map(ESG.record))).map((item) => [
      link(lineName(item), "record", item.id), siteLink(item.site), [item.start, item.end].filter(Boolean).join(" – "), [...new Set((item.quantities || []).map((row) => row[0]))].join(", ") || item.excluded || (item.rejected ? say("rejected") : ""),
      (item.fates || []).map(([place, fate], at) => [at ? " " : "", el("span", { class: `badge ${FATES[fate] || "muted"}`, title: edition(Number(place)).document }, `${edition(Number(place)).id}: ${fateName(fate)}`)]),
    ]);
    return longTable([say("record"), say("site"), say("when"), say("measure"), say("became")], numbers.length, make, { name: say("records") });
  }

  pages.file = async (path, sheet) => {
    const own = ESG.index.files.map((item, at) => [item, at]).filter(([item]) => item[0] === path && (sheet === undefined || item[1] === sheet));
    if (!own.length) throw new Unknown([path, sheet].filter(Boolean).join(" / "));
    if (own.length > 1) return [trail(say("file")), el("h1", {}, path), section(say("sheets_of"), el("ul", {}, own.map(([item]) => el("li", {}, link(sheeted(path, item[1]), "file", path, item[1]), ` ${say("lines", { n: grouped(String(item[4])) })}`))))];
    const [[[, name, prefix, first, many, people], at]] = own;
    const item = await get("files", at);
    const head = [trail(say("file")), el("h1", {}, sheeted(path, name)), facts([
      [say("sha256"), item.sha256 ? el("code", { class: "digest" }, item.sha256) : null], [say("bytes"), grouped(String(item.bytes ?? ""))], [say("encoding"), item.encoding], [say("delimiter"), item.delimiter === "\t" ? "TAB" : item.delimiter], [say("header_line"), item.header_line],
      [say("understood"), (item.understood || "").replaceAll(";", "; ")], [say("status"), item.status], [say("problem"), item.problem], [say("mends"), item.mends_path ? link(sheeted(item.mends_path, item.mends_sheet), "file", ...(item.mends_sheet ? [item.mends_path, item.mends_sheet] : [item.mends_path])) : null],
    ])];
    if (people) return [...head, el("p", { class: "note" }, say("people_file"))];
    const counted = item.fates.map(([place, fate, n]) => [edition(place).document, badge(fateName(fate), FATES[fate] || "muted"), grouped(String(n))]);
    const alone = item.rejected.map(([line, rule, message]) => [grouped(String(line)), rule, message]);
    return [
      ...head, counted.length ? section(say("fates_of_file"), table([say("edition"), say("became"), say("records")], counted, { right: [2], name: say("fates_of_file") })) : null,
      alone.length ? section(say("rejected_alone"), table([say("line"), say("rule"), say("note")], alone, { name: say("rejected_alone") })) : null,
      prefix ? section(say("its_records"), await recordTable(numbersIn([[first, many]]))) : null, await feeds(item.set),
    ].filter(Boolean);
  };

  // ---------------------------------------------------------------- site, meter, measure

  async function byMeasure(measures) {
    const parts = [];
    for (const [measure, many, runs] of measures) {
      const box = el("div", {});
      const details = el("details", {}, el("summary", {}, `${measure}: ${say("lines", { n: grouped(String(many)) })}`), box);
      details.addEventListener("toggle", async () => { if (details.open && !box.firstChild) box.append(await recordTable(numbersIn(runs))); });
      parts.push(details);
    }
    return parts.length ? section(say("records_by_measure"), parts) : null;
  }

  pages.site = async (id) => {
    const at = ESG.index.sites.findIndex((item) => item[0] === id);
    if (at < 0) throw new Unknown(id || "");
    const item = await get("sites", at);
    const meters = ESG.index.meters.filter(([, site]) => site === at).map(([meter]) => meter);
    return [
      trail(say("site")), el("h1", {}, `${id}: ${ESG.index.sites[at][1]}`),
      section(say("register"), facts([...Object.entries(item.facts).map(([name, value]) => [say(name), name === "country" || name === "grid_region" ? ESG.regionName(value) : value]), [say("register_line"), item.record ? link(ESG.nameOf(item.record), "record", item.record) : null]])),
      meters.length ? section(say("meters"), el("p", {}, meters.map((meter, place) => [place ? ", " : "", link(meter, "meter", meter, id)]))) : null,
      await byMeasure(item.measures), await feeds(item.set),
    ].filter(Boolean);
  };

  pages.meter = async (name, site) => {
    const own = ESG.index.meters.map((item, at) => [item, at]).filter(([item]) => item[0] === name && (site === undefined || siteName(item[1]) === site));
    if (!own.length) throw new Unknown([name, site].filter(Boolean).join(" / "));
    if (own.length > 1) return [trail(say("meter")), el("h1", {}, name), el("ul", {}, own.map(([item]) => el("li", {}, link(siteName(item[1]), "meter", name, siteName(item[1])))))];
    const [[[, place], at]] = own;
    const item = await get("meters", at);
    const rows = item.register.map(([measure, partOf, digits, , from, until, record]) => [measure, partOf ? link(partOf, "meter", partOf, siteName(place)) : "", digits || "", [from, until].map((day) => day || "…").join(" – "), link(ESG.nameOf(record), "record", record)]);
    return [
      trail(siteLink(place), say("meter")), el("h1", {}, name), facts([[say("site"), place < 0 ? null : el("span", {}, siteLink(place), ` ${ESG.index.sites[place][1]}`)]]),
      rows.length ? section(say("register"), table([say("measure"), say("part_of"), say("kind"), say("when"), say("register_line")], rows, { name: say("register") })) : null,
      await byMeasure(item.measures), await feeds(item.set),
    ].filter(Boolean);
  };

  pages.measure = async (name) => {
    const at = ESG.index.measures.findIndex((item) => item[0] === name);
    if (at < 0) throw new Unknown(name || "");
    const [, unit, meaning, people] = ESG.index.measures[at];
    const item = await get("measures", at);
    const factors = ESG.index.factors.filter((factor) => factor[1] === name || factor[2] === name);
    const kpiLink = (place) => link(kpiName(ESG.index.kpis[place]), "kpi", edition(ESG.index.kpis[place][0]).id, ESG.index.kpis[place][1]);
    const report = (place) => el("span", { class: "muted" }, ` ${edition(ESG.index.kpis[place][0]).document}`);
    const through = item.through.map(([place, others]) => [kpiLink(place), others.map((other, at) => [at ? ", " : "", kpiName(ESG.index.kpis[other])]), edition(ESG.index.kpis[place][0]).document]);
    return [
      trail(say("measure")), el("h1", {}, name), facts([[say("meaning"), el("span", { lang: "en" }, meaning)], [say("unit"), unit]]), people ? el("p", { class: "note" }, say("people_only")) : null,
      item.kpis.length ? section(say("kpis_of_measure"), el("ul", {}, item.kpis.map((place) => el("li", {}, kpiLink(place), report(place))))) : null,
      item.made.length ? section(say("kpis_of_made"), el("ul", {}, item.made.map((place) => el("li", {}, kpiLink(place), report(place))))) : null,
      through.length ? section(say("kpis_through"), table([say("kpi"), say("through"), say("edition")], through, { name: say("kpis_through") })) : null,
      item.files.length ? section(say("files_of_measure"), table([say("file"), say("records")], item.files.map(([file, many]) => [link(sheeted(ESG.index.files[file][0], ESG.index.files[file][1]), "file", ...(ESG.index.files[file][1] ? ESG.index.files[file].slice(0, 2) : [ESG.index.files[file][0]])), grouped(String(many))]), { right: [1], name: say("files_of_measure") })) : null,
      factors.length ? section(say("factors"), el("ul", {}, factors.map(([id, from, output, gas, region]) => el("li", {}, link(id, "factor", id), el("span", { class: "muted" }, ` ${from} → ${output} ${gas} ${ESG.regionName(region)}`))))) : null,
    ].filter(Boolean);
  };

  // ---------------------------------------------------------------- factor, code

  pages.factor = async (id) => {
    const at = ESG.index.factors.findIndex((item) => item[0] === id);
    if (at < 0) throw new Unknown(id || "");
    const item = await get("factors", at);
    const rows = item.uses.map(([place, measure, output, gas, region, period, rule, , , why, many]) => [edition(place).document, period, `${measure} → ${output}${gas ? ` (${gas})` : ""}`, ESG.regionName(region), rule, el("span", { lang: "en" }, why), grouped(String(many))]);
    const numbers = numbersIn(item.amounts || []);
    const claim = id.startsWith("instrument ") ? id.slice("instrument ".length) : null;
    return [
      trail(say("factor")), el("h1", {}, id),
      item.value === undefined ? null : el("p", { class: "headline" }, el("strong", { class: "number" }, grouped(item.value)), ` ${item.unit}`),
      facts([
        [say("multiplier"), item.value === undefined ? null : `${grouped(item.multiplier)} ${item.per}`], [say("leads_to"), item.measure ? `${item.measure}${item.gas_in ? ` (${item.gas_in})` : ""} → ${item.output}${item.gas ? ` (${item.gas})` : ""}` : null], [say("source"), (item.source || []).filter(Boolean).join(", ")], [say("grade"), item.grade],
        [say("region"), ESG.regionName(item.region)], [say("method"), item.method], [say("data_period"), item.data_period], [say("published_on"), item.published], [say("uncertainty"), item.uncertainty ? `± ${item.uncertainty} %` : null], [say("parents"), item.parents], [say("note"), item.note],
        [say("claim"), claim ? link(ESG.nameOf(claim), "record", claim) : null],
      ]),
      rows.length ? section(say("uses"), await longTable([say("edition"), say("period"), say("measure"), say("region"), say("rule"), say("why_chosen"), say("times_used")], rows.length, async (from, to) => rows.slice(from, to), { right: [6], name: say("uses"), step: 30 })) : null,
      numbers.length ? section(say("amounts_by_it"), await amountTable(numbers)) : null, await feeds(item.set),
    ].filter(Boolean);
  };

  pages.code = async (framework, code) => {
    const at = ESG.index.codes.findIndex((item) => item[0] === framework && item[1] === code);
    if (at < 0) throw new Unknown([framework, code].filter(Boolean).join(" / "));
    const [, , title, titleZh] = ESG.index.codes[at];
    const item = await get("codes", at);
    const ordered = [...item].sort((one, other) => one.edition - other.edition || (one.cell ?? -1) - (other.cell ?? -1));
    const rows = ordered.map((answer) => {
      const known = answer.kpi === undefined || answer.kpi === null ? null : ESG.index.kpis[answer.kpi];
      const [, , breakdown, category] = answer.cell === undefined || answer.cell === null ? [] : ESG.index.cells[answer.cell];
      const kpi = known ? el("span", {}, link(kpiName(known), "kpi", edition(answer.edition).id, known[1]), breakdown && breakdown !== "total" ? el("span", { class: "muted" }, ` ${breakdown.replaceAll("_", " ")}: ${category}`) : "") : "";
      const value = answer.value ? `${grouped(answer.value)} ${answer.unit || ""}` : "";
      return [edition(answer.edition).document, kpi, answer.cell === undefined || answer.cell === null ? value : ESG.cellLink(answer.cell, value || ESG.index.cells[answer.cell][1]), answer.status ? say(answer.status, {}, "answers") : "", [answer.section, answer.page].filter(Boolean).join(", "), answer.reason || ""];
    });
    const first = item[0] || {};
    return [
      trail(framework), el("h1", {}, `${framework} ${code}`), title ? el("p", { class: "lead" }, label([title, titleZh])) : null,
      facts([[say("obligation"), first.obligation ? first.obligation.replaceAll("_", " ") : null], [say("kind"), first.kind], [say("asked_unit"), first.unit_asked]]),
      section(say("answers"), table([say("edition"), say("kpi"), say("value"), say("status"), say("section"), say("reason")], rows, { right: [2], name: say("answers") })),
    ].filter(Boolean);
  };

  pages.find = async (text = "") => {
    ESG.search.ask(text);
    return pages.start();
  };
})();
