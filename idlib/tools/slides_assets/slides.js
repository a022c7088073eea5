// Cuts what is too tall for a slide of 1280 x 720 into more slides, then starts reveal.js.
window.addEventListener("load", async () => {
  const HEIGHT = 680;
  await Promise.all(window.idlibExplorers ?? []);
  document.body.classList.add("measuring");
  const tooTall = (section) => section.offsetHeight > HEIGHT;
  for (const pre of document.querySelectorAll(".slides pre")) {  // lines stay whole where they can
    pre.style.whiteSpace = "pre";
    for (let size = 22; pre.scrollWidth > pre.clientWidth && size > 16; size -= 1)
      pre.style.fontSize = `${size - 1}px`;
    if (pre.scrollWidth > pre.clientWidth) Object.assign(pre.style, { whiteSpace: "", fontSize: "" });
  }
  const queue = [...document.querySelectorAll(".slides > section")];
  while (queue.length) {
    const section = queue.shift();
    const moved = [];
    while (tooTall(section) && section.querySelectorAll(":scope > .block").length > 1) {
      moved.unshift(section.lastElementChild);
      section.lastElementChild.remove();
    }
    const blocks = section.querySelectorAll(":scope > .block");
    const last = section.lastElementChild;
    if (moved.length && blocks.length > 1 && last.textContent.trim().endsWith(":")) {
      moved.unshift(last);  // what announces a formula or a picture goes with it
      last.remove();
    }
    if (tooTall(section)) {
      const block = section.querySelector(":scope > .block");
      for (let zoom = 0.95; tooTall(section) && zoom > 0.3; zoom -= 0.05) block.style.zoom = zoom;
    }
    if (moved.length) {
      const next = document.createElement("section");
      next.append(section.querySelector("h2").cloneNode(true), ...moved);
      section.after(next);
      queue.unshift(next);
    }
  }
  document.body.classList.remove("measuring");
  Reveal.initialize({
    width: 1280, height: 720, margin: 0, center: false, hash: true, transition: "none",
    slideNumber: "c/t",
  });
});
