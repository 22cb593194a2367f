// The page: draws the graph that Python wrote beside it, folds modules, and walks through it step by step.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const nodes = new Map(data.nodes.map((node) => [node.id, node]));
const boxes = new Map(data.boxes.map((box) => [box.path, box]));
const folded = new Set(data.folded);
const steps = [
  ...data.order.map((node) => ({ phase: "forward", node })),
  ...data.steps.map((step) => ({ phase: "backward", ...step })),
];
const computed = new Map(steps.map((step, i) => [`${step.phase} ${step.node}`, i]));
let at = -1; // the step that is shown, -1 for all of it
let chosen = null; // a node or a box, by id or path
let hits = [], hit = -1;
let view = { x: 0, y: 0, k: 1 };
let timer = null;

// --- the graph as it is folded now ------------------------------------------------------------------------------------

const parents = (path) => { // the boxes around a box and itself, outermost first
  const chain = [];
  for (let box = boxes.get(path); box; box = boxes.get(box.parent)) chain.unshift(box.path);
  return chain;
};
const shownAs = (id) => {
  const closed = parents(nodes.get(id).box).find((path) => folded.has(path));
  return closed === undefined ? id : closed;
};

function tree() {
  const root = { id: "", items: [] }, made = new Map([["", root]]);
  const boxFor = (path) => {
    if (!made.has(path)) {
      const item = { id: path, box: true };
      if (!folded.has(path)) item.items = [];
      made.set(path, item);
      boxFor(boxes.get(path).parent).items.push(item);
    }
    return made.get(path);
  };
  for (const node of data.nodes) {
    const place = shownAs(node.id);
    if (place !== node.id) boxFor(place);
    else boxFor(node.box).items.push({ id: node.id });
  }
  return root;
}

function edgesNow() {
  const found = new Map();
  for (const edge of data.edges) {
    const from = shownAs(edge.from), to = shownAs(edge.to);
    const key = `${from}\n${to}`;
    if (from === to) continue;
    if (!found.has(key)) found.set(key, { from, to, still: true, of: [] });
    const one = found.get(key);
    one.still &&= !edge.flows;
    one.of.push(edge);
  }
  return [...found.values()];
}

const ruler = document.createElement("canvas").getContext("2d");
ruler.font = "12px system-ui, 'DejaVu Sans', sans-serif";
const linesOf = (item) => {
  if (!item.box) return nodes.get(item.id).lines;
  const box = boxes.get(item.id);
  const inside = insideOf(item.id), sum = (name) => inside.reduce((all, node) => all + node[name], 0);
  const count = sum("parameters") ? `${sum("parameters").toLocaleString("en")} parameters` : `${inside.length} nodes`;
  return [`▸ ${box.label}`, ...(box.kind && box.kind !== box.label ? [box.kind] : []), count];
};
const insideOf = (path) => data.nodes.filter((node) => parents(node.box).includes(path));
const size = (item) => {
  if (item.id === "") return [0, 0];
  const lines = item.items ? [`▾ ${boxes.get(item.id).label}`, boxes.get(item.id).kind] : linesOf(item);
  return [Math.max(...lines.map((line) => ruler.measureText(line).width)) + 24, lines.length * 15 + 12];
};

// --- drawing ----------------------------------------------------------------------------------------------------------

const svg = $("graph");
const make = (name, attributes = {}, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};
let stage, shapes, wires, extent;

function draw() {
  const root = tree();
  const items = new Map();
  const note = (box) => box.items.forEach((item) => { items.set(item.id, item); if (item.items) note(item); });
  note(root);
  const routes = layOut(root, edgesNow(), size);
  extent = [root.w, root.h];
  shapes = new Map();
  wires = [];
  stage = make("g");
  const arrow = make("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" },
    make("path", { d: "M0 0 L8 4 L0 8 z" }));
  svg.replaceChildren(make("defs", {}, arrow), stage);
  const drawAll = (box) => box.items.forEach((item) => { if (item.items) { drawBox(item); drawAll(item); } });
  drawAll(root);
  for (const route of routes) wires.push(drawEdge(route, items));
  const drawNodes = (box) => box.items.forEach((item) => (item.items ? drawNodes(item) : drawNode(item)));
  drawNodes(root);
  paint();
  move();
}

function pressable(element, label, act) {
  element.setAttribute("tabindex", "0");
  element.setAttribute("role", "button");
  element.setAttribute("aria-label", label);
  element.addEventListener("click", act);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(event); }
  });
  return element;
}

