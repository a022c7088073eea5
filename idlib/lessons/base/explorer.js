// The front end of all explorers: native controls, and the view of their present values.
async (root, packed, formula) => {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const { controls, lines, views } = await new Response(stream).json();
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    element.dataset.lmSuppressShortcuts = "true"; // arrow keys are for it, not for JupyterLab
    return element;
  };
  const view = root.querySelector(".idlib-view");
  const spoken = make("p", { className: "idlib-spoken", ariaLive: "polite" });
  const panel = make("div", { className: "idlib-controls" });
  const now = controls.map((control) => control.start);
  const labels = (i, first = now[0]) => controls[i].labels[first] ?? controls[i].labels[0];
  const id = `idlib-${Math.random().toString(36).slice(2)}`;
  const handles = [];
  let speak;

  const seen = {};
  const parsed = (places) => {
    if (!seen[places]) {
      seen[places] = document.createElement("template");
      seen[places].innerHTML = views[places].map((i) => lines[i]).join("\n");
    }
    return seen[places].content;
  };

  // Changes only what differs: less to lay out, and what a screen reader looks at stays.
  const change = (old, fresh) => {
    const [there, wanted] = [old, fresh].map((node) => [...node.childNodes]);
    wanted.forEach((want, i) => {
      const is = there[i];
      if (is?.isEqualNode(want)) return;
      if (is?.nodeName !== want.nodeName || !want.attributes) {
        const copy = document.importNode(want, true);
        if (is) is.replaceWith(copy);
        else old.append(copy);
        return;
      }
      for (const { name } of [...is.attributes]) if (!want.hasAttribute(name)) is.removeAttribute(name);
      for (const { name, value } of want.attributes) {
        if (is.getAttribute(name) !== value) is.setAttribute(name, value);
      }
      change(is, want);
    });
    there.slice(wanted.length).forEach((node) => node.remove());
  };

  const show = () => {
    if (formula) formula(view, now);
    else change(view, parsed(now));
    handles.forEach((put) => put());
    clearTimeout(speak);
    speak = setTimeout(() => { // what is said of the last of several quick moves
      spoken.textContent = [...view.querySelectorAll(".idlib-say")].map((p) => p.innerText).join(" ");
    }, 700);
  };

  // The choices of a control may depend on the first one: then the nearest of the new ones is taken.
  const choose = (i, place) => {
    const numbers = controls.map((_, k) => labels(k)).map((all) => all.map((x) => +x.replaceAll(",", "")));
    const before = now.map((at, k) => numbers[k][at]);
    now[i] = place;
    if (i === 0) controls.forEach((control, k) => {
      if (control.labels.length < 2) return;
      const far = labels(k).map((x) => Math.abs(+x.replaceAll(",", "") - before[k]) || 0);
      now[k] = far.indexOf(Math.min(...far));
      fill[k]();
    });
    show();
  };

  const slider = (i) => {
    const range = make("input", { type: "range", min: 0, step: 1 });
    const chosen = make("output");
    const put = () => {
      const all = labels(i);
      Object.assign(range, { max: all.length - 1, value: now[i], ariaValueText: all[now[i]] });
      chosen.textContent = all[now[i]];
      chosen.style.minWidth = `${Math.max(...all.map((x) => x.length))}ch`;
    };
    range.addEventListener("input", () => { choose(i, range.valueAsNumber); put(); });
    const name = make("label", {}, make("span", { textContent: controls[i].label }), range);
    panel.append(make("div", { className: "idlib-slider" }, name, chosen));
    return put;
  };

  const menu = (i) => {
    const select = make("select");
    const put = () => {
      select.replaceChildren(...labels(i).map((text, value) => make("option", { text, value })));
      select.value = now[i];
    };
    select.addEventListener("change", () => choose(i, +select.value));
    panel.append(make("label", {}, make("span", { textContent: controls[i].label }), select));
    return put;
  };

  const buttons = (i) => {
    const group = make("fieldset", {}, make("legend", { textContent: controls[i].label }));
    const put = () => group.replaceChildren(group.firstChild, ...labels(i).map((text, value) => {
      const radio = make("input", { type: "radio", name: `${id}-${i}`, checked: value === now[i] });
      radio.addEventListener("change", () => choose(i, value));
      return make("label", {}, radio, text);
    }));
    panel.append(group);
    return put;
  };

  // Lies over a picture, or over what is held in it: dragged by pointer, or by arrow keys.
  const drag = (i) => {
    const { panel: number, grip, label } = controls[i];
    const handle = make("div", { className: grip ? "idlib-grip" : "idlib-turn", tabIndex: 0 });
    handle.setAttribute("role", "slider");
    handle.ariaLabel = label;
    const picture = () => view.querySelectorAll("svg[role=img]")[number];
    const move = (x, y) => { // pixels of the picture, to the right and down
      const [, xs, , ys] = picture().querySelector(".idlib-moves").dataset.axes.split(" ").map(Number);
      now[i] = formula.move(i, now, x / xs, y / ys);
      show();
    };
    let at;
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      at = event;
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const { a: scale } = picture().getScreenCTM();
      move((event.clientX - at.clientX) / scale, (event.clientY - at.clientY) / scale);
      at = event;
    });
    handle.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 1 : 6;
      const keys = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
      if (!keys[event.key]) return;
      event.preventDefault();
      move(...keys[event.key]);
    });
    view.before(handle);
    handles.push(() => {
      const held = grip ? picture().querySelector(`.${grip}`) : picture();
      const [own, box] = [root.getBoundingClientRect(), held.getBoundingClientRect()];
      const [width, height] = grip ? [44, 44] : [box.width, box.height];
      const left = box.left + (box.width - width) / 2 - own.left;
      const top = box.top + (box.height - height) / 2 - own.top;
      Object.assign(handle.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
      Object.assign(handle, { ariaValueNow: now[i][0].toFixed(2), ariaValueText: now[i].map((x) => x.toFixed(2)).join(", ") });
    });
    return () => {};
  };

  const fill = controls.map((control, i) => ({ slider, menu, buttons, drag })[control.kind](i));
  fill.forEach((put) => put());
  root.querySelector(".idlib-hint")?.remove();
  view.before(panel);
  root.append(spoken);
  if (formula) change(view, parsed(""));
  show();
  let wide = 0;
  new ResizeObserver(([{ contentRect: { width, height } }]) => { // nothing below it jumps
    if (width !== wide) view.style.minHeight = "";
    else if (height > (parseFloat(view.style.minHeight) || 0)) view.style.minHeight = `${height}px`;
    wide = width;
    handles.forEach((put) => put());
  }).observe(view);
  root.dataset.alive = "true";
}
