// Two numbers that steer a point in space, and gradient descent from them: see SteeredPoint.
(space, { P, center, target, rate, steps, low, high, frame, looks, text, alts }) => {
  const lift = (t) => P.map((row, k) => space.dot(row, t) - center[k]); // as drawn
  const left = (t) => lift(t).map((x, k) => x - target[k]); // to the least loss
  const gradient = (t) => [0, 1].map((j) => space.dot(P.map((row) => row[j]), left(t)));
  const far = (t) => Math.hypot(...left(t));
  const formula = (view, [t, turn]) => {
    const path = [t];
    for (let k = 0; k < steps; k++) {
      const slope = gradient(path[k]);
      path.push(path[k].map((x, j) => x - rate * slope[j]));
    }
    const [plane, room] = view.querySelectorAll(".idlib-moves");
    const things = (at) => [["path", path.map(at)], ["step", path.map(at)],
      ["start", [at([0, 0])]], ["now", [at(t)]]];
    space.draw(plane, [0, 0], things((p) => [0, ...p]), looks); // seen from the front
    const gap = ["gap", [lift(path[steps]), target]];
    space.draw(room, turn, [...frame, gap, ["target", [target]], ...things(lift)], looks);
    const words = { two: t, three: P.map((row) => space.dot(row, t)), now: [far(t)], end: [far(path[steps])], turn };
    const say = (line) => line.replace(/{(\w+)}/g, (_, name) => words[name].map((x) => (
      x.toFixed(name === "turn" ? 0 : 2).replace(/^-(0(\.0+)?)$/, "$1"))).join(", "));
    view.querySelector(".idlib-say").innerHTML = say(text);
    view.querySelectorAll("svg[role=img]").forEach((svg, k) => { svg.ariaLabel = say(alts[k]); });
  };
  formula.move = (i, now, right, up) => i === 0
    ? [now[0][0] + right, now[0][1] + up].map((x) => Math.min(high, Math.max(low, x)))
    : [now[1][0] - 60 * right, Math.min(90, Math.max(-90, now[1][1] - 60 * up))];
  return formula;
}
