// The client's side, for people: asks the server for news, and tells it what is to be added and removed.

const LIMIT_MS = 5_000;                      // for one exchange: a page must not wait for ever either
const pollMs = Number(document.body.dataset.pollMs);
const [connection, form, text, suggest, news, count, list, empty] =
  ["connection", "add", "text", "suggest", "news", "count", "notes", "empty"].map((id) => document.getElementById(id));
let changes = 0;                             // of ours: a list that was asked for before the last of them is out of date
let busy = false;

class Refused extends Error {}

async function ask(method, path, body) {
  const options = { method, cache: "no-store", signal: AbortSignal.timeout(LIMIT_MS) };
  if (body) Object.assign(options, { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const response = await fetch(path, options);
  if (!response.ok) throw new Refused((await response.json().catch(() => ({}))).detail ?? response.statusText);
  return response.status === 204 ? null : response.json();
}

async function refresh() {
  const before = changes;
  try {
    const notes = await ask("GET", "/notes");
    connected(true);
    if (before === changes) show(notes);
  } catch {
    connected(false);
  }
}

async function change(what, begin) {
  if (busy) return false;                    // a second click while the first is under way
  busy = true;
  changes++;
  try {
    await what();
    return true;
  } catch (error) {
    say(`${begin}: ${error instanceof Refused ? error.message : "the server does not answer."}`);
    return false;
  } finally {
    changes++;
    busy = false;
    refresh();
  }
}

function show(notes) {
  const wanted = new Set(notes.map((note) => String(note.number)));
  for (const element of [...list.children]) if (!wanted.has(element.dataset.number)) take(element);
  const shown = new Map([...list.children].map((element) => [element.dataset.number, element]));
  // What is there stays where it is: to move it would take the focus from whoever is on it.
  notes.toReversed().reduce((below, note) => {
    const element = shown.get(String(note.number)) ?? item(note);
    if (element.nextElementSibling !== below || !element.parentElement) list.insertBefore(element, below);
    return element;
  }, null);
  count.textContent = notes.length;
  empty.hidden = notes.length > 0;
}

function item({ number, text }) {
  const element = document.createElement("li"), content = document.createElement("span");
  element.dataset.number = number;
  content.className = "text";
  content.textContent = text;                // text is text, whatever it looks like
  element.append(content);
  return complete(element);
}

function complete(element) {
  const button = document.createElement("button"), name = element.querySelector(".text").textContent;
  button.type = "button";
  button.textContent = "×";
  button.setAttribute("aria-label", `Remove: ${name}`);
  button.title = "Remove";
  button.addEventListener("click", async () => {
    if (await change(() => ask("DELETE", `/notes/${element.dataset.number}`), "Not removed")) {
      say(`Removed: ${name}`);
      take(element);
    }
  });
  element.append(button);
  return element;
}

function take(element) {
  if (element.contains(document.activeElement)) {
    const next = element.nextElementSibling ?? element.previousElementSibling;
    (next?.querySelector("button") ?? text).focus();   // or the keyboard would be back at the top of the page
  }
  element.remove();
}

function connected(yes) {
  const told = yes ? "Connected" : "No answer from the server. Trying again …";
  document.body.classList.toggle("apart", !yes);
  if (connection.textContent !== told) connection.textContent = told;   // said aloud only when it changes
}

function say(what) {
  news.textContent = what;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const added = text.value;
  if (!added.trim()) return;
  if (await change(() => ask("POST", "/notes", { text: added }), "Not added")) {
    say(`Added: ${added}`);
    if (text.value === added) text.value = "";         // what was not added, or is being typed by now, stays
  }
});

suggest?.addEventListener("click", async () => {
  try {
    text.value = (await ask("GET", "/suggestion")).text;
    text.focus();
  } catch (error) {
    say(`No suggestion: ${error instanceof Refused ? error.message : "the server does not answer."}`);
  }
});

async function poll() {
  await refresh();
  setTimeout(poll, pollMs);                  // only after the answer: a slow server is not asked more and more
}

for (const element of list.children) complete(element);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
poll();
