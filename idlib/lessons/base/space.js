// Things in space, seen from a direction, as parts of an SVG: see idlib.lessons.base.space.
(() => {
  const dot = (u, v) => u.reduce((sum, x, k) => sum + x * v[k], 0);
  const frame = ([azimuth, elevation]) => {
    const [a, e] = [azimuth, elevation].map((angle) => angle * Math.PI / 180);
    const up = [-Math.cos(a) * Math.sin(e), -Math.sin(a) * Math.sin(e), Math.cos(e)];
    return [[-Math.sin(a), Math.cos(a), 0], up]; // what is to the right, and up, on the screen
  };
  const draw = (group, turn, things, looks) => {
    const [x0, xs, y0, ys, ...box] = group.dataset.axes.split(" ").map(Number);
    const [right, up] = frame(turn);
    const at = (p) => [x0 + xs * dot(p, right), y0 + ys * dot(p, up)].map((v) => v.toFixed(2));
    const parts = things.map(([look, points, text]) => {
      const { mark, style } = looks[look];
      if (text) return `<text x="${at(points)[0]}" y="${at(points)[1]}" ${style}>${text}</text>`;
      const start = mark ? points.map((p) => `M${at(p)}${mark}`).join("") : `M${points.map(at).join("L")}`;
      return `<path class="idlib-${look}" d="${start}" ${style}/>`;
    });
    const [x, y, width, height] = box;
    group.innerHTML = `<svg x="${x}" y="${y}" width="${width}" height="${height}"
      viewBox="${box.join(" ")}">${parts.join("")}</svg>`;
  };
  return { dot, draw, frame };
})()
