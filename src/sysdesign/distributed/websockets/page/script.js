// The chat in a browser: comes back to whichever node answers, behind the last message that it has seen.

const FIRST_MS = 100, LONGEST_MS = 5_000;
const PING_MS = 5_000, SILENT_MS = 12_000;   // a page does not see the server's pings: it asks for a sign of life itself
const TYPING_MS = 2_000;

const nodes = document.body.dataset.nodes.split(" "), me = document.body.dataset.user;
const [state, select, people, messages, typing, form, text] =
  ["state", "room", "people", "messages", "typing", "say", "text"].map((id) => document.getElementById(id));
const unanswered = new Map();                // what was said and is not known to have been taken, by its key
let room = select.value, seen = null, socket = null, failures = 0, heardAt = 0, typedAt = 0, typingEnds = 0;

function connect() {
  const opened = socket = new WebSocket(nodes[failures % nodes.length]);
  heardAt = Date.now();
  socket.onopen = () => {
    state.textContent = "connected";
    send({ type: "join", room, after: seen });
    unanswered.forEach(send);
  };
  socket.onmessage = ({ data }) => {
    failures = 0;
    heardAt = Date.now();
    take(JSON.parse(data));
  };
  socket.onclose = () => {
    if (opened !== socket) return;           // given up already
    socket = null;
    state.textContent = "connecting again";
    const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** failures++);
    setTimeout(connect, longest * (0.5 + Math.random() / 2));
  };
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function take(event) {
  if (event.type === "said" || event.type === "refused") {
    unanswered.delete(event.key);
    const waiting = event.key && document.getElementById(event.key);
    if (waiting && event.type === "refused") waiting.append(` (not sent: ${event.reason})`);
    else waiting?.remove();
  }
  if (event.room !== room) return;
  if (event.type === "joined") seen = event.after;
  if (event.type === "gap") line("gap", "", "Some messages in between are not kept any more.");
  if (event.type === "present") people.replaceChildren(...event.users.map((user) => item(user)));
  if (event.type === "typing" && event.user !== me) {
    typing.textContent = `${event.user} is typing`;
    clearTimeout(typingEnds);
    typingEnds = setTimeout(() => { typing.textContent = ""; }, TYPING_MS);
  }
  if (event.type === "message" && event.number > seen) {
    seen = event.number;
    line("", event.user, event.text);
    typing.textContent = "";
  }
}

function item(content) {
  const element = document.createElement("li");
  element.textContent = content;             // text is text, whatever it looks like
  return element;
}

function line(kind, user, content, id = "") {
  const element = item(content), name = document.createElement("b");
  name.textContent = user;
  element.prepend(name);
  element.className = kind;
  if (id) element.id = id;
  const waiting = messages.querySelector(".waiting");
  messages.insertBefore(element, kind === "waiting" ? null : waiting);
  messages.scrollTop = messages.scrollHeight;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!text.value.trim()) return;
  const message = { type: "say", room, key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, text: text.value };
  unanswered.set(message.key, message);
  line("waiting", me, message.text, message.key);
  send(message);
  text.value = "";
});

text.addEventListener("input", () => {
  if (Date.now() - typedAt < TYPING_MS) return;
  typedAt = Date.now();
  send({ type: "typing", room });
});

select.addEventListener("change", () => {
  send({ type: "leave", room });
  room = select.value;
  seen = null;
  for (const list of [messages, people]) list.replaceChildren();
  send({ type: "join", room });
});

setInterval(() => {
  if (!socket) return;
  if (Date.now() - heardAt < SILENT_MS) return send({ type: "ping" });
  socket.close();
  socket.onclose();                          // at once: the other side may never close
}, PING_MS);

connect();
