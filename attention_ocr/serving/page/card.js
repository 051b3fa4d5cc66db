// A picture and what was read in it.

import { level, plausible, shownSize, upright } from "./boxes.js";

const SVG = "http://www.w3.org/2000/svg";

function made(name, values = {}, ...children) {
  const element = document.createElement(name);
  Object.assign(element, values);
  element.append(...children);
  return element;
}

const percent = (share) => `${Math.floor(1000 * share) / 10}%`;
const shown = (character) => (character.trim() ? character : "blank");

/** An item of the list, at first without a reading; `reading` and `failure` fill it. */
export class Card {
  constructor(file) {
    this.name = file.name || "pasted picture";
    this.text = "";
    this.picture = made("img", { alt: `The picture ${this.name}`, src: URL.createObjectURL(file) });
    this.figure = made("figure", {}, this.picture);
    this.stage = made("div", { className: "stage" }, this.figure);
    this.body = made("div", { className: "body" });
    this.element = made("li", { className: "card waiting" }, this.stage, this.body);
    this.element.setAttribute("aria-busy", "true");
    this.picture.addEventListener("error", () => {
      this.figure.replaceChildren(made("p", { className: "no-picture", textContent: "This browser does not show such pictures." }));
    });
  }

  close() {
    URL.revokeObjectURL(this.picture.src);
    this.element.remove();
  }

  failure(why) {
    this._ready("failed");
    this.body.replaceChildren(this._heading(), made("p", { className: "why", textContent: why }));
  }

  reading(found) {
    this._ready("");
    this.text = found.text;
    this.facts = made("p", { className: "facts" });
    const text = found.text.trim() ? this._characters(found) : made("p", { className: "text nothing", textContent: "No text found" });
    const copy = made("button", { className: "copy", type: "button", textContent: "Copy", hidden: !found.text.trim() });
    copy.addEventListener("click", () => copyText(this.text, copy));
    this.body.replaceChildren(this._heading(found), made("div", { className: "row" }, text, copy), this.facts);
    this._tell(found);
    this._alternatives(found);
    this._boxes(found);
  }

  _ready(state) {
    this.element.className = `card ${state}`;
    this.element.removeAttribute("aria-busy");
  }

  _heading(found) {
    const size = found?.width ? `${found.width} × ${found.height}` : "";
    return made("p", { className: "name" }, made("b", { textContent: this.name, title: this.name }), size);
  }

  _characters(found) {
    this.marks = found.characters.map(({ character, score }, number) => {
      const mark = made("span", { className: `char ${level(score)}`, textContent: character });
      mark.addEventListener("pointerenter", () => this._point(found, number));
      mark.addEventListener("pointerleave", () => this._point(found, -1));
      return mark;
    });
    const text = made("p", { className: "text", dir: "auto", tabIndex: 0 }, ...this.marks);
    text.setAttribute("aria-label", `${found.text}, ${percent(found.confidence)} sure. Arrow keys go from character to character.`);
    text.setAttribute("role", "group");
    let at = -1;
    text.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0;
      if (event.key === "Home") at = 0;
      else if (event.key === "End") at = this.marks.length - 1;
      else if (step) at = Math.max(0, Math.min(this.marks.length - 1, at + step));
      else return;
      event.preventDefault();
      this._point(found, at);
    });
    text.addEventListener("blur", () => this._point(found, (at = -1)));
    return text;
  }

  /** Shows a character in the text and in the picture; -1: none. */
  _point(found, number) {
    this.marks.forEach((mark, other) => mark.classList.toggle("current", other === number));
    this.rectangles?.forEach((rectangle, other) => rectangle?.classList.toggle("current", other === number));
    this._tell(found, number);
  }

  _tell(found, number = -1) {
    const whole = `${percent(found.confidence)} sure`;
    const one = number < 0 ? null : found.characters[number];
    const told = one ? `${shown(one.character)}: ${percent(one.score)}` : whole;
    this.facts.replaceChildren(
      made("span", { className: "told", textContent: told }),
      made("span", { textContent: `${Math.round(found.milliseconds)} ms` }),
    );
    this.facts.setAttribute("aria-live", one ? "polite" : "off");
  }

  _alternatives(found) {
    const others = plausible(found);
    if (!others.length) return;
    const items = others.map((text) => made("li", { dir: "auto", textContent: text || "nothing" }));
    this.body.append(made("div", { className: "alternatives" }, "It could also be", made("ul", {}, ...items)));
  }

  _boxes(found) {
    if (!found.characters.some(({ box }) => box)) return;
    const layer = document.createElementNS(SVG, "svg");
    layer.setAttribute("viewBox", [0, 0, ...shownSize(found)].join(" "));
    layer.setAttribute("preserveAspectRatio", "none");
    layer.setAttribute("aria-hidden", "true");
    this.rectangles = found.characters.map(({ box, score, character }, number) => {
      if (!box || !character.trim()) return null;
      const [left, top, right, bottom] = upright(box, found.width, found.height, found.orientation);
      const rectangle = document.createElementNS(SVG, "rect");
      const values = { x: left, y: top, width: right - left, height: bottom - top, class: level(score) };
      for (const [name, value] of Object.entries(values)) rectangle.setAttribute(name, value);
      rectangle.addEventListener("pointerenter", () => this._point(found, number));
      rectangle.addEventListener("pointerleave", () => this._point(found, -1));
      layer.append(rectangle);
      return rectangle;
    });
    this.figure.append(layer);
    this._enlarge(found);
  }

  /** Small pictures are shown larger, so that their boxes can be told apart. */
  _enlarge(found) {
    const [width, height] = shownSize(found);
    const factor = Math.max(1, Math.min(4, 480 / width, 160 / height));
    this.picture.style.width = `${Math.round(width * factor)}px`;
  }
}

/** Copies a text, also where the browser has no clipboard for pages that are not secure. */
export async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = made("textarea", { value: text, className: "visually-hidden" });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  const label = button.dataset.label ?? button.textContent;
  button.dataset.label = label;
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = label), 1500);
}
