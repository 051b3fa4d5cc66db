// Requests to the service: a few at once, sent again where it is busy, with its key where it needs one.

const AT_ONCE = 4;
const TRIES = 8;
let running = 0;
const waiting = [];

export class NeedsKey extends Error {}

function headers() {
  const key = sessionStorage.getItem("key");
  return key ? { Authorization: `Bearer ${key}` } : {};
}

async function sentence(response) {
  try {
    return (await response.json()).error;
  } catch {
    return `the service answers ${response.status}`;
  }
}

async function ask(path, options = {}) {
  for (let tries = 1; ; tries++) {
    let response;
    try {
      response = await fetch(path, { ...options, headers: headers() });
    } catch {
      throw new Error("The service cannot be reached. Is it still running?");
    }
    if (response.ok) return response.json();
    if (response.status === 401) throw new NeedsKey(await sentence(response));
    if (response.status !== 429 || tries === TRIES) throw new Error(await sentence(response));
    const seconds = Number(response.headers.get("retry-after")) || 1;
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds * (0.5 + Math.random())));
  }
}

export async function models() {
  return (await ask("v1/models")).models;
}

/** What was read in a file: an entry of the answer's `readings`, and the `milliseconds` it took. */
export async function read(file, model, pages, alternatives) {
  if (running >= AT_ONCE) await new Promise((resolve) => waiting.push(resolve));
  running++;
  try {
    const body = new FormData();
    body.append("files", file, file.name || "picture");
    const query = new URLSearchParams({ model, pages, alternatives });
    const answer = await ask(`v1/read?${query}`, { method: "POST", body });
    return { ...answer.readings[0], milliseconds: answer.milliseconds };
  } finally {
    running--;
    waiting.shift()?.();
  }
}
