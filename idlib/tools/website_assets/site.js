// What scrolls sideways can be reached, and so scrolled, by keyboard; what is folded, once it is seen.
const SCROLLS = "pre, .table-wrapper, .output, .formula, .idlib-picture";
const reached = { tabIndex: 0, role: "group", ariaLabel: "Scrolls sideways" };
const reach = (box) => {
  if (box.scrollWidth > box.clientWidth) Object.assign(box, reached);
  else ["tabindex", "role", "aria-label"].forEach((name) => box.removeAttribute(name));
};
const sizes = new ResizeObserver((changes) => changes.forEach(({ target }) => reach(target)));
addEventListener("load", () => document.querySelectorAll(SCROLLS).forEach(
  (box) => sizes.observe(box)));
// Sphinx leaves out the level of the headings in the navigation.
addEventListener("load", () => document.querySelectorAll("[role=heading]:not([aria-level])").forEach(
  (heading) => { heading.ariaLevel = "2"; }));
