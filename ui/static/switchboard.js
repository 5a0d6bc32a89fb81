// One stream for everything that the open pages of a browser follow. It runs in a worker that they
// share, or, where there is none, in each page.

const address = "/dashboard/live";
const settle = 100; // ms that what is followed has to stay the same before the stream changes
const linger = 2000; // ms that a topic is still followed after its last page has gone: another comes
const remember = 60000; // ms that changes are kept for pages that are being loaded
const forget = 300000; // ms after which a page that says nothing has gone; hidden ones speak each minute
const steady = 5000; // ms after which an open stream counts as good
const firstWait = 500, longestWait = 30000; // ms between tries

// later tells whether a position, like L1769860800000000000-0 or B12, comes after another.
export function later(one, other) {
  if (!other) return true;
  const [a, b] = [one, other].map((position) => position.slice(1).split("-").map(BigInt));
  return a[0] > b[0] || (a[0] === b[0] && (a[1] ?? 0n) > (b[1] ?? 0n));
}

// nameOf is the position of a line, which is the id of its element: <li id="…
export const nameOf = (html) => html.slice(8, html.indexOf('"', 8));

const withPosition = ([topic, after]) => (after ? `${topic}${topic.includes("?") ? "&" : "?"}after=${after}` : topic);

export class Switchboard {
  #pages = new Map(); // tell -> {topics, born, heard}
  #positions = new Map(); // topic -> where it goes on; empty for topics without lines
  #since = new Map(); // topic, or "" for one's own projects -> when its changes began to be heard
  #changes = []; // of the last minute
  #late = new Set(); // pages that may have missed changes
  #source = null; // the stream that is open
  #next = null; // the one that is being opened
  #followed = null; // the topics of the newest of them
  #rewound = false; // a page needs lines that have gone by
  #over = false; // the log-in has ended
  #tries = 0;
  #timer = 0;
  #good = 0;

  constructor() {
    setInterval(() => this.#sweep(), 30000);
  }

  // hello says what a page follows, with positions, and since when (ms) it may not know of changes.
  hello(tell, topics, born) {
    for (const [topic, after] of topics) {
      const known = this.#positions.get(topic);
      if (known && after && later(known, after)) this.#rewound = true;
      if (known === undefined || (after && later(known, after))) this.#positions.set(topic, after);
    }
    const names = topics.map(([topic]) => topic);
    this.#pages.set(tell, { topics: new Set(names), born, heard: Date.now() });
    this.#over = false;
    if (this.#source) tell({ kind: "state", live: true });
    const heard = ["", ...names.filter((topic) => topic.startsWith("project/"))];
    if (heard.every((topic) => this.#since.get(topic) <= born)) {
      for (const change of this.#changes) if (change.at >= born) tell(change.message);
    } else this.#late.add(tell);
    this.#plan(this.#tries ? undefined : settle);
  }

  // beat says that a page is still there; one that was forgotten is asked to say hello.
  beat(tell) {
    const page = this.#pages.get(tell);
    if (page) page.heard = Date.now();
    else tell({ kind: "hello" });
  }

  bye(tell) {
    this.#pages.delete(tell);
    this.#late.delete(tell);
    this.#plan(linger);
  }

  // wake tries now what waits to be tried again.
  wake() {
    if (!this.#source && !this.#next && this.#pages.size) this.#plan(0);
  }

  #sweep() {
    for (const [tell, page] of this.#pages) if (Date.now() - page.heard > forget) this.bye(tell);
    this.#changes = this.#changes.filter((change) => Date.now() - change.at < remember);
  }

  // plan has the stream looked at in a while. That grows with every try, and differs between browsers
  // that have lost the same server.
  #plan(wait = Math.min(longestWait, firstWait * 2 ** Math.min(this.#tries, 10)) * (0.5 + Math.random())) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), wait);
  }

  // open changes to a stream of the topics of now. The one before stays until the next is there, so
  // that nothing is missed between.
  #open() {
    if (!this.#pages.size) return this.#close();
    const topics = this.#topics();
    const followed = JSON.stringify([...topics.keys()].sort());
    if (this.#over || (followed === this.#followed && !this.#rewound)) return;
    this.#followed = followed;
    this.#rewound = false;
    this.#next?.close();
    const query = [...topics].map((one) => "topic=" + encodeURIComponent(withPosition(one))).join("&");
    const source = (this.#next = new EventSource(`${address}?${query}`));
    source.onopen = () => this.#opened(source, topics);
    source.onerror = () => this.#broke(source);
    const on = (kind, then) => source.addEventListener(kind, (event) => then({ ...JSON.parse(event.data), kind }));
    on("change", (message) => this.#changed(message));
    on("lines", (message) => this.#lines(message));
    on("end", (message) => this.#ended(message));
    on("fail", (message) => (message.topic ? this.#ended(message) : this.#logOut(message)));
  }

  // topics are those that pages follow, with positions; the others are forgotten.
  #topics() {
    const topics = new Map();
    for (const page of this.#pages.values()) for (const topic of page.topics) topics.set(topic, this.#positions.get(topic) ?? "");
    this.#positions = new Map(topics);
    return topics;
  }

  #opened(source, topics) {
    this.#source?.close();
    this.#source = source;
    this.#next = null;
    const now = Date.now();
    this.#since = new Map(["", ...topics.keys()].map((topic) => [topic, this.#since.get(topic) ?? now]));
    this.#tell({ kind: "state", live: true });
    for (const tell of this.#late) tell({ kind: "missed" });
    this.#late.clear();
    this.#good = setTimeout(() => { this.#tries = 0; }, steady);
  }

  #broke(source) {
    const refused = source.readyState === EventSource.CLOSED;
    source.close();
    clearTimeout(this.#good);
    if (source === this.#source) {
      this.#source = null;
      this.#since.clear();
      this.#late = new Set(this.#pages.keys());
      this.#tell({ kind: "state", live: false });
      if (this.#next) return;
    } else this.#next = null;
    this.#followed = null;
    this.#plan();
    this.#tries++;
    if (refused) this.#ask();
  }

  // ask finds out whether a stream was refused because nobody is logged in: it cannot say so itself.
  async #ask() {
    try {
      const answer = await fetch(address, { method: "HEAD", redirect: "manual" });
      if (answer.type === "opaqueredirect" || answer.status === 401) this.#logOut({ kind: "fail" });
    } catch {
      // The server is away; it is tried again anyway.
    }
  }

  #logOut(message) {
    this.#over = true;
    this.#tell(message);
    this.#close();
  }

  #close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#good);
    for (const source of [this.#source, this.#next]) source?.close();
    this.#source = this.#next = this.#followed = null;
    this.#since.clear();
  }

  #changed(message) {
    this.#changes.push({ at: Date.now(), message });
    this.#tell(message);
  }

  #lines(message) {
    for (const html of message.html) {
      const name = nameOf(html);
      if (later(name, this.#positions.get(message.topic))) this.#positions.set(message.topic, name);
    }
    this.#tell(message);
  }

  // ended is a topic of which nothing more comes.
  #ended(message) {
    this.#tell(message);
    for (const page of this.#pages.values()) page.topics.delete(message.topic);
  }

  // tell says something to every page, or, when it is about a topic, to those that follow it.
  #tell(message) {
    for (const [tell, page] of this.#pages) if (!message.topic || page.topics.has(message.topic)) tell(message);
  }
}
