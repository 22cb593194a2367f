// Where everything lies: boxes hold items, items lie in layers from top to bottom, long edges are led between them.
// (Sugiyama's method: layers by the longest way, order by barycentres, places by the mean of the neighbours.)
"use strict";

const GAP = 18, RANK = 34, PAD = 12, HEAD = 34, LANE = 10;

function layOut(tree, edges, size) {
  const inside = new Map(); // item -> chain of boxes around it, outermost first
  const walk = (box, chain) => box.items.forEach((item) => {
    inside.set(item.id, [...chain, item]);
    if (item.items) walk(item, [...chain, item]);
  });
  walk(tree, []);
  const between = new Map(); // box -> edges between its items, and between an item and the box's rim
  const add = (box, route) => {
    if (!between.has(box)) between.set(box, []);
    between.get(box).push(route);
    return route;
  };
  const routes = edges.map((edge) => {
    const from = inside.get(edge.from), to = inside.get(edge.to);
    let level = 0;
    while (from[level] === to[level]) level += 1;
    const parts = [];
    for (let i = from.length - 1; i > level; i -= 1) parts.push(add(from[i - 1], { from: from[i], to: null, bends: [] }));
    parts.push(add(level ? from[level - 1] : tree, { from: from[level], to: to[level], bends: [] }));
    for (let i = level + 1; i < to.length; i += 1) parts.push(add(to[i - 1], { from: null, to: to[i], bends: [] }));
    return { edge, parts };
  });
  place(tree, between, size);
  absolute(tree, 0, 0, between);
  return routes.map(({ edge, parts }) => ({ edge, bends: parts.flatMap((part) => part.bends) }));
}

function place(box, between, size) {
  for (const item of box.items) {
    if (item.items) place(item, between, size);
    else [item.w, item.h] = size(item);
  }
  const routes = between.get(box) || [];
  const rank = ranks(box.items, routes.filter(({ from, to }) => from && to));
  const layers = [];
  box.items.forEach((item) => (layers[rank.get(item)] ||= []).push(item));
  const links = []; // between neighbours in layers, by way of lanes
  for (const { from, to, bends } of routes) {
    let before = from;
    const start = from ? rank.get(from) : -1, end = to ? rank.get(to) : layers.length;
    for (let at = start + 1; at < end; at += 1) {
      const lane = { w: LANE, h: 0, lane: true };
      layers[at].push(lane);
      bends.push(lane);
      if (before) links.push([before, lane]);
      before = lane;
    }
    if (before && to && start < end) links.push([before, to]);
  }
  order(layers, links);
  let y = box.id === "" ? 0 : HEAD;
  for (const layer of layers) {
    const height = Math.max(...layer.map((item) => item.h));
    for (const item of layer) if (item.lane) item.h = height;
    for (const item of layer) item.y = y + (height - item.h) / 2;
    y += height + RANK;
  }
  spread(layers, links);
  const all = layers.flat();
  const left = Math.min(0, ...all.map((item) => item.x));
  for (const item of all) item.x += (box.id === "" ? 0 : PAD) - left;
  box.w = Math.max(size(box)[0], ...all.map((item) => item.x + item.w + PAD));
  box.h = y - RANK + PAD;
}

function ranks(items, routes) {
  const rank = new Map(items.map((item) => [item, 0]));
  const waiting = new Map(items.map((item) => [item, 0]));
  const after = new Map(items.map((item) => [item, []]));
  for (const { from, to } of routes) {
    waiting.set(to, waiting.get(to) + 1);
    after.get(from).push(to);
  }
  const fed = new Set(routes.map(({ to }) => to));
  const rest = new Set(items);
  const ready = items.filter((item) => !waiting.get(item));
  while (rest.size) {
    const item = ready.length ? ready.pop() : rest.values().next().value; // the latter cuts a cycle
    if (!rest.delete(item)) continue;
    for (const to of after.get(item)) {
      if (!rest.has(to)) continue;
      rank.set(to, Math.max(rank.get(to), rank.get(item) + 1));
      waiting.set(to, waiting.get(to) - 1);
      if (!waiting.get(to)) ready.push(to);
    }
  }
  for (const item of items) { // what only feeds others moves down to where it is used
    if (fed.has(item) || !after.get(item).length) continue;
    rank.set(item, Math.max(0, after.get(item).reduce((least, to) => Math.min(least, rank.get(to)), Infinity) - 1));
  }
  const used = [...new Set(rank.values())].sort((a, b) => a - b);
  const place = new Map(used.map((r, i) => [r, i]));
  for (const [item, r] of rank) rank.set(item, place.get(r));
  return rank;
}

function order(layers, links) {
  const above = neighbours(links, 1), below = neighbours(links, 0);
  layers.forEach((layer) => layer.forEach((item, i) => (item.at = i)));
  for (let sweep = 0; sweep < 6; sweep += 1) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : [...layers].reverse()) {
      const near = down ? above : below;
      for (const item of layer) {
        const places = (near.get(item) || []).map((other) => other.at);
        item.key = places.length ? places.reduce((a, b) => a + b) / places.length : item.at;
      }
      layer.sort((a, b) => a.key - b.key).forEach((item, i) => (item.at = i));
    }
  }
}

function spread(layers, links) {
  const above = neighbours(links, 1), below = neighbours(links, 0);
  for (const layer of layers) {
    let x = 0;
    for (const item of layer) { item.x = x; x += item.w + GAP; }
  }
  const centre = (item) => item.x + item.w / 2;
  for (let sweep = 0; sweep < 12; sweep += 1) {
    const down = sweep % 2 === 1;
    for (const layer of down ? layers : [...layers].reverse()) {
      const near = down ? above : below;
      const wanted = layer.map((item) => {
        const places = (near.get(item) || []).map(centre);
        return (places.length ? places.reduce((a, b) => a + b) / places.length : centre(item)) - item.w / 2;
      });
      // Twice pushed apart, from either side, and the mean of both: orders stay, nothing overlaps.
      const right = [], left = [];
      layer.forEach((item, i) => {
        right[i] = i ? Math.max(wanted[i], right[i - 1] + layer[i - 1].w + GAP) : wanted[i];
      });
      for (let i = layer.length - 1; i >= 0; i -= 1) {
        left[i] = i + 1 < layer.length ? Math.min(wanted[i], left[i + 1] - layer[i].w - GAP) : wanted[i];
      }
      layer.forEach((item, i) => (item.x = (left[i] + right[i]) / 2));
    }
  }
}

function neighbours(links, side) {
  const found = new Map();
  for (const link of links) {
    const item = link[side];
    if (!found.has(item)) found.set(item, []);
    found.get(item).push(link[1 - side]);
  }
  return found;
}

function absolute(box, dx, dy, between) {
  for (const { bends } of between.get(box) || []) for (const lane of bends) { lane.x += dx; lane.y += dy; }
  for (const item of box.items) {
    item.x += dx;
    item.y += dy;
    if (item.items) absolute(item, item.x, item.y, between);
  }
}
