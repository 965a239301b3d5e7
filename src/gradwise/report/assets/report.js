// Draws the figures that stand as JSON in the page, in the colours of the current theme.
(function () {
  "use strict";
  const report = JSON.parse(document.getElementById("figures").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const options = {
    responsive: true,
    displaylogo: false,
    displayModeBar: false, // it covered the legend; dragging zooms, a double click goes back
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
  };

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  function faint(hex, share) {
    const part = (at) => parseInt(hex.slice(at, at + 2), 16);
    return `rgba(${part(1)},${part(3)},${part(5)},${share})`;
  }

  function paintedTrace(trace) {
    if (!trace.meta) return trace;
    const tone = colour("tone-" + (trace.meta.tone % 6));
    return {
      ...trace,
      line: { ...trace.line, color: tone },
      marker: { size: 6, ...trace.marker, color: tone },
      fillcolor: faint(tone, 0.16),
    };
  }

  function paintedShape(shape) {
    const frame = /^frame-(.*)$/.exec(shape.name || "");
    if (shape.name === "limit") return { ...shape, line: { color: colour("muted"), width: 1, dash: "dot" } };
    if (frame) return { ...shape, line: { color: colour("tone-5"), width: 2 } };
    return { ...shape, fillcolor: faint(colour(shape.name), 0.14) };
  }

  function paintedNote(note) {
    const name = note.name === "limit" ? "muted" : note.name;
    return { ...note, font: { color: colour(name), size: 11 } };
  }

  function axis(given) {
    return {
      ...given,
      automargin: true,
      color: colour("muted"),
      gridcolor: colour("line"),
      linecolor: colour("line"),
      zeroline: false,
    };
  }

  function paintedLayout(layout) {
    return {
      margin: { l: 52, r: 14, t: 26, b: 40 },
      hovermode: "x unified",
      showlegend: true,
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      ...layout,
      autosize: true,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: colour("ink"), family: "system-ui, sans-serif", size: 12 },
      hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font: { color: colour("ink") } },
      xaxis: axis(layout.xaxis),
      yaxis: axis(layout.yaxis),
      shapes: (layout.shapes || []).map(paintedShape),
      annotations: (layout.annotations || []).map(paintedNote),
    };
  }

  function draw(figure) {
    const place = document.getElementById("plot-" + figure.name);
    return Plotly.react(place, figure.data.map(paintedTrace), paintedLayout(figure.layout), options);
  }

  function drawHeat() {
    const menu = document.getElementById("heat-menu");
    if (!menu) return Promise.resolve();
    const map = report.heat.find((choice) => choice.name === menu.value);
    const cells = map.data[0];
    const steps = cells.customdata;
    const labels = cells.text.map((row) => steps.map((step) => `${row}<br>step ${step.toLocaleString("en")}`));
    const data = [{ ...cells, customdata: undefined, text: labels, hovertemplate: "%{text}<br>%{z}<extra></extra>" }];
    data[0].colorbar = { ...cells.colorbar, tickfont: { color: colour("muted") }, outlinewidth: 0 };
    const layout = { ...paintedLayout(map.layout), hovermode: "closest", showlegend: false };
    layout.margin = { l: 60, r: 10, t: 10, b: 44 };
    layout.xaxis.showgrid = layout.yaxis.showgrid = false;
    return Plotly.react(document.getElementById("heat-plot"), data, layout, options);
  }

  async function drawAll() {
    for (const figure of report.figures) {
      await draw(figure);
      await new Promise((next) => setTimeout(next, 0)); // let the page scroll between plots
    }
    await drawHeat();
    document.documentElement.dataset.drawn = "yes";
  }

  const menu = document.getElementById("heat-menu");
  if (menu) menu.addEventListener("change", drawHeat);
  dark.addEventListener("change", drawAll);
  drawAll();
})();
