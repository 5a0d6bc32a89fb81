// Logs that go on: lines are added as they come, the end is followed unless somebody reads further up
// or has paused, and a link marks its line.
import { follow } from "./live.js";
import { later, nameOf } from "./switchboard.js";

const most = 5000; // lines of one log on the page; the oldest go
const near = 40; // px from the end that count as being there

const counted = (n) => `${n.toLocaleString("en")} new ${n === 1 ? "line" : "lines"}`;

class Log {
  #box;
  #list;
  #note;
  #known; // the names of the lines that are there or wait
  #gone = ""; // the newest line that is there no more; older ones are not added again
  #waiting = []; // what came while paused
  #unread = 0; // what was added below what is seen
  #pause;
  #jump;

  constructor(box) {
    this.#box = box;
    this.#list = box.querySelector("ol");
    this.#note = box.parentElement.querySelector("[data-lines-count]");
    this.#known = new Set([...this.#list.children].map((line) => line.id));
    if ("earlier" in box.dataset && this.#list.firstElementChild) this.#gone = this.#list.firstElementChild.id;
    this.#marks();
    this.#keys();
    if (box.dataset.lines) this.#goOn();
  }

  #goOn() {
    this.#pause = this.#box.parentElement.querySelector("[data-lines-pause]");
    this.#pause.addEventListener("click", () => this.#toggle());
    this.#jump = document.createElement("button");
    Object.assign(this.#jump, { type: "button", className: "lines-jump", hidden: true });
    this.#jump.addEventListener("click", () => this.#toEnd());
    this.#box.after(this.#jump);
    this.#box.addEventListener("scroll", () => { if (this.#atEnd()) this.#read(); }, { passive: true });
    this.#say("Live");
    follow(this.#box.dataset.lines, this.#box.dataset.after, (message) => this.#hear(message));
  }

  #hear(message) {
    if (message.kind === "lines") {
      const fresh = message.html.filter((html) => this.#isNew(nameOf(html)));
      if (this.#paused()) this.#hold(fresh);
      else this.#add(fresh);
      return;
    }
    if (this.#paused()) this.#toggle();
    this.#pause.remove();
    this.#say(message.kind === "end" ? "" : message.message);
  }

  #isNew(name) {
    if (this.#known.has(name) || !later(name, this.#gone)) return false;
    this.#known.add(name);
    return true;
  }

  #add(lines) {
    if (!lines.length) return;
    const follows = this.#atEnd();
    const template = document.createElement("template");
    template.innerHTML = lines.join("");
    this.#list.append(template.content);
    while (this.#list.childElementCount > most) {
      this.#forget(this.#list.firstElementChild.id);
      this.#list.firstElementChild.remove();
    }
    if (follows) return this.#toEnd();
    this.#unread += lines.length;
    this.#jump.textContent = `↓ ${counted(this.#unread)}`;
    this.#jump.hidden = false;
  }

  #hold(lines) {
    this.#waiting.push(...lines);
    for (const html of this.#waiting.splice(0, this.#waiting.length - most)) this.#forget(nameOf(html));
    this.#say(this.#waiting.length ? `Paused, ${counted(this.#waiting.length)}` : "Paused");
  }

  #forget(name) {
    this.#known.delete(name);
    if (later(name, this.#gone)) this.#gone = name;
  }

  #paused() {
    return this.#pause.getAttribute("aria-pressed") === "true";
  }

  #toggle() {
    const pauses = !this.#paused();
    this.#pause.setAttribute("aria-pressed", String(pauses));
    this.#pause.querySelector("span").textContent = pauses ? "Go on" : "Pause";
    this.#say(pauses ? "Paused" : "Live");
    this.#add(this.#waiting.splice(0));
  }

  #atEnd() {
    return this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight < near;
  }

  #toEnd() {
    this.#box.scrollTop = this.#box.scrollHeight;
    this.#read();
  }

  #read() {
    this.#unread = 0;
    this.#jump.hidden = true;
  }

  #say(text) {
    if (this.#note.textContent !== text) this.#note.textContent = text;
  }

  // marks shows the line that the address names, and makes the address of one that is clicked.
  #marks() {
    const marked = location.hash && this.#list.querySelector(`#${CSS.escape(location.hash.slice(1))}`);
    if (marked) {
      this.#mark(marked);
      marked.scrollIntoView({ block: "center" });
    } else this.#box.scrollTop = this.#box.scrollHeight;
    this.#list.addEventListener("click", (event) => {
      const link = event.target.closest("a.at");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      history.replaceState(null, "", link.href);
      this.#mark(link.parentElement);
    });
  }

  // keys lead from the box to its lines and among them: a log has too many for the Tab key.
  #keys() {
    this.#box.addEventListener("keydown", (event) => {
      const line = event.target.closest("li");
      const to = {
        Enter: line ? null : this.#list.querySelector(".marked") ?? this.#list.lastElementChild,
        ArrowUp: line?.previousElementSibling, ArrowDown: line?.nextElementSibling, Escape: line && this.#box,
      }[event.key];
      if (!to) return;
      event.preventDefault();
      (to.querySelector(":scope > a.at") ?? to).focus();
    });
  }

  #mark(line) {
    for (const other of this.#list.querySelectorAll(".marked")) other.classList.remove("marked");
    line.classList.add("marked");
  }
}

const begun = new WeakSet();

function begin() {
  for (const box of document.querySelectorAll("[data-lines]")) {
    if (begun.has(box)) continue;
    begun.add(box);
    new Log(box);
  }
}
begin();
document.addEventListener("live", begin);