function drawBox(item) {
  const box = boxes.get(item.id);
  const group = make("g", { class: "box" }, make("rect", { x: item.x, y: item.y, width: item.w, height: item.h, rx: 8 }));
  const header = make("g", { class: "toggle", "data-box": item.id, "aria-expanded": "true" },
    make("rect", { x: item.x, y: item.y, width: item.w, height: 30, rx: 8 }),
    make("text", { x: item.x + 8, y: item.y + 14 }, `▾ ${box.label}`));
  if (box.kind && box.kind !== box.label) header.append(make("text", { x: item.x + 19, y: item.y + 27 }, box.kind));
  pressable(header, `Fold ${box.label}`, () => toggle(item.id));
  group.append(header);
  stage.append(group);
}

function drawNode(item) {
  const node = nodes.get(item.id);
  const kind = item.box ? "folded" : node.kind;
  const group = make("g", { class: `node ${kind}`, "data-id": item.id },
    make("rect", { x: item.x, y: item.y, width: item.w, height: item.h, rx: kind === "parameter" ? 1 : 7 }));
  const lines = linesOf(item);
  lines.forEach((line, i) => group.append(
    make("text", { x: item.x + item.w / 2, y: item.y + 18 + 15 * i, "text-anchor": "middle" }, line)));
  if (item.box) {
    group.setAttribute("aria-expanded", "false");
    pressable(group, `Unfold ${lines.join(", ")}`, (event) => (event.shiftKey ? choose(item.id) : toggle(item.id)));
  } else {
    if (broken(node.values) || broken(node.grad)) group.classList.add("nan");
    pressable(group, `${node.kind}: ${lines.join(", ")}`, () => choose(item.id));
  }
  shapes.set(item.id, { group, item });
  stage.append(group);
}

function drawEdge({ edge, bends }, items) {
  const from = items.get(edge.from), to = items.get(edge.to);
  const middle = (item) => item.x + item.w / 2;
  let path = `M${middle(from)} ${from.y + from.h}`, [x, y] = [middle(from), from.y + from.h];
  for (const next of [...bends, { ...to, y: to.y - 1, h: 0 }]) {
    const half = Math.max(12, (next.y - y) / 2);
    path += ` C${x} ${y + half} ${middle(next)} ${next.y - half} ${middle(next)} ${next.y}${next.h ? ` v${next.h}` : ""}`;
    [x, y] = [middle(next), next.y + next.h];
  }
  const line = make("path", { d: path, class: `edge${edge.still ? " still" : ""}`, "marker-end": "url(#arrow)" });
  const shown = [...new Set(edge.of.map((each) => each.shape).filter(Boolean))];
  line.append(make("title", {}, shown.join(", ")));
  stage.append(line);
  if ((from.box || to.box) && shown.length === 1) { // nothing else says it
    stage.append(make("text", { x: middle(from) + 6, y: from.y + from.h + 14, class: "shape" }, shown[0]));
  }
  return { line, edge };
}

// --- where we are -----------------------------------------------------------------------------------------------------

function paint() {
  const step = steps[at];
  const lit = new Set();
  for (const [id, { group }] of shapes) {
    const own = boxes.has(id) ? insideOf(id).map((node) => node.id) : [id];
    const phase = step ? step.phase : "forward";
    const times = own.map((each) => computed.get(`${phase} ${each}`)).filter((time) => time !== undefined);
    const now = step !== undefined && own.includes(step.node);
    const ahead = step !== undefined && times.length > 0 && Math.min(...times) > at;
    const result = step !== undefined && phase === "forward" && own.some((each) => nodes.get(each).kind === "output") && at < data.order.length - 1;
    group.classList.toggle("now", now);
    group.classList.toggle("pending", (ahead || result) && !now);
    group.classList.toggle("hit", hits.length > 0 && own.some((each) => hits.includes(each)));
    group.classList.toggle("chosen", chosen === id);
    if (now) lit.add(id);
  }
  for (const { line, edge } of wires) {
    const into = step && (step.phase === "forward" ? lit.has(edge.to) : lit.has(edge.to) && !edge.still);
    line.classList.toggle("lit", Boolean(into));
  }
  $("slider").max = steps.length;
  $("slider").value = at + 1;
  $("where").textContent = step
    ? `${step.phase} ${at < data.order.length ? at + 1 : at - data.order.length + 1} of ${at < data.order.length ? data.order.length : data.steps.length}`
    : "all";
  tell();
}

function go(to) {
  at = Math.max(-1, Math.min(steps.length - 1, to));
  chosen = null;
  paint();
  if (at >= 0) bring(shownAs(steps[at].node));
}

function choose(id) {
  chosen = id;
  paint();
}

function toggle(path) {
  if (folded.has(path)) folded.delete(path);
  else folded.add(path);
  draw();
  const again = svg.querySelector(`[data-box="${CSS.escape(path)}"], [data-id="${CSS.escape(path)}"]`);
  if (again) again.focus({ preventScroll: true });
}

