/**
 * Two runs of an experiment overlaid on the index: their pictures on one pair of
 * axes, and a table of their headline figures with what lies between.
 */
(() => {
  "use strict";

  const [WIDTH, HEIGHT, MARGIN] = [480, 160, 6];
  const SVG = "http://www.w3.org/2000/svg";

  /** A value as the table has it. */
  function words(value, unit = "") {
    if (typeof value !== "number") return String(value ?? "–");
    const text = Number.isInteger(value) ? String(value) : value.toPrecision(4);
    return `${text.replace("-", "−")} ${unit}`.trim();
  }

  /** Where a run's own part of an axis lies on an axis that holds both. */
  function placeOn(axis, ends) {
    const scale = axis.log ? Math.log : (value) => value;
    const [low, high] = ends.map(scale);
    const [from, to] = axis.ends.map(scale);
    const span = high - low || 1;
    return (part) => (from + part * (to - from) - low) / span;
  }

  function setUp(section) {
    const { runs, colours } = JSON.parse(
      section.querySelector(".overlay-data").textContent,
    );
    const [first, second] = section.querySelectorAll("select");
    const svg = section.querySelector("svg");
    const caption = section.querySelector("figcaption");
    const body = section.querySelector("tbody");

    function draw(pair) {
      svg.replaceChildren();
      const pictures = pair.map(({ picture }) => picture);
      const [a, b] = pictures;
      const areOneKind = a?.axes && b?.axes && a.title === b.title &&
        ["x", "y"].every((side) =>
          a.axes[side].title === b.axes[side].title &&
          a.axes[side].log === b.axes[side].log
        );
      if (!areOneKind) {
        caption.textContent = "These runs have no picture in common.";
        return;
      }
      const ends = (side) => [
        Math.min(...pictures.map(({ axes }) => axes[side].ends[0])),
        Math.max(...pictures.map(({ axes }) => axes[side].ends[1])),
      ];
      const [across, up] = [ends("x"), ends("y")];
      pictures.forEach(({ axes, series }, run) => {
        const x = placeOn(axes.x, across);
        const y = placeOn(axes.y, up);
        for (const { colour, points } of series) {
          const path = document.createElementNS(SVG, "path");
          const at = points.map(([right, high]) =>
            `${(MARGIN + x(right) * (WIDTH - 2 * MARGIN)).toFixed(1)} ${
              (HEIGHT - MARGIN - y(high) * (HEIGHT - 2 * MARGIN)).toFixed(1)
            }`
          );
          if (at.length === 0) continue;
          path.setAttribute("d", `M${at.join("L")}`);
          // Only colours of the palette: the rest of a card is not to be trusted.
          path.setAttribute("stroke", colours[colour] ?? "currentColor");
          if (run === 1) path.setAttribute("stroke-dasharray", "5 3");
          svg.append(path);
        }
      });
      const range = ({ title, log }, [low, high]) =>
        `${title} from ${words(low)} to ${words(high)}${
          log ? ", logarithmic" : ""
        }`;
      caption.textContent = `${a.title}: ${range(a.axes.y, up)}, over ${
        range(a.axes.x, across)
      }.`;
    }

    function list(pair) {
      body.replaceChildren();
      const add = (label, values, difference) => {
        const row = body.insertRow();
        const head = document.createElement("th");
        head.scope = "row";
        head.textContent = label;
        row.append(head);
        for (const text of [...values, difference]) {
          const cell = row.insertCell();
          cell.className = "number";
          cell.textContent = text;
        }
      };
      for (const { label, value, unit } of pair[0].figures) {
        const other = pair[1].figures.find((figure) =>
          figure.label === label && figure.unit === unit
        );
        const areNumbers = [value, other?.value].every((one) =>
          typeof one === "number"
        );
        add(
          label,
          [words(value, unit), words(other?.value, unit)],
          areNumbers ? words(other.value - value, unit) : "",
        );
      }
      const keys = new Set(pair.flatMap(({ changed }) => Object.keys(changed)));
      for (const key of keys) {
        const values = pair.map(({ changed }) =>
          key in changed ? JSON.stringify(changed[key]) : "default"
        );
        if (values[0] !== values[1]) add(key, values, "");
      }
    }

    function show() {
      const pair = [first, second].map(({ value }) => runs[Number(value)]);
      draw(pair);
      list(pair);
    }
    for (const choice of [first, second]) {
      choice.addEventListener("change", show);
    }
    show();
  }

  document.querySelectorAll(".overlay").forEach(setUp);
})();
