// What a page follows, through the worker that all pages share or by itself.
import { Switchboard, later, nameOf } from "./switchboard.js";

const beatEvery = 20000;
const patience = 3000; // ms for the worker to answer, and before somebody is told that the stream broke

const positions = new Map(); // topic -> where the page goes on
const listeners = new Set(); // of {topic, hear}; those without a topic hear of changes
let say = null; // to the worker or the page's own switchboard
let born = performance.timeOrigin;
let asked = false;

// follow calls hear with the messages of a topic: lines, end and fail.
export function follow(topic, after, hear) {
  positions.set(topic, after);
  listeners.add({ topic, hear });
  ask();
}

// watch calls hear whenever something of a project has changed: with its id, or with nothing when
// changes may have been missed.
export function watch(topic, hear) {
  if (topic) positions.set(topic, "");
  listeners.add({ hear });
  ask();
}

// ask says hello once for everything that is followed in this turn.
function ask() {
  if (asked) return;
  asked = true;
  queueMicrotask(() => {
    asked = false;
    if (say) hello();
    else begin();
  });
}

const hello = () => say("hello", [...positions], born);

function begin() {
  let worker;
  try {
    worker = new SharedWorker(new URL("worker.js", import.meta.url), { type: "module", name: "live" });
  } catch {
    return alone();
  }
  const waiting = setTimeout(alone, patience);
  worker.onerror = () => { clearTimeout(waiting); alone(); };
  worker.port.onmessage = ({ data }) => {
    clearTimeout(waiting);
    if (!say) say = (what, topics, since) => worker.port.postMessage({ say: what, topics, born: since });
    if (data.kind === "welcome") hello();
    else hear(data);
  };
}

// alone is a page without a worker: browsers that have none, or do not let it start.
function alone() {
  if (say) return;
  const board = new Switchboard();
  say = (what, topics, since) => board[what](hear, topics, since);
  hello();
}

function hear(message) {
  switch (message.kind) {
    case "state":
      return show(message.live);
    case "change":
    case "missed":
      return changed(message.project);
    case "hello":
      return again();
    case "fail":
      if (!message.topic) return location.reload(); // which leads to the log-in
      break;
    case "lines":
      for (const name of message.html.map(nameOf)) if (later(name, positions.get(message.topic))) positions.set(message.topic, name);
  }
  for (const listener of listeners) if (listener.topic === message.topic) listener.hear(message);
  if (message.kind === "lines") return;
  positions.delete(message.topic);
  if (message.topic.startsWith("project/")) changed();
}

function changed(project) {
  for (const listener of listeners) if (!listener.topic) listener.hear(project);
}

// again is for a page that was forgotten, or away: it may have missed anything.
function again() {
  born = Date.now();
  hello();
  changed();
}

// show says that the page is not live, when that lasts.
let broken = 0;
function show(live) {
  const note = document.querySelector("[data-live-state]");
  clearTimeout(broken);
  if (live) note.textContent = "";
  else broken = setTimeout(() => { note.textContent = "The connection is lost. It is tried again."; }, patience);
}

setInterval(() => say?.("beat"), beatEvery);
addEventListener("pagehide", () => say?.("bye"));
addEventListener("pageshow", (event) => { if (event.persisted && say) again(); });
addEventListener("online", () => say?.("wake"));
document.addEventListener("visibilitychange", () => { if (!document.hidden) say?.("wake"); });
