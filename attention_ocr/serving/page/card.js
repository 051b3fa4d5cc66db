// A picture and what was read in it.

import { level, piecesOf, plausible, shownSize } from "./boxes.js";

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
    this.pieces = piecesOf(found);
    this.whole = found.confidence === undefined ? `${this.pieces.length} lines` : `${percent(found.confidence)} sure`;
    this.milliseconds = Math.round(found.milliseconds);
    this.facts = made("p", { className: "facts" });
    const isEmpty = !found.text.trim();
    const text = isEmpty ? made("p", { className: "text nothing", textContent: "No text found" }) : this._text(found);
    const copy = made("button", { className: "copy", type: "button", textContent: "Copy", hidden: isEmpty });
    copy.addEventListener("click", () => copyText(this.text, copy));
    this.body.replaceChildren(this._heading(found), made("div", { className: "row" }, text, copy), this.facts);
    this._tell();
    this._alternatives(found);
    this._outlines(found);
  }

  _ready(state) {
    this.element.className = `card ${state}`;
    this.element.removeAttribute("aria-busy");
  }

  _heading(found) {
    const size = found?.width ? `${found.width} × ${found.height}` : "";
    return made("p", { className: "name" }, made("b", { textContent: this.name, title: this.name }), size);
  }

  _text(found) {
    this.marks = this.pieces.map(({ text, score }, number) => {
      const mark = made("span", { className: `char ${level(score)}`, textContent: text });
      this._listen(mark, number);
      return mark;
    });
    const parts = this.pieces.flatMap(({ after }, number) => (after ? [this.marks[number], after] : [this.marks[number]]));
    const text = made("p", { className: found.blocks ? "text page" : "text", dir: "auto", tabIndex: 0 }, ...parts);
    text.setAttribute("aria-label", `${found.text}, ${this.whole}. Arrow keys go from one to the next.`);
    text.setAttribute("role", "group");
    let at = -1;
    text.addEventListener("keydown", (event) => {
      const last = this.pieces.length - 1;
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key] ?? 0;
      if (event.key === "Home") at = 0;
      else if (event.key === "End") at = last;
      else if (step) at = Math.max(0, Math.min(last, at + step));
      else return;
      event.preventDefault();
      this._point(at);
    });
    text.addEventListener("blur", () => this._point((at = -1)));
    return text;
  }

  _listen(element, number) {
    element.addEventListener("pointerenter", () => this._point(number));
    element.addEventListener("pointerleave", () => this._point(-1));
  }

  /** Shows a piece in the text and in the picture; -1: none. */
  _point(number) {
    this.marks?.forEach((mark, other) => mark.classList.toggle("current", other === number));
    this.outlines?.forEach((outline, other) => outline?.classList.toggle("current", other === number));
    this._tell(number);
  }

  _tell(number = -1) {
    const piece = this.pieces[number];
    const told = piece ? `${shown(piece.text)}: ${percent(piece.score)}` : this.whole;
    this.facts.replaceChildren(
      made("span", { className: "told", textContent: told }),
      made("span", { textContent: `${this.milliseconds} ms` }),
    );
    this.facts.setAttribute("aria-live", piece ? "polite" : "off");
  }

  _alternatives(found) {
    const others = plausible(found);
    if (!others.length) return;
    const items = others.map((text) => made("li", { dir: "auto", textContent: text || "nothing" }));
    this.body.append(made("div", { className: "alternatives" }, "It could also be", made("ul", {}, ...items)));
  }

  _outlines(found) {
    if (!this.pieces.some(({ corners }) => corners)) return;
    const layer = document.createElementNS(SVG, "svg");
    layer.setAttribute("viewBox", [0, 0, ...shownSize(found)].join(" "));
    layer.setAttribute("preserveAspectRatio", "none");
    layer.setAttribute("aria-hidden", "true");
    this.outlines = this.pieces.map(({ corners, score, text }, number) => {
      if (!corners || !text.trim()) return null;
      const outline = document.createElementNS(SVG, "polygon");
      outline.setAttribute("points", corners.map((corner) => corner.join(",")).join(" "));
      outline.setAttribute("class", level(score));
      this._listen(outline, number);
      layer.append(outline);
      return outline;
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
