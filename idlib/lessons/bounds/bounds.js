// The bounds of recorded files, worked out and drawn in the browser: see bound_of and mark_bound.
(data) => (view, [model, d, bits, m, delta]) => {
  const examples = data.m[m];
  const nats = Math.log(1 / data.delta[delta]);
  const term = (q, p) => (q ? q * Math.log(q / p) : 0);
  const chernoff = (error, budget) => { // the largest p with kl(error, p) <= budget
    let [low, high] = [error, 1];
    for (let k = 0; k < 60; k++) {
      const p = (low + high) / 2;
      if (p < 1 && term(error, p) + term(1 - error, 1 - p) <= budget) low = p;
      else high = p;
    }
    return low;
  };
  const bound = ([file, error, test, head]) => {
    const budget = file * Math.LN2 + nats;
    const added = Math.sqrt(budget / (2 * examples));
    const kl = chernoff(error, budget / examples);
    return { file, error, test, head, added, kl, hoeffding: error + added };
  };
  const bounds = data.files[model].map((byBits) => bound(byBits[bits]));
  const root = Math.sqrt(data.d[d] / examples);
  const chosen = { ...bounds[d], root, d: data.d[d], m: examples, all: data.m.at(-1), twice: 2 * examples,
    body: bounds[d].file - bounds[d].head, inverse: Math.exp(nats), price: nats / Math.LN2 };

  const [left, right] = [...view.querySelectorAll(".idlib-moves")].map((group) => {
    const [x0, xs, y0, ys, ...box] = group.dataset.axes.split(" ").map(Number);
    const [x, y, width, height] = box;
    const clip = `x="${x}" y="${y}" width="${width}" height="${height}" viewBox="${box.join(" ")}"`;
    return { group, clip, x: (v) => x0 + v * xs, y: (v) => y0 + v * ys, top: y, bottom: y + height };
  });
  const line = ({ value, color, mark, dash }) => {
    const points = bounds.map((b, k) => [left.x(Math.log10(data.d[k])), left.y(Math.log10(b[value]))]);
    const dots = points.map(([x, y]) => `M${x} ${y}${mark}`).join("");
    return `<path d="M${points.join("L")}" fill="none" stroke="${color}" stroke-width="1.5"
      stroke-dasharray="${dash}"/><path d="${dots}" fill="${color}"/>`;
  };
  const x = left.x(Math.log10(chosen.d));
  left.group.innerHTML = `<svg ${left.clip}>${data.lines.map(line).join("")}</svg>
    <path d="M${x} ${left.top}V${left.bottom}" stroke="${data.grey}" stroke-width="1.2"/>`;
  const bar = ({ row, from, to, color }) => {
    const [start, end] = [from, to].map((name) => right.x(chosen[name] ?? 0));
    return `<rect x="${start}" y="${right.y(row - 0.275)}" width="${end - start}"
      height="${right.y(0.55) - right.y(0)}" fill="${color}"/>`;
  };
  const number = ({ row, to, most }) => most ? `<text x="${right.x(Math.min(chosen[to], most)) + 4}"
    y="${right.y(row) + 3.5}" style="font-size:9px">${chosen[to].toFixed(3)}</text>` : "";
  right.group.innerHTML =
    `<svg ${right.clip}>${data.bars.map(bar).join("")}</svg>${data.bars.map(number).join("")}`;

  const fill = (text) => text.replace(/{(\w+):,\.(\d)f}/g, (_, name, digits) => (
    +chosen[name].toFixed(digits) // rounded as in Python
  ).toLocaleString("en", { minimumFractionDigits: +digits, maximumFractionDigits: +digits }));
  view.querySelectorAll("svg[role=img]").forEach((svg, k) => { svg.ariaLabel = fill(data.alts[k]); });
  const verdict = data.verdicts[chosen.hoeffding < 1 ? 0 : 1];
  const supposed = m === data.m.length - 1 ? "" : data.supposed;
  view.querySelector(".idlib-say").innerHTML = fill(data.text.replace("VERDICT", verdict) + supposed);
}