function foldAll() { data.boxes.forEach((box) => folded.add(box.path)); draw(); begin(); }
function unfoldAll() { folded.clear(); draw(); begin(); }

// --- search -----------------------------------------------------------------------------------------------------------

function search() {
  const text = $("search").value.trim().toLowerCase();
  hits = text ? data.nodes.filter((node) => [...node.lines, node.scope, node.kind, node.source].join(" ").toLowerCase().includes(text)).map((node) => node.id) : [];
  hit = -1;
  $("found").textContent = text ? `${hits.length} found` : "";
  paint();
  if (hits.length) bring(shownAs(hits[0]));
}

function nextHit() {
  if (!hits.length) return;
  hit = (hit + 1) % hits.length;
  $("found").textContent = `${hit + 1} of ${hits.length}`;
  reveal(hits[hit]);
  choose(hits[hit]);
}

function reveal(id) { // open what is folded around it, and go there
  const closed = parents(nodes.get(id).box).filter((path) => folded.has(path));
  closed.forEach((path) => folded.delete(path));
  if (closed.length) draw();
  bring(id);
}

// --- zoom -------------------------------------------------------------------------------------------------------------

const move = () => stage.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.k})`);
function zoom(factor, x = svg.clientWidth / 2, y = svg.clientHeight / 2) {
  const k = Math.max(0.05, Math.min(8, view.k * factor));
  view = { k, x: x - (x - view.x) * (k / view.k), y: y - (y - view.y) * (k / view.k) };
  move();
}
function fit(least = 0) {
  const k = Math.max(least, Math.min(1, (svg.clientWidth - 24) / extent[0], (svg.clientHeight - 24) / extent[1]));
  view = { k, x: (svg.clientWidth - extent[0] * k) / 2, y: 12 };
  move();
}
const begin = () => fit(0.75); // large graphs begin at the top, at a size that can be read
function bring(id) { // into the window, if it is outside or too small to read
  const { item } = shapes.get(id) || {};
  if (!item) return;
  const k = Math.max(view.k, 0.6);
  const [x, y] = [item.x * view.k + view.x, item.y * view.k + view.y];
  const seen = x >= 0 && y >= 0 && x + item.w * view.k <= svg.clientWidth && y + item.h * view.k <= svg.clientHeight;
  if (seen && k === view.k) return;
  view = { k, x: svg.clientWidth / 2 - (item.x + item.w / 2) * k, y: svg.clientHeight / 2 - (item.y + item.h / 2) * k };
  move();
}

svg.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
}, { passive: false });
let drag = null;
svg.addEventListener("pointerdown", (event) => { drag = [event.clientX - view.x, event.clientY - view.y]; });
addEventListener("pointermove", (event) => {
  if (!drag) return;
  [view.x, view.y] = [event.clientX - drag[0], event.clientY - drag[1]];
  move();
});
addEventListener("pointerup", () => { drag = null; });

// --- buttons and keys -------------------------------------------------------------------------------------------------

function play() {
  if (timer) { clearInterval(timer); timer = null; }
  else timer = setInterval(() => (at + 1 < steps.length ? go(at + 1) : play()), 900);
  $("play").setAttribute("aria-pressed", String(Boolean(timer)));
}
function clear() { hits = []; $("search").value = ""; $("found").textContent = ""; go(-1); }
const deeds = {
  first: () => go(0), back: () => go(at - 1), next: () => go(at + 1), last: () => go(steps.length - 1), play, fold: foldAll, unfold: unfoldAll,
  in: () => zoom(1.25), out: () => zoom(0.8), fit: () => fit(),
};
for (const [id, deed] of Object.entries(deeds)) $(id).addEventListener("click", deed);
$("slider").addEventListener("input", () => go(Number($("slider").value) - 1));
$("search").addEventListener("input", search);
$("search").addEventListener("keydown", (event) => { if (event.key === "Enter") nextHit(); });
const keys = {
  ArrowRight: deeds.next, ArrowLeft: deeds.back, Home: deeds.first, End: deeds.last, p: play, "+": deeds.in, "=": deeds.in, "-": deeds.out, 0: deeds.fit,
  f: foldAll, u: unfoldAll, "/": () => $("search").focus(), Escape: clear,
};
addEventListener("keydown", (event) => {
  const typing = event.target.matches("input[type=search]");
  if (event.ctrlKey || event.metaKey || event.altKey || (typing && event.key !== "Escape")) return;
  if (event.target.matches("input[type=range]") && event.key.startsWith("Arrow")) return;
  const deed = keys[event.key] || keys[event.key.toLowerCase()];
  if (deed) { event.preventDefault(); deed(); }
});
addEventListener("resize", begin);

draw();
begin();
