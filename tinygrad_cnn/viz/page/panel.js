// The panel beside the graph: what a node, a module or a step is, with its numbers.
"use strict";

const element = (name, text, attributes = {}) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};
const broken = (numbers) => numbers && (numbers.nans || numbers.infinities);
const digits = (x) => (typeof x === "number" ? String(Number(x.toPrecision(4))) : String(x)).replace("-", "−");

function numbersIn(title, numbers) {
  if (!numbers) return [];
  const made = [element("h3", `${title} ${shapeText(numbers.shape)}`)];
  if (numbers.values !== null) made.push(element("div", listed(numbers.values), { class: "numbers" }));
  const words = [];
  if (numbers.low !== null && numbers.shape.length) {
    words.push(`min ${digits(numbers.low)}, mean ${digits(numbers.mean)}, max ${digits(numbers.high)}, norm ${digits(numbers.norm)}`);
  }
  if (words.length) made.push(element("div", words.join("; ")));
  if (broken(numbers)) made.push(element("div", `${numbers.nans} NaN, ${numbers.infinities} infinite`, { class: "broken" }));
  return made;
}
const shapeText = (shape) => (shape ? `(${shape.join(", ")}${shape.length === 1 ? "," : ""})` : "");
function listed(values, indent = "") {
  if (!Array.isArray(values)) return digits(values);
  if (!values.some(Array.isArray)) return `[${values.map(digits).join("  ")}]`;
  return `[${values.map((part) => listed(part, `${indent} `)).join(`\n${indent} `)}]`;
}

function link(id) {
  const made = element("a", nodes.get(id).lines[0], { href: "#" });
  made.addEventListener("click", (event) => { event.preventDefault(); reveal(id); choose(id); });
  return made;
}

function tell() {
  const step = steps[at];
  const panel = $("panel");
  if (chosen !== null) panel.replaceChildren(...(nodes.has(chosen) ? about(nodes.get(chosen)) : aboutBox(boxes.get(chosen))));
  else if (step && step.phase === "forward") panel.replaceChildren(...forward(nodes.get(step.node)));
  else if (step) panel.replaceChildren(...backward(step));
  else panel.replaceChildren(...welcome());
  panel.scrollTop = 0;
}

function welcome() {
  const keys = element("dl");
  for (const [key, what] of [["← →", "one step back, on"], ["Home End", "to the start, to the end"], ["P", "play, pause"], ["+ − 0", "larger, smaller, all of it"],
    ["/", "search; Enter goes to the next"], ["F U", "fold, unfold all modules"], ["Tab, Enter", "to a node or module, open it"], ["Esc", "back to all of it"]]) {
    keys.append(element("dt", key), element("dd", what));
  }
  const count = `${data.order.length} operations` + (data.steps.length ? `, ${data.steps.length} steps back` : "");
  return [element("h2", data.title), element("p", count), ...data.notes.map((note) => element("p", note)), keys];
}

function forward(node) {
  const made = [element("h2", `Forward: ${node.lines[0]}`)];
  if (node.formula) made.push(element("p", node.formula));
  for (const edge of data.edges.filter((each) => each.to === node.id)) {
    const source = nodes.get(edge.from);
    const title = element("h3", "from ");
    title.append(link(edge.from), ` ${shapeText(edge.shapeList)}`);
    made.push(title, ...numbersIn("", source.values).slice(1));
  }
  return [...made, ...numbersIn("gives", node.values), facts(node)];
}

function backward(step) {
  const node = nodes.get(step.node);
  const made = [element("h2", `Backward: ${node.lines[0]}`), ...numbersIn("g, the gradient that arrived,", step.arrived)];
  for (const [to, name, share] of step.shares) {
    const rule = node.rules.find((each) => each.input === name) || node.rules[0];
    const title = element("h3");
    title.append(element("code", rule ? (rule.input ? `∂${name} = ${rule.text}` : `∂${name} from ${rule.text}`) : `∂${name}`), " → ", link(to));
    made.push(title, ...numbersIn("", share).slice(1));
    if (rule && rule.source) made.push(source(rule.source));
  }
  return [...made, facts(node)];
}

function source(text) {
  const made = element("details");
  made.append(element("summary", "the rule's source"), element("pre", text));
  return made;
}

function about(node) {
  const made = [element("h2", node.lines[0]), facts(node)];
  if (node.formula) made.splice(1, 0, element("p", node.formula));
  if (node.rules.length) made.push(element("h3", "gradient rules"));
  for (const rule of node.rules) {
    made.push(element("div", rule.input ? `∂${rule.input} = ${rule.text}` : rule.text, { class: "numbers" }));
    if (rule.source) made.push(source(rule.source));
  }
  made.push(...numbersIn("value", node.values), ...numbersIn("gradient", node.grad));
  for (const [title, side, other] of [["from", "to", "from"], ["to", "from", "to"]]) {
    const found = [...new Set(data.edges.filter((edge) => edge[side] === node.id).map((edge) => edge[other]))];
    if (!found.length) continue;
    const line = element("p", `${title} `);
    found.forEach((id, i) => line.append(i ? ", " : "", link(id)));
    made.push(line);
  }
  return made;
}

function aboutBox(box) {
  const inside = insideOf(box.path);
  const list = element("p");
  inside.forEach((node, i) => list.append(i ? ", " : "", link(node.id)));
  return [element("h2", box.label), element("p", box.kind), list];
}

function facts(node) {
  const made = element("dl");
  const add = (name, value) => { if (value) made.append(element("dt", name), element("dd", value)); };
  add("kind", node.kind);
  add("module", node.scope);
  add("note", node.detail);
  add("shape", shapeText(node.shape));
  add("dtype", node.dtype);
  add("with", node.params.join(", "));
  add("parameters", node.parameters && node.parameters.toLocaleString("en"));
  add("MACs", node.macs && node.macs.toLocaleString("en"));
  add("saved", node.saved.map((one) => `${one.name} ${shapeText(one.shape)} ${one.freed ? "freed" : `${one.nbytes.toLocaleString("en")} B`}`).join("; "));
  add("time", [node.seconds !== null && `${(node.seconds * 1e6).toFixed(1)} µs`, node.backward_seconds !== null && `backward ${(node.backward_seconds * 1e6).toFixed(1)} µs`].filter(Boolean).join(", "));
  add("line", node.source);
  return made;
}
