// Graphs tell their values: at the pointer, and with the arrow keys while one has the focus. The server
// draws them; what is shown here is read from their attributes, and lies over the page, so that a
// region with a graph can be replaced at any time.

const prefixes = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

// write is a value as templates/unit.go writes it.
function write(unit, value) {
  switch (unit) {
    case "percent": return digits(value) + "%";
    case "bytes": return bytes(value);
    case "bytes/s": return bytes(value) + "/s";
    case "per-second": return thousands(value) + "/s";
    case "seconds": return value < 0.9995 ? digits(value * 1000) + " ms" : digits(value) + " s";
  }
  return thousands(value);
}

function bytes(value) {
  let at = 0;
  for (; value >= 1023.5 && at < prefixes.length - 1; at++) value /= 1024;
  return digits(value) + " " + prefixes[at];
}

function thousands(value) {
  return value >= 9999.5 ? digits(value / 1000) + "k" : digits(value);
}

function digits(value) {
  const decimals = value < 0.0995 ? 4 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return String(Number(value.toFixed(decimals)));
}

// read takes a drawing's values out of its attributes, and where they are.
function read(drawing) {
  const chart = drawing.closest("[data-chart]").dataset;
  const plot = drawing.querySelector(".chart-plot");
  const curves = [...plot.querySelectorAll("[data-values]")].map((path) => ({
    name: path.dataset.name,
    look: path.getAttribute("class").split(" ").pop(),
    values: path.dataset.values.split(",").map((text) => (text === "" ? NaN : Number(text))),
  }));
  const last = Math.max(0, ...curves.map((curve) => curve.values.length - 1)); // the number of the newest value
  const start = Number(chart.start), step = Number(chart.step);
  return {
    unit: chart.unit, start, step, last, end: start + last * step, curves,
    highest: Number(chart.top), top: Number(plot.getAttribute("y")), height: Number(plot.getAttribute("height")),
  };
}

// over lies over the page: a line and dots at the time whose values tip tells.
const over = document.createElement("div");
over.className = "chart-over";
const tip = element("div", "chart-tip", "");
tip.hidden = true;
over.append(tip);
document.body.append(over);

function element(name, look, text) {
  const made = document.createElement(name);
  made.className = look;
  made.textContent = text;
  return made;
}

// shown is the drawing that tells its values, at which time, and whether it was asked by a key.
let shown = null;

// show tells the values at the time that is nearest.
function show(drawing, time, byKey) {
  const chart = read(drawing);
  const at = Math.min(chart.last, Math.max(0, Math.round((time - chart.start) / chart.step)));
  shown = { id: drawing.id, drawing, time: chart.start + at * chart.step, byKey };
  const list = document.createElement("dl");
  const dots = [];
  for (const curve of chart.curves) {
    const value = curve.values[at];
    const known = value !== undefined && !Number.isNaN(value);
    list.append(element("dt", curve.look, curve.name), element("dd", "", known ? write(chart.unit, value) : "not measured"));
    if (known) dots.push({ look: curve.look, y: chart.top + chart.height * (1 - value / chart.highest) });
  }
  tip.setAttribute("aria-live", byKey ? "polite" : "off");
  tip.hidden = false;
  tip.replaceChildren(element("p", "chart-when", when(shown.time, chart.end - chart.start)), list);
  place(drawing.getBoundingClientRect(), chart.last === 0 ? 0 : at / chart.last, chart, dots);
}

// place puts line and dots where they belong, and the tip beside them, on the side that has room.
function place(frame, share, chart, dots) {
  const origin = over.getBoundingClientRect();
  const x = frame.left - origin.left + share * frame.width;
  const y = frame.top - origin.top;
  const put = (look, left, top) => {
    const made = over.insertBefore(element("i", look, ""), tip);
    made.style.left = left + "px";
    made.style.top = top + "px";
    return made;
  };
  clear();
  put("chart-cursor", x, y + chart.top).style.height = chart.height + "px";
  for (const dot of dots) put("chart-dot " + dot.look, x, y + dot.y);
  const left = share < 0.5 ? x + 12 : x - 12 - tip.offsetWidth;
  tip.style.left = Math.max(0, Math.min(left, origin.width - tip.offsetWidth)) + "px";
  tip.style.top = y + chart.top + "px";
}

function clear() {
  over.querySelectorAll("i").forEach((made) => made.remove());
}

function hide() {
  shown = null;
  tip.hidden = true;
  clear();
}

// when is a time in UTC, with its day where the chart is as long as one.
function when(time, span) {
  const at = new Date(time * 1000);
  const clock = at.toISOString().slice(11, span < 7200 ? 19 : 16) + " UTC";
  return span < 80000 ? clock : at.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }) + ", " + clock;
}

function drawingOf(event) {
  return event.target instanceof Element ? event.target.closest("[data-chart] .chart-drawing") : null;
}

function point(event) {
  const drawing = drawingOf(event);
  if (!drawing) {
    if (shown && !shown.byKey) hide();
    return;
  }
  const frame = drawing.getBoundingClientRect();
  const chart = read(drawing);
  show(drawing, chart.start + ((event.clientX - frame.left) / frame.width) * (chart.end - chart.start), false);
}

document.addEventListener("pointermove", point);
document.addEventListener("pointerdown", point);

document.addEventListener("keydown", (event) => {
  const drawing = drawingOf(event);
  if (!drawing || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape") {
    hide();
    return;
  }
  const chart = read(drawing);
  const from = shown && shown.id === drawing.id ? shown.time : chart.end + chart.step;
  const to = { ArrowLeft: from - chart.step, ArrowRight: from + chart.step, Home: chart.start, End: chart.end }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  show(drawing, to, true);
});

// The focus that leaves a drawing because that is replaced comes back at once.
document.addEventListener("focusout", () => setTimeout(() => {
  if (shown && shown.byKey && document.activeElement?.id !== shown.id) hide();
}));

addEventListener("resize", hide);

// A drawing that was replaced by a newer one goes on telling the same time.
new MutationObserver(() => {
  if (!shown || shown.drawing.isConnected) return;
  const drawing = document.getElementById(shown.id);
  if (drawing) show(drawing, shown.time, shown.byKey);
  else hide();
}).observe(document.body, { childList: true, subtree: true });
