// The page: pictures come in by choosing, dropping, pasting or the camera; each becomes a card.

import { Card, copyText } from "./card.js";
import { models, NeedsKey, read } from "./requests.js";

const ALTERNATIVES = 3;
const at = (id) => document.getElementById(id);
const cards = [];

const kind = () => document.querySelector("input[name=kind]:checked").value;

async function showModels() {
  try {
    const found = await models();
    at("model").replaceChildren(...found.map(({ name }) => new Option(name, name)));
    at("model").parentElement.hidden = found.length < 2;
    at("key-form").hidden = true;
  } catch (error) {
    if (error instanceof NeedsKey) askForKey();
  }
}

function askForKey() {
  const wasTried = sessionStorage.getItem("key") !== null;
  at("key-form").hidden = false;
  at("key-form").querySelector(".note").textContent = wasTried ? "That is not the key." : "";
  at("key").focus();
}

async function add(files) {
  const pictures = [...files];
  if (!pictures.length) return;
  const added = pictures.map((file) => [file, new Card(file)]);
  cards.unshift(...added.map(([, card]) => card));
  at("results").prepend(...added.map(([, card]) => card.element));
  refresh();
  at("status").textContent = `Reading ${pictures.length === 1 ? "a picture" : `${pictures.length} pictures`}`;
  await Promise.all(added.map(([file, card]) => fill(file, card)));
  const texts = added.map(([, card]) => card.text || "nothing");
  at("status").textContent = `Read: ${texts.join("; ")}`;
  refresh();
}

async function fill(file, card) {
  try {
    card.reading(await read(file, at("model").value, kind(), ALTERNATIVES));
  } catch (error) {
    if (error instanceof NeedsKey) askForKey();
    const why = error.message.replace(`${file.name}: `, "");
    card.failure(why.charAt(0).toUpperCase() + why.slice(1));
  }
}

function refresh() {
  document.body.classList.toggle("has-results", cards.length > 0);
  at("summary").hidden = !cards.length;
  at("copy-all").hidden = cards.filter((card) => card.text).length < 2;
}

at("choose").addEventListener("click", () => at("files").click());
at("photograph").addEventListener("click", () => at("camera").click());
for (const id of ["files", "camera"]) {
  at(id).addEventListener("change", (event) => {
    add(event.target.files);
    event.target.value = "";
  });
}
document.addEventListener("paste", (event) => add(event.clipboardData.files));
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    document.body.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  add(event.dataTransfer.files);
});
at("clear").addEventListener("click", () => {
  cards.splice(0).forEach((card) => card.close());
  refresh();
  at("choose").focus();
});
at("copy-all").addEventListener("click", () => {
  const texts = cards.map((card) => card.text).filter(Boolean);
  copyText(texts.join("\n"), at("copy-all"));
});
at("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("key", at("key").value);
  showModels();
});
showModels();
