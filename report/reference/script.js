"use strict";
// Optional functions of a page that is complete without them: sort tables, filter claims.

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Tables. The value of a cell is its text before the small print; numbers sort by size, times in any unit.

const UNITS = { s: 1, ms: 1e-3, "µs": 1e-6 };
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function value(cell) {
  const copy = cell.cloneNode(true);
  copy.querySelectorAll("small").forEach((part) => part.remove());
  const text = copy.textContent.trim();
  const plain = text
    .replace(/^about /, "")
    .replace(/−/g, "-")
    .replace(/(\d),(?=\d{3})/g, "$1")
    .replace(/\s×\s10(⁻?)([⁰¹²³⁴-⁹]+)/, (_, sign, digits) => `e${sign && "-"}${[...digits].map((digit) => SUPERSCRIPTS.indexOf(digit)).join("")}`);
  const number = cell.tagName === "TD" && plain.match(/^[+-]?\d[\d.]*(?:e-?\d+)?(?=$|[\s:–[])/);
  if (number) return Number(number[0]) * (UNITS[plain.slice(number[0].length).trim()] ?? 1);
  if (text === "never" || text === "diverged") return Infinity;
  return text === "–" ? "" : text;
}

function compare(one, other) {
  if (typeof one === typeof other) return typeof one === "number" ? (one === other ? 0 : one - other) : one.localeCompare(other, "en", { numeric: true });
  return typeof one === "number" ? -1 : 1;
}

function sort(table, column, descending) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, key: value(row.cells[column]) }));
  const empty = rows.filter(({ key }) => key === "");
  const full = rows.filter(({ key }) => key !== "").sort((one, other) => (descending ? -1 : 1) * compare(one.key, other.key));
  body.append(...[...full, ...empty].map(({ row }) => row));
}

// On a phone a row is shown as a card whose cells name their columns.
for (const table of document.querySelectorAll("table")) {
  const names = [...table.tHead.rows[0].cells].map((head) => (head.firstChild.textContent ?? "").trim());
  table.classList.add("cards");
  for (const row of table.tBodies[0].rows) [...row.cells].forEach((cell, column) => (cell.dataset.label = names[column]));
}

for (const table of document.querySelectorAll("main table")) {
  if (table.tHead?.rows.length !== 1 || table.tBodies[0].rows.length < 2 || table.querySelector("[colspan], [rowspan]")) continue;
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const note = head.querySelector("small") ?? "";
    const button = make("button", { type: "button", class: "sort" }, make("span", {}, ...[...head.childNodes].filter((node) => node !== note)), note);
    head.append(button);
    button.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sort(table, column, descending);
    });
  });
}

// Claims. Data attributes of the rows define the filters; the count of a verdict at the top links to its rows.

const rows = [...document.querySelectorAll("tr[data-verdict]")];

function choice(name, change) {
  const found = [...new Set(rows.map((row) => row.dataset[name]))];
  const options = ["all", ...found].map((text) => make("option", { value: text === "all" ? "" : text }, text));
  const select = make("select", { name }, ...options);
  select.addEventListener("change", change);
  return select;
}

if (rows.length) {
  const count = make("output", {});
  const selects = ["part", "verdict", "source", "group"].map((name) => choice(name, filter));
  const labelled = selects.map((select) => make("label", {}, select.name, select));
  rows[0].closest(".box").before(make("div", { class: "filters control" }, ...labelled, count));

  function filter() {
    for (const row of rows) row.hidden = selects.some((select) => select.value && select.value !== row.dataset[select.name]);
    for (const box of new Set(rows.map((row) => row.closest(".box")))) box.hidden = !box.querySelector("tr[data-verdict]:not([hidden])");
    count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  }

  filter();
  for (const link of document.querySelectorAll(".verdicts a")) {
    link.addEventListener("click", () => {
      const wanted = { part: link.closest("[data-part]").dataset.part, verdict: link.closest("[data-verdict]").dataset.verdict };
      for (const select of selects) select.value = wanted[select.name] ?? "";
      filter();
    });
  }
  // A link to a claim resets filters that hide it.
  const reveal = () => {
    if (!location.hash.startsWith("#claim-")) return;
    for (const select of selects) select.value = "";
    filter();
    document.getElementById(location.hash.slice(1))?.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
}

// The widget of the method: what the number of parameters n and of tangents K make of the estimate.

document.querySelectorAll('[data-widget="variance"]').forEach((widget) => {
  const [parameters, tangents] = widget.querySelectorAll("input");
  const say = (name, value) => (widget.querySelector(`output.${name}`).textContent = value);
  const update = () => {
    const n = Math.round(10 ** parameters.value);
    const k = Math.min(n, Math.round(10 ** tangents.value));
    say("n", n.toLocaleString("en"));
    say("k", k.toLocaleString("en"));
    const moment = (n + k + 1) / k; // of the mean of K Gaussian forward gradients
    say("cosine", Math.min(1, k === 1 ? Math.sqrt(2 / (Math.PI * n)) : 1 / Math.sqrt(moment)).toPrecision(2));
    say("moment", Number(moment.toPrecision(7)).toLocaleString("en"));
  };
  [parameters, tangents].forEach((input) => input.addEventListener("input", update));
  update();
  widget.hidden = false;
});
