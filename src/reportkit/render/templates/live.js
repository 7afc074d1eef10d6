(() => {
"use strict";
const colours = __COLOURS__;
const night = window.matchMedia("(prefers-color-scheme: dark)");
const config = {displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, showTips: false};
const hued = (text) => text.replace(/#[0-9a-f]{6}/gi, (c) => {
  const pair = colours[c.toLowerCase()];
  return pair ? pair[night.matches ? "dark" : "light"] : c;
});
const wash = () => getComputedStyle(document.documentElement).getPropertyValue("--rk-wash").trim();
// On a phone the names at the line ends move above their lines, and the margin that held them goes.
const narrowed = (layout, traces) => {
  const margin = layout.margin || {l: 38, r: 14};
  layout.margin = Object.assign({}, margin, {l: Math.min(margin.l, 38), r: Math.min(margin.r, 14)});
  // Each name stands above its line, below the words of the axis, and clear of the others.
  for (const note of layout.annotations || []) {
    if (note.name === "wide") { note.visible = false; }
    if (note.name === "narrow") { note.visible = true; }
  }
  const plot = layout.height - margin.t - margin.b;
  const top = layout.yaxis && layout.yaxis.range ? layout.yaxis.range[1] : 1;
  let free = 9;
  const ends = (layout.annotations || []).filter((note) => note.name === "end").sort((a, b) => b.y - a.y);
  for (const note of ends) {
    const at = Math.min(plot - 9, Math.max(free, (1 - note.y / top) * plot - 13));
    free = at + 18;
    Object.assign(note, {xanchor: "right", xshift: 0, y: top * (1 - at / plot), yanchor: "middle", borderpad: 1, bgcolor: wash()});
  }
  if (layout.showlegend) {
    layout.margin.b = 22 + 20 * traces;
    layout.margin.t = 8;
    layout.margin.r = margin.r;
    layout.height += 20 * traces - 8;
    layout.legend = Object.assign({}, layout.legend, {y: -0.02, yanchor: "top", orientation: "v"});
  }
  return layout;
};
const draw = (chart) => {
  const figure = JSON.parse(hued(document.getElementById(chart.dataset.live + "-data").textContent));
  const narrow = chart.clientWidth < 520;
  let target = chart.querySelector(".rk-live");
  if (!target) {
    target = document.createElement("div");
    target.className = "rk-live";
    target.setAttribute("aria-hidden", "true");
    chart.appendChild(target);
  }
  chart.dataset.narrow = narrow;
  return window.Plotly.react(target, figure.data, narrow ? narrowed(figure.layout, figure.data.length) : figure.layout, config)
    .then(() => chart.classList.add("rk-on"));
};
const charts = Array.from(document.querySelectorAll("[data-live]"));
const all = () => Promise.all(charts.map(draw)).then(() => { document.documentElement.dataset.charts = "drawn"; });
document.fonts.ready.then(all);
night.addEventListener("change", all);
window.addEventListener("resize", () => {
  for (const chart of charts) {
    if (String(chart.clientWidth < 520) !== chart.dataset.narrow) { draw(chart); }
  }
});
})();
