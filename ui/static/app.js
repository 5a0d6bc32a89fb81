// What every page of the dashboard gets from JavaScript: copying, searching, and being live. Pages work
// without any of it. What keeps a page live comes first: it sees the page as the server made it.
import "./refresh.js";

// Commands that people type elsewhere can be copied with a click. Browsers let pages do that over TLS
// and on localhost only.
function offerCopies(within) {
  if (!navigator.clipboard) return;
  for (const code of within.querySelectorAll("[data-copy]:not(:has(button))")) {
    const text = code.textContent;
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Copy";
    button.setAttribute("aria-label", `Copy ${text}`);
    button.innerHTML = '<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M7.5 7.5v-5h10v10h-5m-10-5h10v10h-10z"/></svg>';
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text);
      button.title = "Copied";
      button.firstChild.firstChild.setAttribute("d", "m4 10.5 4 4 8-9");
      setTimeout(() => { button.remove(); offerCopies(code.parentNode); }, 1500);
    });
    code.append(button);
  }
}

// Searching the list of projects needs no round trip while all are on the page.
function offerSearch() {
  const field = document.querySelector("[data-search]");
  if (!field) return;
  const narrow = () => {
    const wanted = field.value.trim().toLowerCase();
    for (const row of document.querySelectorAll("[data-name]")) row.hidden = !row.dataset.name.includes(wanted);
  };
  field.addEventListener("input", narrow);
  document.addEventListener("live", narrow);
}

// "/" leads to the field that searches or filters, from wherever one does not type.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const field = document.querySelector('[aria-keyshortcuts="/"]');
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
});

// An open question closes on Escape and on a click elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll("details.ask[open]")) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.ask[open]")) if (!open.contains(event.target)) open.open = false;
});

// A form that was sent is not sent again by a second click.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  setTimeout(() => { for (const button of event.target.querySelectorAll("button")) button.disabled = true; });
});
addEventListener("pageshow", () => { for (const button of document.querySelectorAll("form button:disabled")) button.disabled = false; });

offerCopies(document);
offerSearch();
document.addEventListener("live", () => offerCopies(document));

if (document.querySelector("[data-env]")) import("./env.js");

// Logs go on, and graphs tell their values.
function offerMore() {
  if (document.querySelector("[data-lines]")) import("./lines.js");
  if (document.querySelector("[data-chart]")) import("./chart.js");
}
offerMore();
document.addEventListener("live", offerMore);
