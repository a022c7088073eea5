// What scrolls sideways can be reached, and so scrolled, by keyboard.
const reach = () => document.querySelectorAll("pre, .table-wrapper, .output, .formula").forEach(
  (box) => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  });
addEventListener("load", reach);
addEventListener("resize", reach);
// Sphinx leaves out the level of the headings in the navigation.
addEventListener("load", () => document.querySelectorAll("[role=heading]:not([aria-level])").forEach(
  (heading) => { heading.ariaLevel = "2"; }));
