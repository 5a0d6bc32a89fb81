// Regions follow what happens: when something of the page has changed the same page is fetched again,
// and the elements named by data-live that differ are replaced. What a person does there is kept.
import { watch } from "./live.js";

const { watch: watched, every } = document.body.dataset;
const page = location.href.split("#")[0];
const pause = 500; // ms between two fetches
const afterFailure = 5000;

const regionsOf = (of) => new Map([...of.querySelectorAll("[data-live]")].map((region) => [region.dataset.live, region]));

// made is each region as the server made it: scripts and people change it afterwards.
const made = new Map([...regionsOf(document)].map(([name, region]) => [name, region.outerHTML]));
let due = false, busy = false, timer = 0, next = 0;
let kept = false; // a region is old because somebody types in it

function look() {
  due = true;
  plan();
}

// plan has the page looked at, not too often, and while somebody sees it.
function plan(wait = 30) {
  if (!due || busy || document.hidden) return;
  clearTimeout(timer);
  timer = setTimeout(run, Math.max(wait, next - Date.now()));
}

async function run() {
  due = false;
  busy = true;
  let wait;
  try {
    await refresh();
  } catch {
    due = true; // the server is away; what it missed is asked for when it is back
    wait = afterFailure;
  }
  busy = false;
  next = Date.now() + pause;
  plan(wait);
}

async function refresh() {
  const answer = await fetch(page, { headers: { Accept: "text/html" } });
  if (answer.redirected || answer.status === 401 || answer.status === 404) return location.reload();
  if (!answer.ok) throw new Error(answer.statusText);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (document.title !== fresh.title) document.title = fresh.title;
  const there = regionsOf(document), wanted = regionsOf(fresh);
  if (wanted.size !== there.size || [...wanted.keys()].some((name) => !there.has(name))) return rebuild(fresh, wanted);
  let changed = false;
  for (const [name, region] of wanted) {
    const html = region.outerHTML, old = there.get(name);
    if (!old || made.get(name) === html) continue;
    if (typesIn(old)) {
      kept = true;
      continue;
    }
    made.set(name, html);
    replace(old, document.importNode(region, true));
    changed = true;
  }
  if (changed) document.dispatchEvent(new Event("live"));
}

// rebuild is for a page that has become another one: the first push came, or the last project went.
function rebuild(fresh, wanted) {
  const old = document.querySelector("main");
  if (typesIn(old)) {
    kept = true;
    return;
  }
  made.clear();
  for (const [name, region] of wanted) made.set(name, region.outerHTML);
  replace(old, document.importNode(fresh.querySelector("main"), true));
  document.dispatchEvent(new Event("live"));
}

// typesIn tells whether somebody is in a field of a region, or has changed one.
function typesIn(region) {
  const active = document.activeElement;
  if (region.contains(active) && active.matches("input, select, textarea")) return true;
  return [...region.querySelectorAll("input, textarea, select")].some((field) => {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.type === "hidden") return false;
    if (field.matches("select")) return [...field.options].some((option) => option.selected !== option.defaultSelected) && field.selectedIndex > 0;
    return field.value !== field.defaultValue;
  });
}

// replace keeps what is open, where the focus is and how far things are scrolled.
function replace(old, region) {
  const pairs = [...old.querySelectorAll("details, [data-lines], summary, a, button, [tabindex]")].map((element) => [element, twin(element, old, region)]);
  const active = document.activeElement;
  let focused = null;
  const scrolled = [];
  for (const [element, other] of pairs) {
    if (!other) continue;
    if (element.matches("details")) other.open = element.open;
    if (element === active) focused = other;
    if (element.scrollTop || element.scrollLeft) scrolled.push([other, element.scrollTop, element.scrollLeft]);
    if (element.matches("[data-lines]")) other.replaceWith(element);
  }
  old.replaceWith(region);
  for (const [element, top, left] of scrolled) element.scrollTo(left, top);
  focused?.focus({ preventScroll: true });
}

// twin is the element of the new region that is the same to a person: by its id, else by what it is
// called or leads to, else by its place among those.
function twin(element, old, region) {
  if (element.id) return region.querySelector(`#${CSS.escape(element.id)}`);
  const same = (other) => other.tagName === element.tagName && mark(other) === mark(element);
  const place = [...old.querySelectorAll(element.tagName)].filter(same).indexOf(element);
  return [...region.querySelectorAll(element.tagName)].filter(same)[place];
}

const mark = (element) => element.getAttribute("href") ?? element.dataset.lines ?? element.querySelector("summary")?.textContent ?? element.textContent;

if (watched) watch(watched.startsWith("project/") ? watched : "", (project) => { if (!project || watched === "projects" || watched === `project/${project}`) look(); });
if (every) setInterval(look, every * 1000);
document.addEventListener("visibilitychange", () => plan());
document.addEventListener("focusout", () => {
  if (kept) look();
  kept = false;
});
