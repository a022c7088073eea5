// Cuts what is too tall for a slide of 1280 x 720 into more slides, then starts reveal.js.
window.addEventListener("load", async () => {
  const HEIGHT = 690, SMALLEST = 18;
  await Promise.all(window.idlibExplorers ?? []);
  document.body.classList.add("measuring");
  const tooTall = (section) => section.offsetHeight > HEIGHT;
  for (const pre of document.querySelectorAll(".slides section > .block pre")) {  // lines stay whole where they can
    pre.style.whiteSpace = "pre";
    for (let size = 24; pre.scrollWidth > pre.clientWidth && size > SMALLEST; size -= 1)
      pre.style.fontSize = `${size - 1}px`;
    if (pre.scrollWidth > pre.clientWidth) Object.assign(pre.style, { whiteSpace: "" });
  }
  for (const table of document.querySelectorAll(".slides section > .block > table"))
    for (let size = 22; table.offsetWidth > 1152 && size > SMALLEST; size -= 1)
      table.style.fontSize = `${size - 1}px`;

  // Pictures give way to what stands beside them, down to a height at which they can be read.
  const shrink = (section) => {
    for (const name of ["tight", "tighter"])
      if (tooTall(section) && section.querySelector(".idlib-explorer")) section.classList.add(name);
    const rows = new Map();  // pictures that stand side by side shrink together
    for (const picture of section.querySelectorAll("figure img, svg[role=img]"))
      rows.set(picture.parentElement, [...(rows.get(picture.parentElement) ?? []), picture]);
    for (const row of rows.values()) {
      const before = section.offsetHeight;
      for (let height = 500; tooTall(section) && height > 200; height -= 10)
        for (const picture of row) picture.style.maxHeight = `${height}px`;
      if (section.offsetHeight === before)  // it is not what is tall
        for (const picture of row) picture.style.maxHeight = "";
    }
  };
  // Of a single block: the rows, items or lines that go on to the next slide.
  const cut = (block) => {
    const next = block.cloneNode(true);
    const rows = ":scope > :is(ul, ol) > li, :scope > table > tbody > tr";
    const parts = [block, next].map((b) => [...b.querySelectorAll(rows)]);
    if (parts[0].length < 2) return null;
    const half = Math.ceil(parts[0].length / 2);
    parts[0].slice(half).forEach((part) => part.remove());
    parts[1].slice(0, half).forEach((part) => part.remove());
    return next;
  };
  const queue = [...document.querySelectorAll(".slides > section")];
  while (queue.length) {
    const section = queue.shift();
    const moved = [];
    shrink(section);
    while (tooTall(section) && section.querySelectorAll(":scope > .block").length > 1) {
      moved.unshift(section.lastElementChild);
      section.lastElementChild.remove();
    }
    if (moved.length) shrink(section);
    while (tooTall(section)) {
      const rest = cut(section.querySelector(":scope > .block"));
      if (!rest) break;
      moved.unshift(rest);
    }
    if (moved.length) {
      const next = document.createElement("section");
      next.className = section.className;
      moved[0].classList.remove("fragment");
      next.append(...[...section.children].slice(0, -1).filter((e) => !e.matches(".block")).map((e) => e.cloneNode(true)), ...moved);
      section.after(next);
      queue.unshift(next);
    }
  }
  document.body.classList.remove("measuring");
  Reveal.initialize({
    width: 1280, height: 720, margin: 0, center: false, hash: true, transition: "none",
    slideNumber: "c/t", plugins: [RevealNotes],
  });
});
