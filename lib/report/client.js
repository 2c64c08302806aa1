/**
 * What a report does once it is open: draws its charts as they come into view,
 * switches series, zooms, sorts, downloads, and changes the theme.
 *
 * The page calls it last, as a plain script. `optofit` tells how far it is:
 * charts on the page, drawn so far, those that failed. To ask for `ready` draws
 * what was not seen yet; it is kept once all have been tried.
 */
(() => {
  "use strict";

  /** Draws every chart that is left, in order. */
  let drawRest = () => Promise.resolve();

  const state = {
    charts: 0,
    drawn: 0,
    failed: [],
    views: {},
    get ready() {
      return drawRest();
    },
  };
  globalThis.optofit = state;

  const root = document.documentElement;
  /** Name of the data where they are a surrogate: downloads say so too. */
  const { surrogate } = root.dataset;

  const all = (selector, root = document) => [
    ...root.querySelectorAll(selector),
  ];
  const idle = () =>
    new Promise((resolve) =>
      globalThis.requestIdleCallback
        ? requestIdleCallback(resolve, { timeout: 100 })
        : setTimeout(resolve)
    );

  function download(content, name, type) {
    const link = document.createElement("a");
    const url = URL.createObjectURL(new Blob([content], { type }));
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  // Theme -------------------------------------------------------------------

  function setUpTheme() {
    const button = document.querySelector("button.theme");
    const themes = ["auto", "light", "dark"];
    const apply = (theme) => {
      if (theme === "auto") delete root.dataset.theme;
      else root.dataset.theme = theme;
      button.querySelector("span").textContent = theme;
    };
    // Some browsers give pages opened from disk no storage.
    const stored = (action) => {
      try {
        return action();
      } catch {
        return null;
      }
    };
    const kept = stored(() => localStorage.getItem("optofit-theme"));
    let theme = themes.includes(kept) ? kept : "auto";
    apply(theme);
    button.hidden = false;
    button.addEventListener("click", () => {
      theme = themes[(themes.indexOf(theme) + 1) % themes.length];
      apply(theme);
      stored(() => localStorage.setItem("optofit-theme", theme));
    });
  }

  // Tables ------------------------------------------------------------------

  const raw = (cell) => cell.dataset.value ?? cell.textContent;

  function compare(a, b) {
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) || Number.isNaN(y)
      ? a.localeCompare(b, "en-GB", { numeric: true })
      : x - y;
  }

  function sortBy(table, heading) {
    const ascending = heading.getAttribute("aria-sort") !== "ascending";
    const column = heading.cellIndex;
    for (const other of table.tHead.rows[0].cells) {
      other.removeAttribute("aria-sort");
    }
    heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows].map((row) => ({
      row,
      value: raw(row.cells[column]),
    }));
    rows.sort((a, b) => {
      // Rows without a value come last in either order.
      if (a.value === "" || b.value === "") {
        return (a.value === "") - (b.value === "");
      }
      return ascending ? compare(a.value, b.value) : compare(b.value, a.value);
    });
    table.tBodies[0].append(...rows.map(({ row }) => row));
  }

  function csvOf(table) {
    const quoted = (text) =>
      /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    const lines = [
      [...table.tHead.rows[0].cells].map((cell) => cell.dataset.key),
      ...[...table.tBodies[0].rows].map((row) => [...row.cells].map(raw)),
    ];
    const data = table.closest(".table").dataset.origin ??
      (surrogate && `surrogate: ${surrogate}`);
    if (data !== undefined) {
      lines.forEach((line, i) => line.push(i === 0 ? "data" : data));
    }
    return lines.map((line) => line.map(quoted).join(",") + "\r\n").join("");
  }

  function setUpTable(section) {
    const table = section.querySelector("table");
    for (const heading of all("thead th", section)) {
      heading.querySelector("button").addEventListener(
        "click",
        () => sortBy(table, heading),
      );
    }
    const button = section.querySelector("[data-do=csv]");
    button.hidden = false;
    button.addEventListener(
      "click",
      () => download(csvOf(table), `${section.id}.csv`, "text/csv"),
    );
  }

  // What scrolls -------------------------------------------------------------

  /** Lets `scroll` show, by its edge and in words, that it goes on. */
  function setUpScroll(scroll) {
    const words = scroll.parentElement.querySelector(".more");
    const show = () => {
      const more = scroll.scrollWidth - scroll.clientWidth;
      scroll.classList.toggle("goes-on", more - scroll.scrollLeft > 2);
      if (words) words.hidden = more <= 2;
    };
    scroll.addEventListener("scroll", show, { passive: true });
    new ResizeObserver(show).observe(scroll);
  }

  // Charts ------------------------------------------------------------------

  const themeData = document.getElementById("chart-theme");
  const theme = themeData && JSON.parse(themeData.textContent);

  /** The spec with the page's custom properties in place of its colours. */
  function inTheme(value) {
    if (typeof value === "string") return theme.colours[value] ?? value;
    if (Array.isArray(value)) return value.map(inTheme);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, part]) => [
        key,
        // Data keep their strings, whatever those say.
        key === "data" || key === "datasets" ? part : inTheme(part),
      ]),
    );
  }

  /** `value` with every custom property replaced by the colour it has now. */
  function inColours(value) {
    const probe = document.createElement("span");
    document.body.append(probe);
    const text = JSON.stringify(value).replace(
      /"var\((--[\w-]+)\)"/g,
      (_, name) => {
        probe.style.color = `var(${name})`;
        return JSON.stringify(getComputedStyle(probe).color);
      },
    );
    probe.remove();
    return JSON.parse(text);
  }

  /**
   * Labels of a logarithmic axis, as an expression of Vega: powers of ten as 10ⁿ
   * where it spans many, else plain numbers; in between 1, 2 and 5 are labelled.
   */
  function logLabels(scale, isSuffixed) {
    const ends = `domain(${JSON.stringify(scale)})`;
    const decades = `abs(log(${ends}[1] / ${ends}[0]) / LN10)`;
    const power = "floor(log(datum.value) / LN10 + 1e-9)";
    const digit = `round(datum.value / pow(10, ${power}))`;
    const exact = `abs(datum.value / pow(10, ${power}) - ${digit}) < 1e-6`;
    const digits = "['⁰','¹','²','³','⁴','⁵','⁶','⁷','⁸','⁹']";
    const raised = `((${power}) < 0 ? '⁻' : '') + ` +
      `(abs(${power}) >= 10 ? ${digits}[floor(abs(${power}) / 10)] : '') + ` +
      `${digits}[abs(${power}) % 10]`;
    const smallest = `min(${ends}[0], ${ends}[1])`;
    const largest = `max(${ends}[0], ${ends}[1])`;
    const isPlain = isSuffixed
      ? "true"
      : `(${smallest} > 9e-4 && ${largest} < 2e5 && ${decades} < 4)`;
    const plain = isSuffixed
      ? "format(datum.value, '~s')"
      : "format(datum.value, '.6~r')";
    const powers =
      `(${digit} == 1 ? '' : format(datum.value / pow(10, ${power}), '.3~r') + '\u202f×\u202f') + '10' + ${raised}`;
    // Of several decades the powers, of one or two 1, 2 and 5, of less more of
    // them; a small part of a decade has ticks at any place.
    const isShown = `${decades} < 0.3 || ${exact} && (${digit} == 1 || ` +
      `${decades} < 3 && indexof([2, 5], ${digit}) >= 0 || ` +
      `${decades} < 0.7 && indexof([3, 4, 6, 8], ${digit}) >= 0)`;
    return `${isShown} ? (${isPlain} ? ${plain} : ${powers}) : ''`;
  }

  /** Characters of a title that has no room for more beneath half a page. */
  const LONG = 28;

  /** Says of each logarithmic axis that it is one, and writes its numbers. */
  function markLogAxes(part, scales = []) {
    const known = [...scales, ...part.scales ?? []];
    for (const axis of part.axes ?? []) {
      const isLog = known.findLast(({ name }) => name === axis.scale)?.type ===
        "log";
      if (!isLog) continue;
      if (axis.labels !== false) {
        const text = { signal: logLabels(axis.scale, /s$/.test(axis.format)) };
        axis.encode = {
          ...axis.encode,
          labels: {
            ...axis.encode?.labels,
            update: { ...axis.encode?.labels?.update, text },
          },
        };
      }
      if (!axis.title) continue;
      const isLong = /top|bottom/.test(axis.orient) && axis.title.length > LONG;
      axis.title = isLong
        ? [`${axis.title},`, "log scale"]
        : `${axis.title}, log scale`;
    }
    for (const mark of part.marks ?? []) markLogAxes(mark, known);
  }

  const CONTINUOUS = ["linear", "log", "pow", "sqrt", "symlog", "time", "utc"];
  const CLIPPED = [
    "line",
    "symbol",
    "area",
    "rule",
    "rect",
    "trail",
    "image",
  ];

  /** Names of the scales that a spec lets one zoom: its own, continuous x and y. */
  const zoomable = (spec) =>
    (spec.scales ?? []).filter(({ name, type, domainRaw }) =>
      (name === "x" || name === "y") && CONTINUOUS.includes(type) && !domainRaw
    );

  function clipMarks(marks, zoomed) {
    for (const mark of marks ?? []) {
      if (CLIPPED.includes(mark.type) && mark.clip !== true) {
        mark.clip = { signal: `(${zoomed}) ? true : false` };
      }
      clipMarks(mark.marks, zoomed);
    }
  }

  /** Adds to a compiled spec the signals by which the page zooms and filters. */
  function withControls(spec, legend, ownLegend) {
    spec.signals = spec.signals ?? [];
    markLogAxes(spec);
    const scales = zoomable(spec);
    for (const scale of scales) {
      spec.signals.push({ name: `zoom_${scale.name}`, value: null });
      scale.domainRaw = { signal: `zoom_${scale.name}` };
    }
    if (scales.length > 0) {
      const zoomed = scales.map(({ name }) => `zoom_${name}`).join(" || ");
      clipMarks(spec.marks, zoomed);
    }
    legend.forEach(({ field, hidden }, i) => {
      spec.signals.push({ name: `hidden_${i}`, value: [...hidden] });
      for (const data of spec.data ?? []) {
        if (!data.values) continue;
        data.transform = [{
          type: "filter",
          expr: `indexof(hidden_${i}, datum[${JSON.stringify(field)}]) < 0`,
        }, ...(data.transform ?? [])];
      }
    });
    if (legend.length > 0 && !ownLegend) spec.legends = [];
    return spec;
  }

  function draw(place, spec, legend, options) {
    const font = getComputedStyle(document.body).fontFamily;
    return globalThis.vegaEmbed(place, options.colours(inTheme(spec)), {
      actions: false,
      ast: true,
      defaultStyle: false,
      renderer: "svg",
      tooltip: { disableDefaultStyle: true },
      config: { ...options.colours(inTheme(theme.config)), font },
      patch: (compiled) => withControls(compiled, legend, options.ownLegend),
    });
  }

  /** The chart as it stands, with a legend and real colours, as a picture. */
  async function picture(chart, format) {
    const place = document.createElement("div");
    place.className = "offscreen";
    place.style.width = `${chart.plot.clientWidth}px`;
    document.body.append(place);
    try {
      const text = chart.figure.querySelector(".bar > *").textContent;
      const subtitle = chart.figure.dataset.origin ??
        (surrogate && `Surrogate data: ${surrogate}`);
      const spec = { title: { text, subtitle }, ...chart.spec };
      const { view, finalize } = await draw(place, spec, chart.legend, {
        colours: inColours,
        ownLegend: true,
      });
      for (const axis of chart.axes) {
        view.signal(`zoom_${axis}`, chart.view.signal(`zoom_${axis}`));
      }
      await view.runAsync();
      const blob = format === "svg"
        ? new Blob([await view.toSVG()])
        : await new Promise((resolve) =>
          view.toCanvas(2).then((canvas) => canvas.toBlob(resolve))
        );
      finalize();
      return blob;
    } finally {
      place.remove();
    }
  }

  function setUpZoom(chart) {
    const { view, plot, axes, figure } = chart;
    const reset = figure.querySelector("[data-do=reset]");
    const zoom = (domains) => {
      for (const axis of axes) {
        if (axis in domains) view.signal(`zoom_${axis}`, domains[axis]);
      }
      reset.hidden = axes.every((axis) => !view.signal(`zoom_${axis}`));
      return view.runAsync();
    };
    const unzoom = () => zoom({ x: null, y: null });
    /** The part of an axis between two fractions of its length. */
    const part = (axis, from, to) => {
      const scale = view.scale(axis);
      const [start, end] = scale.range();
      return [from, to].map((f) => scale.invert(start + f * (end - start)))
        .sort((a, b) => a - b);
    };
    reset.addEventListener("click", () => {
      unzoom();
      plot.focus();
    });

    // By mouse or pen: drag over what is wanted, double-click to reset.
    const brush = document.createElement("div");
    brush.className = "brush";
    let start = null;
    const at = (event) => {
      const box = plot.querySelector("svg").getBoundingClientRect();
      const [left, top] = view.origin();
      const clamp = (value, max) => Math.max(0, Math.min(max, value));
      return {
        x: clamp(event.clientX - box.left - left, view.width()),
        y: clamp(event.clientY - box.top - top, view.height()),
        inside: event.target.closest("svg") !== null,
      };
    };
    const extent = (end) => {
      const along = (axis, full) => {
        const [a, b] = [start[axis], end[axis]].sort((p, q) => p - q);
        return axes.includes(axis) && b - a >= 10 ? [a, b] : [0, full];
      };
      return { x: along("x", view.width()), y: along("y", view.height()) };
    };
    plot.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch" || event.button !== 0) return;
      const point = at(event);
      if (point.inside) start = point;
    });
    addEventListener("pointermove", (event) => {
      if (!start) return;
      const { x, y } = extent(at(event));
      const [left, top] = view.origin();
      const box = plot.querySelector("svg").getBoundingClientRect();
      const frame = plot.getBoundingClientRect();
      brush.style.left = `${x[0] + left + box.left - frame.left}px`;
      brush.style.top = `${y[0] + top + box.top - frame.top}px`;
      brush.style.width = `${x[1] - x[0]}px`;
      brush.style.height = `${y[1] - y[0]}px`;
      if (!brush.isConnected) plot.append(brush);
    });
    const stop = () => {
      start = null;
      brush.remove();
    };
    addEventListener("pointerup", (event) => {
      if (!start) return;
      const end = at(event);
      const { x, y } = extent(end);
      const domains = {};
      if (Math.abs(end.x - start.x) >= 10 && axes.includes("x")) {
        domains.x = part("x", x[0] / view.width(), x[1] / view.width());
      }
      if (Math.abs(end.y - start.y) >= 10 && axes.includes("y")) {
        domains.y = part(
          "y",
          1 - y[1] / view.height(),
          1 - y[0] / view.height(),
        );
      }
      stop();
      if (Object.keys(domains).length > 0) zoom(domains);
    });
    addEventListener("pointercancel", stop);
    plot.addEventListener("dblclick", unzoom);

    // By keyboard.
    const both = (from, to) =>
      Object.fromEntries(axes.map((axis) => [axis, part(axis, from, to)]));
    const one = (axis, shift) =>
      axes.includes(axis) ? { [axis]: part(axis, shift, 1 + shift) } : {};
    const keys = {
      "+": () => both(0.1, 0.9),
      "=": () => both(0.1, 0.9),
      "-": () => both(-0.125, 1.125),
      "0": () => ({ x: null, y: null }),
      "ArrowLeft": () => one("x", -0.1),
      "ArrowRight": () => one("x", 0.1),
      "ArrowUp": () => one("y", 0.1),
      "ArrowDown": () => one("y", -0.1),
    };
    plot.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (!Object.hasOwn(keys, event.key)) return;
      event.preventDefault();
      zoom(keys[event.key]());
    });
  }

  function setUpTools(chart) {
    const { figure } = chart;
    for (const format of ["png", "svg"]) {
      figure.querySelector(`[data-do=${format}]`).addEventListener(
        "click",
        async () =>
          download(
            await picture(chart, format),
            `${figure.id}.${format}`,
            format === "png" ? "image/png" : "image/svg+xml",
          ),
      );
    }
    const listing = figure.querySelector("pre.spec");
    const button = figure.querySelector("[data-do=spec]");
    button.addEventListener("click", () => {
      listing.textContent ||= JSON.stringify(chart.spec, null, 2);
      listing.hidden = !listing.hidden;
      button.setAttribute("aria-expanded", String(!listing.hidden));
    });
  }

  /** The legend of a group of charts; `changed` is called with a group's index. */
  function setUpLegend(section, changed) {
    return all(".legend > [data-field]", section).map((group, index) => {
      const keys = all(".key", group);
      const showAll = group.querySelector(".all");
      const hidden = new Set();
      const value = (key) => JSON.parse(key.dataset.value);
      const apply = () => {
        for (const key of keys) {
          key.setAttribute("aria-pressed", String(!hidden.has(value(key))));
        }
        showAll.hidden = hidden.size === 0;
        changed(index, [...hidden]);
      };
      for (const key of keys) {
        const path = key.querySelector("path");
        const colour = theme.colours[path.dataset.colour];
        if (colour) path.style.stroke = colour;
        key.title = "Click to hide or show, Shift-click to show alone";
        key.addEventListener("click", (event) => {
          const own = value(key);
          if (event.shiftKey) {
            for (const other of keys) hidden.add(value(other));
            hidden.delete(own);
          } else if (!hidden.delete(own)) hidden.add(own);
          // Never nothing at all: hiding the last brings the others back.
          if (hidden.size === keys.length) hidden.clear();
          apply();
        });
      }
      showAll.addEventListener("click", () => {
        hidden.clear();
        apply();
        keys[0].focus();
      });
      return { field: group.dataset.field, hidden };
    });
  }

  async function setUpChart(figure, legend) {
    const plot = figure.querySelector(".plot");
    const spec = JSON.parse(figure.querySelector(".spec-data").textContent);
    const { view, vgSpec } = await draw(plot, spec, legend, {
      colours: (value) => value,
      ownLegend: false,
    });
    const axes = (vgSpec.signals ?? [])
      .map(({ name }) => /^zoom_([xy])$/.exec(name)?.[1]).filter(Boolean);
    const chart = { figure, plot, spec, legend, view, axes };
    if (axes.length > 0) setUpZoom(chart);
    setUpTools(chart);
    figure.dataset.drawn = "true";
    state.views[figure.id] = view;
    state.drawn++;
    return view;
  }

  /** How far outside the window a chart is drawn already, in pixels. */
  const NEAR = 300;

  function setUpCharts() {
    const waiting = new Map();
    for (const section of all(".charts")) {
      const views = [];
      const legend = setUpLegend(section, (index, hidden) => {
        for (const view of views) view.signal(`hidden_${index}`, hidden).run();
      });
      for (const figure of all(".chart", section)) {
        waiting.set(figure, async () => {
          try {
            views.push(await setUpChart(figure, legend));
          } catch (error) {
            console.error(error);
            state.failed.push(figure.id);
            figure.querySelector(".plot").textContent =
              `This chart could not be drawn: ${error.message}`;
          }
        });
      }
    }
    state.charts = waiting.size;
    let last = Promise.resolve();
    /** Draws `figure` after those asked for before it. */
    const drawOnce = (figure, isUrgent) => {
      const draw = waiting.get(figure);
      if (draw === undefined) return;
      waiting.delete(figure);
      observer.unobserve(figure);
      last = isUrgent
        ? Promise.all([last, draw()])
        : last.then(idle).then(draw);
    };
    const observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) drawOnce(target, false);
      }
    }, { rootMargin: `${NEAR}px` });
    for (const figure of waiting.keys()) observer.observe(figure);
    drawRest = async () => {
      for (const figure of [...waiting.keys()]) drawOnce(figure, false);
      await last;
    };
    // Paper shows all of it, and does not wait.
    addEventListener("beforeprint", () => {
      for (const figure of [...waiting.keys()]) drawOnce(figure, true);
    });
  }

  // Contents ----------------------------------------------------------------

  /** On a narrow screen the contents unfold over the page, and fold after use. */
  function setUpContents() {
    const contents = document.getElementById("contents");
    contents?.addEventListener("click", (event) => {
      if (event.target.closest("a") && contents.matches(":popover-open")) {
        contents.hidePopover();
      }
    });
  }

  setUpTheme();
  setUpContents();
  all(".table").forEach(setUpTable);
  all(".scroll").forEach(setUpScroll);
  setUpCharts();
})();
