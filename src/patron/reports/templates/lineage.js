"use strict";
// Cards of columns, a stage beside a stage, and a wire for each relation. The address's fragment is the chosen column.
const { stages, tables, edges, hows, chosen } = JSON.parse(document.getElementById("data").textContent);
const [board, wires, frame] = ["board", "wires", "stages"].map((id) => document.getElementById(id));
const [title, told, search, filters] = ["title", "told", "search", "filters"].map((id) => document.getElementById(id));
const opening = [title.textContent, told.textContent];
const FILTERED = hows.indexOf("filtered");
const columns = new Map();
for (const table of tables) for (const column of table.columns) columns.set(column.id, { ...column, table });
const into = new Map(), outOf = new Map();
for (const edge of edges) {
  for (const [index, end] of [[into, edge[1]], [outOf, edge[0]]]) index.set(end, [...(index.get(end) ?? []), edge]);
}
let selected = chosen;
const open = new Set();

const nameOf = ({ name, table }) => (["source", "setting"].includes(table.layer) ? `${table.name}: ${name}` : `${table.layer}.${table.name}.${name}`);
// What stands in no column of a file, its arrival for one, is written in brackets.
const isFact = ({ name, table }) => table.layer === "source" && name.startsWith("(");
const counts = (edge) => filters.checked || edge[2] !== FILTERED;

function reached(from, index, far) {
  const found = new Set(), waiting = [from];
  while (waiting.length) for (const edge of index.get(waiting.pop()) ?? []) {
    if (counts(edge) && !found.has(edge[far])) { found.add(edge[far]); waiting.push(edge[far]); }
  }
  found.delete(from);
  return found;
}

function draw() {
  const up = selected === null ? new Set() : reached(selected, into, 0);
  const down = selected === null ? new Set() : reached(selected, outOf, 1);
  const shown = selected === null ? null : new Set([...up, ...down].filter((id) => filters.checked || !isFact(columns.get(id))).concat(selected));
  frame.replaceChildren(...stages.map((words, number) => stageOf(words, number, shown, up, down)).filter(Boolean));
  tell(up, down);
  connect(shown);
}

function stageOf(words, number, shown, up, down) {
  const cards = tables.filter((table) => table.stage === number).sort((a, b) => a.aside - b.aside)
    .map((table) => cardOf(table, shown, up, down)).filter(Boolean);
  if (!cards.length) return null;
  const stage = made("div", "stage");
  stage.append(made("h2", "", words), ...cards);
  return stage;
}

function cardOf(table, shown, up, down) {
  const rows = shown ? table.columns.filter((column) => shown.has(column.id)) : table.columns;
  if (!rows.length) return null;
  const card = made("div", `table ${table.layer}${table.aside ? " aside" : ""}`);
  card.dataset.table = tables.indexOf(table);
  const head = made("button", "");
  head.append(made("span", "", table.name));
  head.title = table.name;
  head.type = "button";
  const isOpen = shown ? !open.has(table) : open.has(table);
  head.setAttribute("aria-expanded", isOpen);
  head.append(made("small", "", shown ? `${rows.length} of ${table.columns.length}` : `${rows.length}`));
  head.onclick = () => { open[open.has(table) ? "delete" : "add"](table); draw(); };
  card.append(head);
  if (isOpen) {
    const list = made("div", "columns");
    list.append(...rows.map((column) => rowOf(column, up, down)));
    card.append(list);
  }
  return card;
}

function rowOf(column, up, down) {
  const row = made("button", "column", column.name);
  row.type = "button";
  row.dataset.id = column.id;
  row.title = [nameOf(columns.get(column.id)), column.meaning, column.formula].filter(Boolean).join("\n");
  row.classList.toggle("chosen", column.id === selected);
  row.classList.toggle("up", up.has(column.id));
  row.classList.toggle("down", down.has(column.id));
  row.classList.toggle("unused", !into.has(column.id) && !outOf.get(column.id)?.some((edge) => outOf.has(edge[1])));
  row.onclick = () => choose(column.id === selected ? null : column.id);
  row.onmouseenter = row.onfocus = () => near(column.id);
  row.onmouseleave = row.onblur = () => near(null);
  return row;
}

