// A line or a plane through theta_0 that is turned until it meets the solutions: see Meetings.
(space, { start, rows, wanted, reach, frame, looks, texts, alts }) => {
  const { dot } = space;
  const add = (p, ...terms) => p.map((x, k) => terms.reduce((sum, [s, v]) => sum + s * v[k], x));
  const cross = (u, v) => [0, 1, 2].map((k) => u[(k + 1) % 3] * v[(k + 2) % 3] - u[(k + 2) % 3] * v[(k + 1) % 3]);
  const unit = (v) => v.map((x) => x / Math.hypot(...v));
  const spread = (p, [u, v]) => v // a flat thing, as far as it is drawn
    ? [[1, 1], [1, -1], [-1, -1], [-1, 1], [1, 1]].map(([a, b]) => add(p, [a * reach, u], [b * reach, v]))
    : [-1, 1].map((a) => add(p, [a * reach, u]));
  const direction = (way) => {
    const [a, e] = way.map((angle) => angle * Math.PI / 180);
    return [Math.cos(e) * Math.cos(a), Math.cos(e) * Math.sin(a), Math.sin(e)];
  };
  const formula = (view, [equations, d, way, turn]) => {
    const u = direction(way);
    const P = [u, unit(cross([0, 0, 1], u))].slice(0, d + 1);
    const Q = rows[equations], missing = wanted[equations].map((r, k) => r - dot(Q[k], start));
    const A = Q.map((q) => P.map((p) => dot(q, p))); // missing = A theta_d, if there is a solution
    let t;
    if (d === 1 && equations === 1) {
      const det = A[0][0] * A[1][1] - A[0][1] * A[1][0];
      t = [missing[0] * A[1][1] - A[0][1] * missing[1], A[0][0] * missing[1] - missing[0] * A[1][0]].map((x) => x / det);
    } else if (d === 1) t = A[0].map((a) => a * missing[0] / dot(A[0], A[0]));
    else t = [dot(A.map(([a]) => a), missing) / dot(A.map(([a]) => a), A.map(([a]) => a))];
    const best = add(start, ...P.map((p, k) => [t[k], p]));
    const rest = wanted[equations].map((r, k) => r - dot(Q[k], best));
    const solved = add(best, ...Q.map((q, k) => [rest[k], q]));
    const gap = Math.hypot(...rest), far = Math.hypot(...add(best, [-1, start]));
    const met = gap < 1e-9;
    const along = equations ? [unit(cross(...Q))] : [unit(cross(Q[0], [0, 0, 1])), unit(cross(Q[0], cross(Q[0], [0, 0, 1])))];
    const origin = add([0, 0, 0], ...Q.map((q, k) => [wanted[equations][k], q]));
    space.draw(view.querySelector(".idlib-moves"), turn, [
      ...frame, ["solutions", spread(origin, along)], ["subspace", spread(start, P)],
      ["way", [start, best]], ["gap", [best, solved]], ["start", [start]],
      [met ? "met" : "missed", [best]], ["held", [add(start, [reach, u])]],
    ], looks);
    const words = { gap, far, azimuth: Math.round(turn[0]) + 0, elevation: Math.round(turn[1]) + 0 };
    const say = (line) => line.replace(/{(\w+)}/g, (_, name) => words[name].toFixed(name.length > 3 ? 0 : 2));
    view.querySelector(".idlib-say").innerHTML = say(texts[met ? 0 : 1][d]);
    view.querySelector("svg[role=img]").ariaLabel = say(alts[equations][d][met ? 0 : 1]);
  };
  formula.move = (i, now, right, up) => {
    if (i === 3) return [now[3][0] - 60 * right, Math.min(90, Math.max(-90, now[3][1] - 60 * up))];
    const [x, y] = space.frame(now[3]);
    const [a, b, c] = unit(add(direction(now[2]), [right / reach, x], [up / reach, y]));
    return [Math.atan2(b, a), Math.asin(c)].map((angle) => angle * 180 / Math.PI);
  };
  return formula;
}
