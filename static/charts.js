// Charts, each drawn from the HTML table that it stands beside: <div data-chart-of="the table's id"> becomes the canvas
// of <table data-chart="line | bar | half-doughnut">. The first column names the points, each column whose heading has
// data-series is a line (data-series="dim": one to compare with, in the background); a cell's data-value (minor units) is
// its height, and its text is what the tooltip says.
"use strict";

(() => {
  const drawn = new Map(); // box → { chart, seen }: seen is what it was drawn from
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)");
  const PALETTE = [1, 2, 3, 4, 5, 6, 7, 8].map((place) => `--chart-${place}`);
  const POINTS_MAX = 60;

  // What a custom property means here and now, light or dark.
  const colour = (box, name) => {
    box.style.color = `var(${name})`;
    const found = getComputedStyle(box).color;
    box.style.color = "";
    return found;
  };

  const faint = (opaque) => opaque.replace("rgb(", "rgba(").replace(")", ", 0.1)");

  const readTable = (table) => {
    const rows = [...table.tBodies[0].rows];
    const headings = [...table.tHead.rows[0].cells];
    const series = headings.flatMap((heading, place) => ("series" in heading.dataset ? [place] : []));
    return {
      labels: rows.map((row) => row.cells[0].textContent.trim()),
      links: rows.map((row) => row.cells[0].querySelector("a")?.href),
      rest: rows.map((row) => "rest" in row.dataset),
      details: rows.map((row) =>
        headings.flatMap((heading, place) =>
          "detail" in heading.dataset
            ? [`${heading.textContent.trim()}: ${row.cells[place].textContent.trim()}`]
            : [],
        ),
      ),
      series: series.map((place) => ({
        name: headings[place].textContent.trim(),
        isDim: headings[place].dataset.series === "dim",
        values: rows.map((row) => Number(row.cells[place].dataset.value) / 100),
        texts: rows.map((row) => row.cells[place].textContent.trim()),
      })),
    };
  };

  // A point for each of many days would hide the line: then they show only under the pointer.
  const points = (count) => ({ pointRadius: count > POINTS_MAX ? 0 : 4, pointHoverRadius: count > POINTS_MAX ? 5 : 7 });

  const dim = (shade) => ({
    borderColor: shade,
    pointBackgroundColor: shade,
    borderDash: [5, 4],
    borderWidth: 1.5,
    fill: false,
    pointRadius: 0,
    pointHoverRadius: 4,
    order: 1,
  });

  const datasets = (box, kind, { series, rest }) => {
    const palette = PALETTE.map((name) => colour(box, name));
    const surface = colour(box, "--chart-surface");
    const fills = {
      line: (place) => faint(palette[place % palette.length]),
      bar: (place) => palette[place % palette.length],
      "half-doughnut": () =>
        rest.map((isRest, place) => (isRest ? colour(box, "--chart-rest") : palette[place % palette.length])),
    };
    return series.map(({ name, isDim, values, texts }, place) => ({
      label: name,
      data: values,
      texts,
      borderColor: kind === "half-doughnut" ? surface : palette[place % palette.length],
      backgroundColor: fills[kind](place),
      pointBackgroundColor: palette[place % palette.length],
      fill: "origin",
      borderWidth: kind === "bar" ? 0 : 2, // around a bar it shows as a seam
      borderRadius: kind === "bar" ? 3 : 0,
      cubicInterpolationMode: "monotone",
      ...points(values.length),
      pointBorderColor: surface,
      pointBorderWidth: 2,
      borderDash: [],
      order: 0,
      ...(isDim ? dim(colour(box, "--chart-rest")) : {}),
    }));
  };

  // «вт, 24 нояб.» stands in two lines under its point.
  const label = (text) => text.split(", ");

  const scales = (box) => {
    // Not each browser knows Belarusian; «тыс.» is the same in Russian.
    const compact = new Intl.NumberFormat([document.documentElement.lang, "ru"], { notation: "compact" });
    const text = colour(box, "--chart-text");
    const font = { size: 12, family: getComputedStyle(box).fontFamily };
    const quiet = { display: false };
    return {
      x: { grid: quiet, border: quiet, ticks: { color: text, font, maxRotation: 0, autoSkipPadding: 8 } },
      y: {
        beginAtZero: true,
        border: quiet,
        grid: { color: colour(box, "--chart-grid") },
        ticks: { color: text, font, maxTicksLimit: 5, callback: (value) => compact.format(value) },
      },
    };
  };

  const round = ({ links }) => ({
    rotation: -90,
    circumference: 180,
    cutout: "68%",
    onHover: ({ native }, [slice]) => {
      native.target.style.cursor = slice && links[slice.index] ? "pointer" : "";
    },
    onClick: (_event, [slice]) => {
      if (slice && links[slice.index]) location.assign(links[slice.index]);
    },
  });

  // It stands there at once, and moves only when its figures change.
  const options = (box, kind, figures, isFirst) => {
    const isRound = kind === "half-doughnut";
    return {
      responsive: true,
      maintainAspectRatio: false,
      animation: isFirst || isCalm.matches ? false : { duration: 300 },
      interaction: { mode: isRound ? "nearest" : "index", intersect: isRound },
      ...(isRound ? round(figures) : { scales: scales(box) }),
      plugins: {
        legend: {
          display: !isRound && figures.series.length > 1,
          align: "end",
          labels: { color: colour(box, "--chart-text"), boxWidth: 24, boxHeight: 0 },
        },
        tooltip: {
          displayColors: isRound || figures.series.length > 1,
          callbacks: {
            title: ([item]) => figures.labels[item.dataIndex],
            label: ({ dataset, dataIndex }) => `${dataset.label}: ${dataset.texts[dataIndex]}`,
            afterLabel: ({ datasetIndex, dataIndex }) => (datasetIndex ? [] : figures.details[dataIndex]),
          },
        },
      },
    };
  };

  const canvasOf = (box, table) => {
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", table.caption.textContent.trim());
    box.replaceChildren(canvas);
    return canvas;
  };

  const draw = (box) => {
    const table = document.getElementById(box.dataset.chartOf);
    if (!table) return;
    const kind = table.dataset.chart;
    const figures = readTable(table);
    const seen = JSON.stringify([kind, figures]);
    const before = drawn.get(box);
    if (before?.seen === seen) return;
    const data = { labels: figures.labels.map(label), datasets: datasets(box, kind, figures) };
    if (before) {
      // In place, so that what has not changed stays where it is, and the rest moves there.
      data.datasets.forEach((dataset, place) => Object.assign((before.chart.data.datasets[place] ??= {}), dataset));
      before.chart.data.datasets.length = data.datasets.length;
      before.chart.data.labels = data.labels;
      before.chart.options = options(box, kind, figures, false);
      before.chart.update();
      before.seen = seen;
      return;
    }
    const type = kind === "half-doughnut" ? "doughnut" : kind;
    const chart = new Chart(canvasOf(box, table), { type, data, options: options(box, kind, figures, true) });
    drawn.set(box, { chart, seen });
  };

  const drawAll = () => {
    for (const [box, { chart }] of drawn) {
      if (box.isConnected) continue;
      chart.destroy();
      drawn.delete(box);
    }
    document.querySelectorAll("[data-chart-of]").forEach(draw);
  };

  const redrawAll = () => {
    for (const entry of drawn.values()) entry.seen = null;
    drawAll();
  };

  drawAll();
  document.addEventListener("htmx:after:swap", drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
})();
