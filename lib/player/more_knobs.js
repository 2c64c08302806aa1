/**
 * The knobs beside the dial and the switch: where they stand says what the dial does
 * at each position of the switch, which the player takes from `turns`.
 *
 * Between the knots of a table parameters lie on straight lines, one dial after the
 * other; beyond them they stay. A ratio of ∞ goes as 1/R.
 */
(() => {
  "use strict";

  const { settings, state, setKnob } = globalThis.player;
  const { more, turns, dial, dialSteps } = settings;
  const inputs = more.controls.map((_, i) =>
    document.getElementById(`more-${i}`)
  );
  const isChoice = more.controls.map(({ values }) => values !== undefined);

  /** `a` on the way to `b`. */
  const between = (a, b, t) =>
    Math.max(a, b) === Infinity ? 1 / ((1 - t) / a + t / b) : a + (b - a) * t;

  /** Parameters of `table` where its dials stand at `at`. */
  function valuesAt({ knots, rows }, at, depth = 0, row = 0) {
    if (depth === knots.length) return rows[row];
    const own = knots[depth];
    const stride = knots.slice(depth + 1).reduce((n, k) => n * k.length, 1);
    const go = (i) =>
      valuesAt({ knots, rows }, at, depth + 1, row + stride * i);
    const place = Math.max(own[0], Math.min(own[own.length - 1], at[depth]));
    let i = 0;
    while (i < own.length - 2 && place > own[i + 1]) i++;
    if (own.length === 1 || place === own[i]) return go(i);
    const t = (place - own[i]) / (own[i + 1] - own[i]);
    const [left, right] = [go(i), go(i + 1)];
    return Object.fromEntries(
      Object.entries(left).map(([key, a]) => [key, between(a, right[key], t)]),
    );
  }

  /** What the dial does where the other knobs stand. */
  function turn() {
    const numbers = inputs.filter((_, i) => !isChoice[i])
      .map(({ value }) => Number(value));
    const chosen = inputs.flatMap(({ value }, i) =>
      isChoice[i] ? [more.controls[i].values[Number(value)]] : []
    );
    for (const name of Object.keys(turns)) {
      const words = more.hasSwitch ? [name, ...chosen] : chosen;
      const table = more.tables.find(({ at }) =>
        at.every((word, i) => word === words[i])
      );
      if (table === undefined || table.rows.length === 0) continue;
      const own = more.hasDial ? table.knots[0] : [0];
      const positions = dial === null
        ? [valuesAt(table, numbers)]
        : Array.from({ length: dialSteps + 1 }, (_, step) => {
          const [from, to] = dial.range;
          return valuesAt(table, [
            from + (to - from) * step / dialSteps,
            ...numbers,
          ]);
        });
      turns[name] = { fitted: [own[0], own[own.length - 1]], positions };
    }
    setKnob(state.position);
  }

  inputs.forEach((input, i) => {
    input.addEventListener("input", () => {
      if (!isChoice[i]) {
        input.parentElement.querySelector("[data-value]").textContent = Number(
          Number(input.value).toPrecision(6),
        );
      }
      turn();
    });
  });
})();
