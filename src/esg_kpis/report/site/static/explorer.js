"use strict";
// The explorer: loads data files on demand, makes elements of them, and shows the page that the address asks for.
// What sites sent is text and never markup: elements are made one by one, and texts are set as texts.

const ESG = (() => {
  const base = new URL("../data/", document.currentScript.src).href;
  const english = !document.documentElement.lang.toLowerCase().startsWith("zh");
  const waiting = new Map();
  const loaded = new Map();
  const pages = {};
  let index = null;
  let words = null;
  /** The run that this page is of; each data file says of which it is. */
  const run = document.querySelector(".explorer").dataset.run;
  const OTHER = Symbol("of another run");

  // ---------------------------------------------------------------- data

  function put(name, data, made = run) {
    loaded.set(name, made === run ? data : OTHER);
  }

  function need(name, file = name) {
    if (!waiting.has(name)) {
      waiting.set(name, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        // From a server a browser may keep what it loaded once; by the run it asks again when there is another.
        script.src = `${base}${file}.js?run=${encodeURIComponent(run)}`;
        script.onload = () => {
          if (!loaded.has(name)) reject(new Missing(file));
          else if (loaded.get(name) === OTHER) reject(new Anew(file));
          else resolve(loaded.get(name));
        };
        script.onerror = () => reject(new Missing(file));
        document.head.append(script);
      }));
    }
    return waiting.get(name);
  }

  class Missing extends Error {}
  /** The results were made again while the page was open: numbers of the old and the new ones must not stand side by side. */
  class Anew extends Error {}
  /** A link by the number of a sum or an amount, which another run gave to something else. */
  class Before extends Error {}
  class Unknown extends Error {}

  /** The one thing of a kind that has this number. */
  async function get(kind, number) {
    const starts = index.starts[kind] || [];
    let low = 0;
    let high = starts.length - 1;
    if (!Number.isInteger(number) || number < 0 || high < 0) throw new Unknown(String(number));
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= number) low = middle;
      else high = middle - 1;
    }
    const shelf = await need(`${kind}/${low}`);
    if (number - starts[low] >= shelf.length) throw new Unknown(String(number));
    return shelf[number - starts[low]];
  }

  /** A column as a list: of runs of one value, of steps that each are one more, or of its different values and where they stand. */
  function unpacked(column) {
    if (Array.isArray(column)) return column;
    if (column.of) return unpacked(column.at).map((place) => column.of[place]);
    const runs = column.runs || column.steps;
    const found = [];
    for (let at = 0; at < runs.length; at += 2) for (let more = 0; more < runs[at + 1]; more++) found.push(column.runs || runs[at] === null ? runs[at] : runs[at] + more);
    return found;
  }

  async function shelfOf(kind, number) {
    const shelf = await need(`${kind}/${number}`);
    for (const name of Object.keys(shelf)) shelf[name] = unpacked(shelf[name]);
    return shelf;
  }

  const GROUP = ["edition", "measure", "period", "origin", "nature", "dimensions", "unit", "scope", "basis", "gas", "gwp_set", "excluded", "blocked"];

  async function amount(number) {
    if (!Number.isInteger(number) || number < 0 || number >= index.many.amounts) throw new Unknown(String(number));
    const shelf = await shelfOf("amounts", Math.floor(number / index.shard));
    const place = number % index.shard;
    let first = 0;
    for (const [many, site, kind] of shelf.groups) {
      if (place < first + many) {
        const found = { no: number, site };
        GROUP.forEach((name, at) => { found[name] = shelf.kinds[kind][at]; });
        for (const name of ["when", "quantity", "parent", "record", "factor", "rule", "share", "guess", "estimate", "quality"]) {
          found[name] = shelf[name] ? shelf[name][place] : null;
        }
        return found;
      }
      first += many;
    }
    throw new Unknown(String(number));
  }

  async function record(number) {
    if (!Number.isInteger(number) || number < 0 || number >= index.many.records) throw new Unknown(String(number));
    const { heads, ...shelf } = await shelfOf("records", Math.floor(number / index.shard));
    const found = { no: number };
    for (const name of Object.keys(shelf)) found[name] = shelf[name][number % index.shard];
    if (Array.isArray(found.received)) found.sent = found.received.slice(1).map((value, at) => [heads[found.received[0]][at], value]);
    found.path = index.files[found.file][0];
    found.sheet = index.files[found.file][1];
    found.id = recordId(found.file, found.line);
    return found;
  }

  function recordId(file, line) {
    return `${index.files[file][2]}:${String(line).padStart(7, "0")}`;
  }

  /** A record id in words: file and line. */
  function nameOf(id) {
    const at = id.lastIndexOf(":");
    const file = index.files.find((item) => item[2] === id.slice(0, at));
    return file ? say("line_of", { path: file[0] + (file[1] ? ` [${file[1]}]` : ""), line: grouped(String(Number(id.slice(at + 1)))) }) : id;
  }

  /** The number of the record at a line of a file; if there is none, those before and behind it. */
  async function recordAt(file, line) {
    const [, , , first, many, , lines] = index.files[file];
    if (!many) return { number: -1, near: [] };
    const at = lines.filter((begins) => begins <= line).length;
    const shard = Math.floor(first / index.shard) + at;
    const shelf = await shelfOf("records", shard);
    const from = Math.max(first, shard * index.shard);
    const to = Math.min(first + many, (shard + 1) * index.shard);
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (shelf.line[middle - shard * index.shard] < line) low = middle + 1;
      else high = middle;
    }
    if (low < to && shelf.line[low - shard * index.shard] === line) return { number: low, near: [] };
    return { number: -1, near: [low - 1, low].filter((number) => number >= first && number < first + many) };
  }

  // ---------------------------------------------------------------- words and numbers

  function say(name, values = {}, group = "x") {
    const text = (words[group] && words[group][name]) || name.replaceAll("_", " ");
    return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
  }

  const label = (pair) => (pair ? (english ? pair[0] : pair[1] || pair[0]) : "");

  /** A region by code and name; by its code alone where it has no name. */
  function regionName(code) {
    const names = code ? index.regions[code] : null;
    return names ? `${code} (${label(names)})` : code;
  }

  /** A decimal text with marks between thousands, however long it is: it never becomes a binary number. */
  function grouped(text) {
    const match = /^(-?)(\d+)(.*)$/s.exec(String(text ?? ""));
    return match ? match[1].replace("-", "−") + match[2].replace(/\B(?=(\d{3})+(?!\d))/g, ",") + match[3] : String(text ?? "");
  }

  /** A decimal text to so many decimals, halves away from zero. */
  function short(text, decimals = 3) {
    const match = /^(-?)(\d+)\.(\d+)…?$/.exec(text ?? "");
    if (!match || match[3].length <= decimals) return grouped(text);
    const kept = BigInt(match[2] + match[3].slice(0, decimals)) + (match[3][decimals] >= "5" ? 1n : 0n);
    const digits = kept.toString().padStart(decimals + 1, "0");
    const places = digits.slice(-decimals).replace(/0+$/, "");
    const sign = kept === 0n ? "" : match[1];
    return grouped(sign + digits.slice(0, -decimals) + (places ? `.${places}` : ""));
  }

  /** The same with as many decimals as the others of its table, so that points stand below each other. */
  function even(text, decimals) {
    const shown = short(text, decimals);
    if (shown.includes("…")) return shown;
    const [units, places = ""] = shown.split(".");
    return decimals ? `${units}.${places.padEnd(decimals, "0")}` : units;
  }

  const SCALE = 24;

  function whole(text) {
    const [units, places = ""] = text.replace("-", "").split(".");
    const value = BigInt(units + places.padEnd(SCALE, "0"));
    return text.startsWith("-") ? -value : value;
  }

  /** The exact sum of decimal texts. */
  function sum(texts) {
    let total = 0n;
    for (const text of texts) if (text !== null) total += whole(text);
    const digits = (total < 0n ? -total : total).toString().padStart(SCALE + 1, "0");
    const places = digits.slice(-SCALE).replace(/0+$/, "");
    return (total < 0n ? "-" : "") + digits.slice(0, -SCALE) + (places ? `.${places}` : "");
  }

  // ---------------------------------------------------------------- elements

  /** Text with what nobody sees and what would turn its direction round made visible; `report/unseen.py` has the same. */
  const visible = (text) => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (found) => `[U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);

  function el(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "on") for (const [event, action] of Object.entries(value)) element.addEventListener(event, action);
      else if (name === "class") element.className = value;
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false).map((child) => (typeof child === "string" ? visible(child) : child)));
    return element;
  }

  /** Numbers hold for one run, so links by number say which. */
  const NUMBERED = ["sum", "amounts", "amount"];
  const own = `~${run.slice(0, 8)}`;
  const to = (...parts) => `#/${[...parts, ...(NUMBERED.includes(parts[0]) ? [own] : [])].map((part) => encodeURIComponent(part)).join("/")}`;
  const link = (text, ...parts) => el("a", { href: to(...parts) }, text);

  /** A number in a table: short, with all of its digits in the title. */
  function figure(text, unit = "", decimals = 3) {
    const shown = short(text, decimals);
    const all = grouped(text);
    return el("span", { class: "number", title: shown === all ? null : `${all}${unit ? ` ${unit}` : ""}` }, shown);
  }

  function facts(pairs) {
    const list = el("dl", { class: "facts" });
    for (const [name, value] of pairs) {
      if (value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length)) continue;
      list.append(el("div", {}, el("dt", {}, name), el("dd", {}, value)));
    }
    return list;
  }

  /** A table in a box of its own that scrolls. Columns that hold numbers are named in `right`. */
  function table(heads, rows, { right = [], name = "", foot = null, classes = "", spare = true } = {}) {
    const empty = (place) => spare && place > 0 && rows.length > 0 && rows.every((row) => row[place] === "" || row[place] === null || row[place] === undefined);
    if (heads.some((_, place) => empty(place))) {
      // A column in which nothing stands is left out.
      const kept = heads.map((_, place) => place).filter((place) => !empty(place));
      const of = (row) => kept.map((place) => row[place]);
      return table(of(heads), rows.map(of), { right: right.map((place) => kept.indexOf(place)), name, foot: foot && of(foot), classes, spare: false });
    }
    const side = (place) => (right.includes(place) ? "right" : null);
    const cells = (row) => row.map((value, place) => el(place === 0 ? "th" : "td", { class: side(place), scope: place === 0 ? "row" : null }, value ?? ""));
    const body = el("tbody", {}, rows.map((row) => el("tr", {}, cells(row))));
    const made = el("table", { class: classes || null },
      name ? el("caption", { class: "unseen" }, name) : null,
      el("thead", {}, el("tr", {}, heads.map((head, place) => el("th", { scope: "col", class: side(place) }, head)))),
      body,
      foot ? el("tfoot", {}, el("tr", {}, cells(foot))) : null);
    return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name || heads.join(", ") }, made);
  }

  /** A table of many rows that shows some and offers the rest. `make` gives the rows from one place to another. */
  async function longTable(heads, many, make, { step = 100, ...given } = {}) {
    const options = { ...given, spare: false };
    const box = table(heads, await make(0, Math.min(step, many)), options);
    const whole = el("div", {}, box);
    let shown = Math.min(step, many);
    if (shown < many) {
      const said = el("span", {}, "");
      const button = el("button", { type: "button" }, "");
      const tell = () => {
        said.textContent = say("showing", { n: grouped(shown), all: grouped(many) });
        button.textContent = say("show_more", { n: Math.min(step, many - shown) });
        if (shown >= many) button.remove();
      };
      button.addEventListener("click", async () => {
        const rows = await make(shown, Math.min(shown + step, many));
        const more = table(heads, rows, options);
        box.querySelector("tbody").append(...more.querySelectorAll("tbody > tr"));
        shown = Math.min(shown + step, many);
        tell();
      });
      tell();
      whole.append(el("p", { class: "more" }, said, " ", button));
    }
    return whole;
  }

  const badge = (text, tone) => el("span", { class: `badge ${tone}` }, text);

  function section(title, ...children) {
    return el("section", {}, el("h2", {}, title), ...children);
  }

  // ---------------------------------------------------------------- pages

  function trail(...parts) {
    return el("nav", { class: "trail", "aria-label": say("title") }, el("ol", {}, [link(say("title")), ...parts].map((part) => el("li", {}, part))));
  }

  let turn = 0;
  let at = location.hash;
  let followed = false;
  const left = new Map();

  /** Where a place was left, for who goes back to it; a link leads to the top. */
  function heightOf() {
    const height = followed ? 0 : left.get(location.hash) || 0;
    followed = false;
    return height;
  }

  async function show() {
    // Other hashes lead to places of the page itself, such as its main part.
    if (location.hash && !location.hash.startsWith("#/")) return;
    const mine = ++turn;
    left.set(at, window.scrollY);
    at = location.hash;
    const height = heightOf();
    const place = document.getElementById("explorer-page");
    let parts = [];
    let content;
    try {
      parts = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent).filter((part, at) => part !== "" || at > 0);
    } catch {
      parts = [location.hash];
    }
    place.setAttribute("aria-busy", "true");
    try {
      if (NUMBERED.includes(parts[0]) && parts.at(-1).startsWith("~") && parts.pop() !== own) throw new Before();
      const page = pages[parts[0] || "start"];
      if (!page) throw new Unknown(parts.join("/"));
      content = await page(...parts.slice(1));
    } catch (problem) {
      if (problem instanceof Missing) content = missing(problem.message);
      else if (problem instanceof Anew) content = anew();
      else if (problem instanceof Before) content = [trail(), el("h1", {}, say("before")), el("p", {}, say("before_what")), el("p", {}, say("way_out"), " ", link(say("start")))];
      else if (problem instanceof Unknown) content = unknown(parts.slice(1).join(" / ") || parts.join("/"));
      else throw problem;
    } finally {
      if (mine === turn) place.removeAttribute("aria-busy");
    }
    if (mine !== turn) return;
    place.replaceChildren(...[content].flat());
    const heading = place.querySelector("h1");
    document.title = heading && parts.length ? `${heading.textContent} · ${say("title")}` : say("title");
    if (turn > 1 || parts.length) {
      heading.setAttribute("tabindex", "-1");
      heading.focus({ preventScroll: true });
      window.scrollTo(0, height);
    }
  }

  function unknown(what) {
    return [trail(), el("h1", {}, say("unknown")), el("p", {}, say("unknown_what", { what })), el("p", {}, say("way_out"), " ", link(say("start")))];
  }

  function missing(name) {
    return [el("h1", {}, say("title")), el("p", { role: "alert" }, say("broken", { name: `data/${name}.js` }))];
  }

  function anew() {
    const again = el("button", { type: "button", on: { click: () => location.reload() } }, "Reload 重新載入");
    return [el("h1", {}, "Explorer"), el("p", { role: "alert" }, "The results were made anew while this page was open, and its numbers would be those of two runs. 本頁開啟期間結果已重新產生，請重新載入。"), el("p", {}, again)];
  }

  async function begin() {
    const place = document.getElementById("explorer-page");
    try {
      [words, index] = await Promise.all([need("words", english ? "words-en" : "words-zh"), need("index")]);
    } catch (problem) {
      words = words || { x: {} };
      if (problem instanceof Anew) place.replaceChildren(...anew());
      else place.replaceChildren(el("h1", {}, "Explorer"), el("p", { role: "alert" }, `A data file of this page is missing: data/${problem.message}.js. 缺少本頁的資料檔。`));
      return;
    }
    ESG.index = index;
    ESG.search.begin();
    window.addEventListener("hashchange", show);
    document.addEventListener("click", (event) => { followed = followed || Boolean(event.target.closest && event.target.closest("a")); });
    history.scrollRestoration = "manual";
    if (location.hash && !location.hash.startsWith("#/")) history.replaceState(null, "", location.pathname);
    await show();
  }

  document.addEventListener("DOMContentLoaded", begin);
  return { put, need, get, amount, record, recordAt, recordId, nameOf, regionName, say, label, english, grouped, short, even, sum, el, to, link, figure, facts, table, longTable, badge, section, trail, pages, Unknown };
})();
