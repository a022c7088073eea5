// The page of the playground: controls, pictures, and the search for d90; the worker does the rest.
addEventListener("DOMContentLoaded", () => {
  "use strict";
  if (!document.getElementById("playground")) return;
  const math = playgroundMath(), at = (name) => document.getElementById(`pg-${name}`);
  const COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"];
  const SHAPES = ["M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0", "M-4.5-4.5h9v9h-9z", "M0-6 6 5H-6z",
    "M0-6 6 0 0 6-6 0z", "M0 6 6-5H-6z"];
  const PLAY = "M7 4v16l13-8z", PAUSE = "M6 4h4v16H6zM14 4h4v16h-4z";
  const [LEFT, RIGHT, TOP, BOTTOM] = [44, 14, 8, 36]; // margins of a chart, pixels
  const SHOWN = 48, FULL_RATE = 0.003; // test digits; the full network's automatic rate
  const percent = (share) => `${(100 * share).toFixed(1)} %`, whole = (n) => n.toLocaleString("en");
  const say = (name, words) => at(name).setAttribute("aria-label", words);
  const runs = [], series = [], found = []; // finished runs; the names of their kinds; d90s
  let state = "ready", searching = false, id = 0, live = null, settle = null, ds = [], D = 0;
  let digits = null, shownData = ""; // labels of the test digits that are shown; of which data

  const program = new Blob([`(${playgroundMath})().serve(self)`], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(program));

  // The kind of run that is chosen, and the runs of a kind.
  const kind = () => `${playgroundData[at("data").value].label}, ${at("depth").value} × `
    + `${at("width").value}, ${at("projection").value}`
    + (at("rate").value === "auto" ? "" : `, rate ${at("rate").value}`);
  const of = (name) => runs.filter((run) => run.name === name);
  const goalOf = (name) => 0.9 * of(name).findLast((run) => run.d === run.D)?.accuracy;
  const chosenD = () => ds[at("d").value];
  const automatic = (d) => d === D ? FULL_RATE : +(0.3 * Math.sqrt(128 / d)).toPrecision(3);
  const rateFor = (d) => at("rate").value === "auto" ? automatic(d) : +at("rate").value;

  // Trains d numbers, where d = D is the full network; without `play` only its start is shown.
  // A newer call ends an older one for good.
  function train(d, seed, rate = rateFor(d), play = true) {
    const config = { depth: +at("depth").value, width: +at("width").value, d, seed, rate,
      projection: d === D ? "none" : at("projection").value };
    live = { name: kind(), ...config, D, curve: [] };
    worker.postMessage({ id: ++id, data: at("data").value, source: playgroundData[at("data").value],
      shown: SHOWN, play, config, paused: false });
    return new Promise((resolve) => (settle = resolve));
  }
  worker.onmessage = ({ data: told }) => {
    if (told.id !== id) return;
    if (told.message) { searching = false; return void show("ready", told.message); }
    Object.assign(live, told).curve.push([told.step, told.accuracy]);
    if (told.done) {
      if (!series.includes(live.name)) series.push(live.name);
      runs.push(live);
      settle(live);
    }
    draw();
  };

  async function playOne() {
    const d = chosenD(), seed = of(kind()).filter((run) => run.d === d).length;
    show("running", `Training ${d === D ? "all" : "only"} ${whole(d)} numbers …`);
    const { accuracy } = await train(d, seed);
    show("done", `${d === D ? "All " : ""}${whole(d)} trained numbers: ${percent(accuracy)} of the `
      + "test digits are read rightly. Move d and play again.");
  }

  // As idlib: the full network first; from d = 128 in steps that double until 90 % of it is
  // bracketed, then halves of what is left. Runs that were made count.
  async function findD90() {
    const name = kind(), seed = found.filter((one) => one.name === name).length;
    const scored = async (d, rate = d === D ? FULL_RATE : rateFor(d)) => {
      at("d").value = ds.indexOf(d);
      describe();
      return of(name).find((r) => r.d === d && r.seed === seed && r.rate === rate)
        ?? train(d, seed, rate);
    };
    searching = true;
    show("running", `Looking for d90: first the full network, all ${whole(D)} numbers …`);
    const { accuracy: best } = await scored(D), goal = 0.9 * best;
    const search = math.bisect(math.nearest(ds, 128), 4, ds.length);
    let step = search.next();
    for (; !step.done; step = search.next(live.accuracy >= goal)) {
      show("running", `The full network reads ${percent(best)}, so the goal is ${percent(goal)}. `
        + `Trying d = ${whole(ds[step.value])} …`);
      live = await scored(ds[step.value]);
    }
    const d = ds[step.value];
    found.push({ name, d });
    live = await scored(d);
    searching = false;
    draw();
    show("done", `d90 = ${whole(d)}: so many trained numbers reach ${percent(goal)}, 90 % of `
      + `what all ${whole(D)} reach.`);
  }

  // After a change the untrained network is shown; one that was in training begins anew.
  function restart() {
    const again = state === "running" && !searching, before = chosenD() ?? 100;
    const { value: data } = at("data"), { side } = playgroundData[data];
    if (data !== shownData) drawDigits(shownData = data);
    ({ D } = math.network(side * side, +at("width").value, +at("depth").value));
    ds = math.lattice(D);
    at("d").max = ds.length - 1;
    at("d").value = math.nearest(ds, before);
    searching = false;
    describe();
    if (again) return playOne();
    show("ready", "Press play, or have d90 found.");
    return train(chosenD(), 0, 0, false);
  }

  function show(now, words = at("status").textContent) {
    state = now;
    const text = { ready: "Play", running: "Pause", paused: "Go on", done: "Play again" }[now];
    at("play").querySelector("path").setAttribute("d", now === "running" ? PAUSE : PLAY);
    at("play").querySelector("span").textContent = text;
    at("find").textContent = searching ? "Stop" : "Find d90";
    if (words !== at("status").textContent) at("status").textContent = words;
  }

  function describe() {
    const d = chosenD();
    at("number").textContent = whole(d);
    at("d").setAttribute("aria-valuetext", whole(d) + (d === D ? ": all of them" : ""));
    at("rate").options[0].textContent = `auto: ${automatic(d)}`;
    at("meaning").innerHTML = `This network has <b>${whole(D)}</b> numbers; ` + (d === D
      ? "<b>all</b> of them are trained, without P."
      : `only <b>${whole(d)}</b> ${d > 1 ? "are" : "is"} trained. A random matrix P spreads `
        + `${d > 1 ? "them" : "it"} over all.`);
  }

  // Axes with shares from 0 to 1 upwards, and what `marks` draws in them; sizes are read before.
  function chart(name, [width, height], place, ticks, title, alt, marks) {
    const right = width - RIGHT, x = (value) => LEFT + (right - LEFT) * place(value);
    const y = (share) => TOP + (height - TOP - BOTTOM) * (1 - share);
    const text = (words, left, up, anchor = "middle") =>
      `<text x="${left}" y="${up}" text-anchor="${anchor}">${words}</text>`;
    say(name, alt);
    at(name).setAttribute("viewBox", `0 0 ${width} ${height}`);
    at(name).innerHTML = [
      ...[0, 0.25, 0.5, 0.75, 1].map((share) => `<path class="grid" d="M${LEFT} ${y(share)}`
        + `H${right}"/>${text(`${100 * share} %`, LEFT - 6, y(share) + 4, "end")}`),
      ...ticks.map((value) => text(whole(value), x(value), y(0) + 17)),
      text(title, (LEFT + right) / 2, height - 3), ...marks(x, y, right, text)].join("");
  }
  const look = (name) => (series.includes(name) ? series.indexOf(name) : series.length) % 5;
  const line = (name, points, style) =>
    `<polyline class="${style}" stroke="${COLORS[look(name)]}" points="${points.join(" ")}"/>`;
  const mark = (name, x, y, rest = "", title = "") => `<path fill="${COLORS[look(name)]}" ${rest} `
    + `d="${SHAPES[look(name)]}" transform="translate(${x} ${y})"><title>${title}</title></path>`;

  function draw() {
    const { accuracy, step, steps, d, name } = live, goal = goalOf(name);
    const [curve, dots] = ["curve", "dots"].map((n) => [at(n).clientWidth, at(n).clientHeight]);
    at("accuracy").textContent = percent(accuracy);
    at("step").textContent = step ? `step ${step} of ${steps}` : "before the first step";
    chart("curve", curve, (s) => s / steps, [0, steps / 2, steps], "training steps",
      `Accuracy against steps, d = ${whole(d)}: ${percent(accuracy)} at step ${step} of ${steps}.`,
      (x, y, right) => [goal ? line(name, [[LEFT, y(goal)], [right, y(goal)]], "goal") : "",
        ...[...runs.slice(-12), live].map((run) => line(run.name,
          run.curve.map(([s, a]) => [x(s / run.steps * steps), y(a)]), run === live ? "" : "past")),
        mark(name, x(step), y(accuracy))]);
    drawDots(dots);
    if (digits) drawAnswers(live.answers);
    drawSlice(live.slice, step);
    drawChange(live.change, live.width);
  }

  function drawDots(box) {
    const { name } = live, goal = goalOf(name), { log } = Math;
    const end = log(1.3 * Math.max(D, ...runs.map((run) => run.d)));
    const said = (run) => `d = ${whole(run.d)}: ${percent(run.accuracy)}`;
    chart("dots", box, (d) => log(d) / end, [1, 10, 100, 1e3, 1e4, 1e5].filter((d) => log(d) < end),
      "d, trained numbers", `Accuracy against d, ${runs.length} runs. ${runs.map(said).join("; ")}`,
      (x, y, right, text) => [`<path class="now" d="M${x(live.d)} ${y(0)}V${y(1)}"/>`,
        goal ? line(name, [[LEFT, y(goal)], [right, y(goal)]], "goal")
          + text("90 % of the full network", LEFT + 4, y(goal) - 5, "start") : "",
        ...found.map((one) => line(one.name, [[x(one.d), y(0)], [x(one.d), y(1)]], "answer")
          + text(`d90 = ${whole(one.d)}`, x(one.d) + 5, y(0) - 5, "start")),
        ...runs.map((run) => mark(run.name, x(run.d), y(run.accuracy), "fill-opacity='0.8'",
          `${run.name}, ${said(run)}`)),
        live.step ? mark(name, x(live.d), y(live.accuracy), 'class="here"') : ""]);
    at("key").innerHTML = series.map((one) => `<span><svg viewBox="-6 -6 12 12" aria-hidden="true">`
      + `${mark(one, 0, 0)}</svg>${one}</span>`).join("");
    at("table").innerHTML = runs.map((run) => `<tr>${[run.name, whole(run.d), run.rate, run.seed,
      percent(run.accuracy)].map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("");
  }

  function paint(canvas, width, height, pixel) { // pixel(x, y): red, green, blue, opacity
    const image = new ImageData(width, height);
    for (let i = 0; i < width * height; i++) image.data.set(pixel(i % width, i / width | 0), 4 * i);
    Object.assign(canvas, { width, height }).getContext("2d").putImageData(image, 0, 0);
  }

  async function drawDigits(data) {
    const { side, mean, deviation } = playgroundData[data];
    const { test } = await math.decode(playgroundData[data]);
    if (data !== shownData) return;
    digits = test.labels.subarray(0, SHOWN);
    at("digits").innerHTML = "<div><canvas></canvas><span>&nbsp;</span></div>".repeat(SHOWN);
    at("digits").querySelectorAll("canvas").forEach((canvas, i) => paint(canvas, side, side,
      (x, y) => [0, 0, 0, 255 * (test.images[(i * side + y) * side + x] * deviation + mean)]));
    if (live.answers) drawAnswers(live.answers);
  }

  function drawAnswers(answers) {
    const wrong = [];
    at("digits").querySelectorAll("div").forEach((tile, i) => {
      tile.className = answers[i] === digits[i] ? "" : "wrong";
      tile.lastChild.textContent = answers[i];
      if (tile.className) wrong.push(`a ${digits[i]} as ${answers[i]}`);
    });
    say("digits", `${SHOWN - wrong.length} of ${SHOWN} test digits are read rightly`
      + `${wrong.length ? `; wrongly: ${wrong.join(", ")}` : ""}.`);
  }

  function drawSlice({ points, middle, reach, values }, step) {
    const side = Math.sqrt(values?.length ?? 1);
    if (values || !step) paint(at("slice").firstChild, side, side, (x, y) =>
      [0, 114, 178, 255 * (values?.[(side - 1 - y) * side + x] ?? 0)]);
    const spots = points.map((p) => p.map((v, k) => (k ? -1 : 1) * (v - middle[k]) / reach));
    const spot = ([x, y], r, name) => `<circle cx="${x}" cy="${y}" r="${r}" class="${name}"/>`;
    at("slice").lastChild.innerHTML = `<polyline points="${spots.join(" ")}"/>`
      + spot(spots[0], 0.04, "start") + spot(spots.at(-1), 0.06, "end");
    say("slice", `The path of theta_d in a plane, from its start to step ${step}: `
      + `${Math.hypot(...points.at(-1).map((v, k) => v - points[0][k])).toPrecision(2)} away.`);
  }

  function drawChange(change, width) { // a tile for each hidden unit, as its input image lies
    const side = Math.sqrt(change.length / width), cell = side + 1;
    const columns = Math.ceil(Math.sqrt(width)), rows = Math.ceil(width / columns);
    const most = change.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
    paint(at("change"), columns * cell - 1, rows * cell - 1, (left, up) => {
      const x = left % cell, y = up % cell, unit = (up / cell | 0) * columns + (left / cell | 0);
      if (x === side || y === side || unit >= width) return [0, 0, 0, 0];
      const value = change[(y * side + x) * width + unit] / (most || 1);
      return [...(value < 0 ? [213, 94, 0] : [0, 114, 178]), 400 * Math.abs(value)];
    });
    say("change", `What P theta_d adds to the first layer's weights, a tile for each of ${width} `
      + `units; at most ${most.toPrecision(2)}.`);
  }

  document.getElementById("playground").addEventListener("input", restart);
  at("play").addEventListener("click", () => {
    if (state === "ready" || state === "done") return playOne();
    worker.postMessage({ paused: state === "running" });
    return show(state === "running" ? "paused" : "running");
  });
  at("find").addEventListener("click", () => (searching ? restart() : findD90()));
  at("clear").addEventListener("click", () => {
    for (const list of [runs, series, found]) list.length = 0;
    restart();
  });
  new ResizeObserver(() => live.answers && draw()).observe(at("curve"));
  restart();
});
