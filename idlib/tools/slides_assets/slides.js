// Lays the slides out on 1280 x 720: pictures as large as there is room for, what is too tall on
// further slides; then starts reveal.js.
window.addEventListener("load", async () => {
  const HEIGHT = 692, SMALLEST = 18, LARGEST = 28;  // pixels: of a slide, of what is read on it
  const SHORT = 170;  // letters of a claim that stands alone
  await Promise.all(window.idlibExplorers ?? []);
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  document.body.classList.add("measuring");
  const tooTall = (section) => section.offsetHeight > HEIGHT;
  for (const pre of document.querySelectorAll(".slides section > .block pre")) {  // lines stay whole where they can
    pre.style.whiteSpace = "pre";
    for (let size = 28; pre.scrollWidth > pre.clientWidth && size > SMALLEST; size -= 1)
      pre.style.fontSize = `${size - 1}px`;
    if (pre.scrollWidth > pre.clientWidth) Object.assign(pre.style, { whiteSpace: "" });
  }
  for (const table of document.querySelectorAll(".slides section > .block > table"))
    for (let size = 22; table.offsetWidth > table.parentElement.offsetWidth && size > SMALLEST; size -= 1)
      table.style.fontSize = `${size - 1}px`;

  for (const formula of document.querySelectorAll(".slides section > .block .formula"))
    for (let size = 32; formula.scrollWidth > formula.clientWidth && size > SMALLEST; size -= 1)
      formula.style.fontSize = `${size - 1}px`;

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
  // All pictures of a section, with letters of one size: as large as there is room for.
  const fit = (section) => {
    const own = [...section.querySelectorAll(":scope > .block")].flatMap((block) => blocks.get(block) ?? []);
    const wide = () => [...section.querySelectorAll(":scope > .block, .idlib-table")]
      .some((e) => e.scrollWidth > e.clientWidth);
    const set = (size) => own.forEach(([put, width, letters]) => put((width * size) / letters));
    const several = section.querySelectorAll(":scope > .block").length > 1;
    section.classList.remove("tight", "tighter");
    for (const name of own.length ? ["pictured", "tight", "tighter"] : []) {
      if (name !== "pictured" && several) return;  // then some of it goes on to the next slide
      section.classList.add(name);
      let size = LARGEST;
      for (set(size); (tooTall(section) || wide()) && size > SMALLEST; set((size -= 0.25)));
      if (!tooTall(section) && !wide()) return;
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
    fit(section);
    while (tooTall(section) && section.querySelectorAll(":scope > .block").length > 1) {
      moved.unshift(section.lastElementChild);
      section.lastElementChild.remove();
    }
    const shown = [...section.querySelectorAll(":scope > .block")];
    if (moved.length && section.querySelector(".block :is(img, svg, pre)")) fit(section);
    else if (moved.length && shown.length === 1 && shown[0].textContent.length < SHORT) section.className = "claim";
    else if (moved.length) section.classList.remove("pictured");
    while (tooTall(section)) {
      const rest = cut(section.querySelector(":scope > .block"));
      if (!rest) break;
      moved.unshift(rest);
    }
    if (moved.length) {
      const next = document.createElement("section");
      next.className = section.className.replace("claim", "figure");
      moved[0].classList.remove("fragment");
      next.append(...[...section.children].filter((e) => !e.matches(".block")).map((e) => e.cloneNode(true)), ...moved);
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
