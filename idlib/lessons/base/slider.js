// A native slider over labelled choices: a named control for keyboards and screen readers.
function render({ model, el }) {
  const name = document.createElement("label");
  const text = document.createElement("span");
  const range = Object.assign(document.createElement("input"), { type: "range", min: 0, step: 1 });
  const chosen = document.createElement("output");
  name.append(text, range);
  el.replaceChildren(name, chosen);
  el.classList.add("idlib-slider");
  range.dataset.lmSuppressShortcuts = "true"; // arrow keys move the slider, not the notebook

  const show = () => {
    const labels = model.get("_options_labels");
    const label = labels[model.get("index")] ?? "";
    const width = model.get("style")?.get?.("description_width");
    text.textContent = model.get("description");
    text.style.minWidth = width === "initial" ? "" : width;
    range.max = labels.length - 1;
    range.value = model.get("index");
    range.disabled = model.get("disabled");
    range.setAttribute("aria-valuetext", label);
    chosen.textContent = label;
    chosen.style.minWidth = `${Math.max(...labels.map((l) => l.length))}ch`; // nothing jumps
  };
  const move = () => {
    model.set("index", range.valueAsNumber);
    model.save_changes();
  };
  range.addEventListener(model.get("continuous_update") ? "input" : "change", move);
  model.on("change:index change:_options_labels change:description change:disabled", show);
  show();
}

export default { render };