function tell(up, down) {
  if (selected === null) { [title.textContent, told.textContent] = opening; return; }
  const column = columns.get(selected);
  title.textContent = nameOf(column);
  const words = [];
  if (column.meaning) words.push(column.meaning[0].toUpperCase() + column.meaning.slice(1) + ".");
  if (column.formula) words.push("Made by: ", made(/[=×−*/<>(]/.test(column.formula) ? "code" : "span", "", column.formula), ".");
  const origins = [...up].map((id) => columns.get(id)).filter((one) => one.table.layer === "source" && !isFact(one));
  if (origins.length) words.push(`From ${few(origins.map(nameOf))}.`);
  words.push(`${up.size} columns lead to it, ${down.size} follow from it.`);
  told.replaceChildren(...words.flatMap((word, n) => (n && word !== "." ? [" ", word] : [word])));
}

const few = (names) => (names.length > 8 ? `${names.slice(0, 8).join(", ")} and ${names.length - 8} more` : names.join(", "));

function connect(shown) {
  wires.replaceChildren();
  const box = frame.getBoundingClientRect();
  [wires.style.width, wires.style.height] = [`${box.width}px`, `${box.height}px`];
  wires.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
  const ends = new Map([...frame.querySelectorAll(".column")].map((row) => [+row.dataset.id, row]));
  const heads = new Map([...frame.querySelectorAll(".table")].map((card) => [+card.dataset.table, card.firstChild]));
  const drawn = new Set();
  for (const edge of edges) {
    if (!counts(edge) || (shown && !(shown.has(edge[0]) && shown.has(edge[1])))) continue;
    const [from, to] = [edge[0], edge[1]].map((id) => ends.get(id) ?? heads.get(tables.indexOf(columns.get(id).table)));
    const whole = !ends.has(edge[0]) && !ends.has(edge[1]);
    const key = whole ? `${tables.indexOf(columns.get(edge[0]).table)} ${tables.indexOf(columns.get(edge[1]).table)}` : null;
    if (!from || !to || from === to || drawn.has(key)) continue;
    if (key) drawn.add(key);
    wires.append(wire(from.getBoundingClientRect(), to.getBoundingClientRect(), box, edge, whole));
  }
}

function wire(from, to, box, edge, whole) {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const [y1, y2] = [from.top + from.height / 2 - box.top, to.top + to.height / 2 - box.top];
  const x1 = from.right - box.left, beside = to.left < from.right;
  const x2 = (beside ? to.right : to.left) - box.left;
  const bend = beside ? 34 + Math.min(Math.abs(y2 - y1) / 12, 26) : (x2 - x1) / 2;
  path.setAttribute("d", `M${x1} ${y1}C${x1 + bend} ${y1} ${beside ? x2 + bend : x2 - bend} ${y2} ${x2} ${y2}`);
  path.setAttribute("class", `wire ${whole ? "whole" : hows[edge[2]]}`);
  [path.dataset.from, path.dataset.to] = edge;
  return path;
}

function near(id) {
  board.classList.toggle("hovering", id !== null);
  for (const one of board.querySelectorAll(".near")) one.classList.remove("near");
  if (id === null) return;
  const path = new Set([id, ...reached(id, into, 0), ...reached(id, outOf, 1)]);
  for (const row of frame.querySelectorAll(".column")) row.classList.toggle("near", path.has(+row.dataset.id));
  for (const one of wires.children) one.classList.toggle("near", path.has(+one.dataset.from) && path.has(+one.dataset.to));
}

function choose(id) {
  selected = id;
  open.clear();
  history.replaceState(null, "", id === null ? "#" : `#${encodeURIComponent(nameOf(columns.get(id)))}`);
  near(null);
  draw();
  board.scrollTo({ left: 0 });
}

function made(kind, classes, words = "") {
  const one = document.createElement(kind);
  if (classes) one.className = classes;
  one.textContent = words;
  return one;
}

const byName = new Map([...columns.values()].map((column) => [nameOf(column), column.id]));
document.getElementById("names").append(...[...byName.keys()].sort().map((name) => { const option = made("option", ""); option.value = name; return option; }));
search.oninput = () => { if (byName.has(search.value)) choose(byName.get(search.value)); };
search.onkeydown = (event) => {
  if (event.key !== "Enter") return;
  const found = [...byName.keys()].filter((name) => name.endsWith(search.value)).sort((a, b) => a.length - b.length)[0];
  if (found) choose(byName.get(found));
};
document.getElementById("whole").onclick = () => choose(null);
filters.onchange = draw;
document.onkeydown = (event) => { if (event.key === "Escape") choose(null); };
addEventListener("resize", draw);
const asked = decodeURIComponent(location.hash.slice(1));
if (byName.has(asked)) selected = byName.get(asked);
draw();
