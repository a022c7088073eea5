// Predictions and quizzes where no kernel is. What waits for a guess brings a style that hides it while the form is in the
// page; the guess is kept in the browser. Before this file stands lessons/base/curve.js, whose `render` is called here.
const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

const memory = {}; // where the browser keeps nothing, a guess lasts as long as the page
const stored = (call) => { try { return call(); } catch { return null; } };
const kept = (name) => stored(() => JSON.parse(localStorage.getItem(`idlib/${name}`))) ?? memory[name];
const keep = (name, found) => {
  memory[name] = found;
  stored(() => localStorage.setItem(`idlib/${name}`, JSON.stringify(found)));
};

// Buttons for what a list holds.
const choices = (question, list) => {
  question.id ||= `idlib-${Math.random().toString(36).slice(2)}`;
  const labels = [...list.children].map(({ textContent: value }) =>
    make("label", {}, make("input", { type: "radio", name: question.id, value }), value));
  const group = make("fieldset", { className: "idlib-options" }, ...labels);
  group.setAttribute("aria-labelledby", question.id);
  return group;
};

// For each kind of question: what a guess is entered in; what it holds, or an error that says what is to be done; whether
// what was kept is a guess; and a guess in words.
const KINDS = {
  options({ options }, question, list) {
    const group = choices(question, list);
    const read = () => group.querySelector(":checked")?.value ?? Error("Choose an answer first.");
    return [group, read, (guess) => options.includes(guess), String];
  },
  between({ between: [low, high] }) {
    const words = (number) => number.toLocaleString("en");
    const fits = (guess) => Number.isInteger(guess) && guess >= low && guess <= high;
    const entry = make("input", { inputMode: "numeric", autocomplete: "off", placeholder: "a whole number", size: 16 });
    const read = () => {
      const plain = entry.value.replace(/[\s,_'’]/g, "");
      if (/^\d+$/.test(plain) && fits(+plain)) return +plain;
      const type = entry.value.trim() ? `“${entry.value}” was given: type` : "Type";
      return Error(`${type} a whole number from ${words(low)} to ${words(high)} first.`);
    };
    return [make("label", {}, "your guess ", entry), read, fits, words];
  },
  curve({ curve: axes }) {
    const board = make("div"), values = { axes, value: axes.x.map(() => null), disabled: false };
    const model = { get: (key) => values[key], set(key, to) { values[key] = to; }, save_changes() {}, on() {} };
    render({ model, el: board });
    const fits = (guess) => guess?.length === axes.x.length && guess.filter((y) => y !== null).length > 1;
    const read = () => (fits(values.value) ? values.value : Error("Draw a curve from left to right first."));
    return [board, read, fits, () => "the dotted curve"];
  },
};

// Beside what was recorded: straight between the values of a guess, level beyond them.
const path = (group, { x: xs, log }, guess) => {
  const [x0, width, y0, height] = group.dataset.axes.split(" ").map(Number);
  const across = (x) => x0 + width * Math.log10(x), down = (y) => y0 + height * (log ? Math.log10(y) : y);
  const points = xs.map((x, i) => [across(x), guess[i]]).filter(([, y]) => y !== null).map(([x, y]) => [x, down(y)]);
  return `<path class="idlib-guessed" d="M${across(xs[0])} ${points[0][1]}L${points.join("L")}H${across(xs.at(-1))}"/>`;
};

const ask = (box) => {
  const asked = JSON.parse(box.dataset.asked), id = asked.name.replace("/", "-");
  const [question, list] = [box.querySelector("p"), box.querySelector("ul")];
  const [entry, read, fits, words] = KINDS[asked.kind](asked, question, list);
  const button = (textContent, onclick) => make("button", { type: "button", textContent, onclick });
  const commit = make("button", { textContent: "This is my guess" }), skip = button("Skip", () => take({ guess: null }));
  const status = make("p", { role: "status" }), form = make("form", {}, entry, make("p", {}, commit, " ", skip), status);
  const said = make("p", { className: "idlib-said", tabIndex: -1 }), again = button("Guess again", () => take(null));
  box.append(form, said);
  const show = (found) => {
    const guessed = found && found.guess !== null;
    const text = () => ["Your guess: ", make("b", { textContent: words(found.guess) }), ". "];
    said.replaceChildren(...(guessed ? text() : ["Skipped. "]), again);
    box.className = `idlib-${found ? "asked" : "asks"}-${id}`;
    [form.hidden, said.hidden] = [Boolean(found), !found];
    if (list) list.hidden = !found;
    for (const place of document.querySelectorAll(".idlib-waits")) {
      const fold = place.querySelector("details"), style = place.querySelector("style").textContent;
      fold.open = fold.firstElementChild.hidden = style.match(/idlib-asks-[\w-]+/g)
        .every((asks) => document.querySelector(`.${asks.replace("asks", "asked")}`));
      if (!place.matches(`.idlib-waits-answer-${id}`)) continue;
      place.querySelector(".idlib-yours")?.remove();
      if (guessed) fold.querySelector("p").prepend(make("span", { className: "idlib-yours" }, ...text()));
      const moves = asked.curve && place.querySelector(".idlib-moves");
      if (moves) moves.innerHTML = guessed ? path(moves, asked.curve, found.guess) : "";
    }
  };
  const take = (found) => {
    keep(asked.name, found);
    show(found);
    (found ? said : form.querySelector("input, [tabindex='0']")).focus();
  };
  form.onsubmit = () => {
    const guess = read();
    status.textContent = guess instanceof Error ? guess.message : "";
    if (!status.textContent) take({ guess });
    return false; // there is nobody to send it to
  };
  const found = kept(asked.name);
  show(found && (found.guess === null || fits(found.guess)) ? found : null);
};

// The first choice opens the answer of a quiz; each is told whether it is right.
const quiz = (item) => {
  const [question, list, fold] = item.children, answer = fold.querySelector("p"), said = make("p", { role: "status" });
  const group = choices(question, list);
  group.onchange = ({ target: { value } }) => {
    fold.open = fold.firstElementChild.hidden = true;
    said.textContent = answer.textContent.startsWith(`${value}. `) ? "Right." : "Not so.";
  };
  list.replaceWith(group, said);
};

document.querySelectorAll("[data-asked]").forEach(ask);
document.querySelectorAll(".idlib-quiz > li").forEach(quiz);
