// A curve drawn by hand: press and drag, or arrow keys on its points.
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [480, 300, 68, 24, 12, 46];

function render({ model, el }) {
  const { x: xs, x_label, y: [low, high], y_label, log } = model.get("axes");
  const make = (tag, attributes = {}, text = "") => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    return element;
  };
  const [width, height] = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
  const scale = log ? Math.log : (y) => y;
  const share = (y) => (scale(y) - scale(low)) / (scale(high) - scale(low));
  const back = (s) => (log ? low * (high / low) ** s : low + s * (high - low));
  const across = (x) => LEFT + (width * Math.log(x / xs[0])) / Math.log(xs.at(-1) / xs[0]);
  const down = (y) => TOP + height * (1 - share(y));
  const said = (y) => (log || high > 10 ? Math.round(y).toLocaleString("en") : y.toFixed(2));
  const ticks = () => {
    if (!log) return [0, 1, 2, 3, 4, 5].map((k) => low + (k / 5) * (high - low));
    const first = Math.ceil(Math.log10(low)), last = Math.floor(Math.log10(high));
    return Array.from({ length: last - first + 1 }, (_, k) => 10 ** (first + k));
  };

  const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group",
    "aria-label": `Draw ${y_label} against ${x_label}: drag, or use arrow keys` });
  for (const y of ticks()) {
    svg.append(make("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: down(y), y2: down(y) }));
    const text = log ? said(y) : +y.toFixed(2);
    svg.append(make("text", { x: LEFT - 11, y: down(y) + 4, "text-anchor": "end" }, text));
  }
  let free = 0; // where the next label fits
  xs.forEach((x) => {
    svg.append(make("line", { class: "grid", x1: across(x), x2: across(x), y1: TOP, y2: TOP + height }));
    const text = x.toLocaleString("en"), half = 4 * text.length;
    if (across(x) - half < free) return;
    free = across(x) + half + 6;
    svg.append(make("text", { x: across(x), y: TOP + height + 17,
      "text-anchor": "middle" }, text));
  });
  svg.append(make("rect", { class: "frame", x: LEFT, y: TOP, width, height }));
  svg.append(make("text", { x: LEFT + width / 2, y: HEIGHT - 8, "text-anchor": "middle" }, x_label));
  svg.append(make("text", { x: LEFT + 6, y: TOP + 16 }, y_label));
  const line = make("polyline", { class: "drawn" });
  const points = xs.map((x, i) => make("circle", { role: "slider", r: 6, cx: across(x),
    tabindex: i ? -1 : 0, "aria-label": `${y_label} at ${x_label} ${x.toLocaleString("en")}`,
    "aria-valuemin": low, "aria-valuemax": high, "data-lm-suppress-shortcuts": "true" }));
  svg.append(line, ...points);
  el.classList.add("idlib-curve");
  el.replaceChildren(svg);

  let values = [...model.get("value")];
  const show = () => {
    points.forEach((point, i) => {
      const y = values[i] ?? back(0.5);
      point.setAttribute("cy", down(y));
      point.classList.toggle("empty", values[i] === null);
      point.setAttribute("aria-valuenow", y);
      point.setAttribute("aria-valuetext", values[i] === null ? "not drawn yet" : said(y));
    });
    const drawn = xs.map((x, i) => [x, values[i]]).filter(([, y]) => y !== null);
    line.setAttribute("points", drawn.map(([x, y]) => `${across(x)},${down(y)}`).join(" "));
    el.classList.toggle("disabled", model.get("disabled"));
  };
  const keep = () => {
    model.set("value", [...values]);
    model.save_changes();
  };

  let last = null; // place and height where the pointer was
  const draw = (event) => {
    const box = svg.getBoundingClientRect(), unit = WIDTH / box.width;
    const x = (event.clientX - box.left) * unit, y = (event.clientY - box.top) * unit;
    const height_ = Math.min(1, Math.max(0, 1 - (y - TOP) / height));
    const far = xs.map((value) => Math.abs(across(value) - x));
    const place = far.indexOf(Math.min(...far));
    const from = last ?? { place, height: height_ };
    const step = Math.sign(place - from.place) || 1;
    for (let i = from.place; i !== place + step; i += step) { // also what a quick pointer jumps over
      const part = place === from.place ? 1 : (i - from.place) / (place - from.place);
      values[i] = back(from.height + part * (height_ - from.height));
    }
    last = { place, height: height_ };
    show();
  };
  svg.addEventListener("pointerdown", (event) => {
    if (event.button || model.get("disabled")) return;
    svg.setPointerCapture(event.pointerId);
    last = null;
    draw(event);
  });
  svg.addEventListener("pointermove", (event) => {
    if (svg.hasPointerCapture(event.pointerId)) draw(event);
  });
  svg.addEventListener("pointerup", keep);

  const STEPS = { ArrowUp: 0.02, ArrowDown: -0.02, PageUp: 0.1, PageDown: -0.1 };
  svg.addEventListener("keydown", (event) => {
    const i = points.indexOf(event.target);
    const to = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: xs.length - 1 }[event.key];
    if (i < 0 || (!(event.key in STEPS) && to === undefined)) return;
    event.preventDefault();
    event.stopPropagation();
    if (points[to]) {
      points[i].setAttribute("tabindex", -1);
      points[to].setAttribute("tabindex", 0);
      points[to].focus();
    } else if (event.key in STEPS) {
      const near = values[i] ?? values[i - 1] ?? values[i + 1] ?? back(0.5);
      values[i] = back(Math.min(1, Math.max(0, share(near) + STEPS[event.key])));
      show();
      keep();
    }
  });
  model.on("change:disabled", show);
  model.on("change:value", () => { values = [...model.get("value")]; show(); });
  show();
}

export default { render };
