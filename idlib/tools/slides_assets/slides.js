// Lays the slides out on 1280 x 720: pictures as large as there is room for, what is too tall on
// further slides; then starts reveal.js.
window.addEventListener("load", async () => {
  const HEIGHT = 690, SMALLEST = 18;  // pixels: of a slide, of what is read on it
  await Promise.all(window.idlibExplorers ?? []);
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  document.body.classList.add("measuring");
  // Sets what fits of the sizes from the largest to the smallest, or the smallest; whether it fits.
  const largest = (from, to, step, fits, set) => {
    let low = 0, high = Math.ceil((from - to) / step);  // steps down
    for (let tried = 0; low < high; tried = (low + high) >> 1) {
      set(from - tried * step);
      if (fits()) high = tried;
      else low = tried + 1;
    }
    set(from - low * step);
    return fits();
  };
  const tooWide = (element) => element.scrollWidth > element.clientWidth;
  const tooTall = (section) => section.offsetHeight > HEIGHT;
  // Text is as large as its slide's, and as its own longest line, row or formula lets it be.
  const narrow = (selector, from, relative, fits = (e) => !tooWide(e)) => {
    for (const e of document.querySelectorAll(`.slides section > .block ${selector}`))
      if (!largest(from, SMALLEST, 1, () => fits(e), (size) => { e.style.fontSize = `min(${relative}, ${size}px)`; }))
        e.classList.add("wraps");
  };
  narrow("pre", 32, "0.9em");
  narrow(".formula", 44, "1.1em");
  narrow("> table", 28, "0.8em", (table) => table.offsetWidth <= table.parentElement.offsetWidth);

  // The size of the smallest letters of a picture, where it is as wide as it says.
  const letters = (picture) => {
    if (picture.dataset.letters) return +picture.dataset.letters;
    const sizes = [...picture.querySelectorAll("text")].map((text) => Math.max(
      ...[text, ...text.querySelectorAll("tspan")].map((e) => parseFloat(getComputedStyle(e).fontSize))));
    return (Math.min(14, ...sizes) * width(picture)) / (picture.viewBox?.baseVal.width || width(picture));
  };
  const width = (picture) => +picture.getAttribute("width");
  // A picture is found again by its place, as an explorer's attributes change with its view.
  const sheet = document.head.appendChild(document.createElement("style")).sheet;
  let named = 0;
  const placed = (picture, block) => {
    block.id ||= `block-${(named += 1)}`;
    let path = "";
    for (let e = picture; e !== block; e = e.parentElement)
      path = ` > :nth-child(${[...e.parentElement.children].indexOf(e) + 1})${path}`;
    const rule = sheet.cssRules[sheet.insertRule(`#${block.id}${path} {}`, sheet.cssRules.length)];
    return (pixels) => rule.style.setProperty("width", `${pixels}px`, "important");
  };
  const blocks = new Map();
  for (const block of document.querySelectorAll(".slides section > .block")) {
    const pictures = [...block.querySelectorAll("figure > img, svg[role=img]")];
    blocks.set(block, pictures.map((picture) => [placed(picture, block), width(picture), letters(picture)]));
  }
  // As large as there is room for: pictures, with letters of one size, or else all of the text.
  const fit = (section) => {
    const shown = [...section.querySelectorAll(":scope > .block")];
    const own = shown.flatMap((block) => blocks.get(block) ?? []);
    const fits = () => !tooTall(section) && !(own.length && [...shown, ...section.querySelectorAll(".idlib-table")].some(tooWide));
    section.classList.remove("pictured", "tight", "tighter");
    section.style.fontSize = "";
    const draw = (size) => own.forEach(([put, width, letters]) => put((width * size) / letters));
    if (!section.querySelector(".block :is(img, svg, .idlib-explorer)")) return largest(40, 24, 2, fits, (size) => { section.style.fontSize = `${size}px`; });
    // where there is more than a picture, the rest of it may go on to the next slide
    const ways = ["pictured", "tight", "tighter"].slice(0, Math.max(1, 4 - shown.length));
    return ways.some((way) => section.classList.add(way) ?? largest(28, SMALLEST, 0.25, fits, draw));
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
    const shown = () => section.querySelectorAll(":scope > .block");
    const moved = [];
    fit(section);
    while (tooTall(section) && shown().length > 1) {
      moved.unshift(section.lastElementChild);
      section.lastElementChild.remove();
      fit(section);
    }
    while (tooTall(section)) {
      const rest = cut(shown()[0]);
      if (!rest) break;
      moved.unshift(rest);
    }
    const free = HEIGHT - section.offsetHeight;
    section.querySelector("h2").style.marginBottom = `${14 + Math.max(0, free) * 0.25}px`;
    if (moved.length) {
      const next = document.createElement("section");
      next.className = section.className;
      moved[0].classList.remove("fragment");
      next.append(...[...section.children].filter((e) => !e.matches(".block")).map((e) => e.cloneNode(true)), ...moved);
      next.querySelector("h2").style.marginBottom = "";
      section.after(next);
      queue.unshift(next);
    }
  }
  document.body.classList.remove("measuring");
  Reveal.initialize({
    width: 1280, height: 720, margin: 0, center: false, hash: true, transition: "none",
    slideNumber: "c/t", plugins: [RevealNotes],
    keyboardCondition: (event) => !event.target.closest(".idlib-explorer"),  // its keys are its own
  });
});
