/**
 * A knob that moves curve, gain and sound together: at each turn the kernel in the
 * page makes the sound anew, and it is heard from where it was. It runs after stage.js.
 */
document.querySelectorAll('[data-widget="knob"]').forEach((figure) => {
  const { kernel, dry, sampleRate, turns, range, parameters, feedback, reach } =
    stage.parse(figure);
  const find = (selector) => figure.querySelector(selector);
  const sound = stage.samplesOf(dry);
  const slider = find("[type=range]");
  const button = find(".play");
  const playhead = find(".playhead");
  const deck = stage.createDeck((part) => {
    playhead.setAttribute("x1", 1000 * part);
    playhead.setAttribute("x2", 1000 * part);
  });
  deck.sampleRate = sampleRate;
  deck.heard = "model";
  const state = { made: null };

  const mode = () =>
    find("[name^=mode]:checked")?.value ?? Object.keys(turns)[0];

  function show() {
    const place = Number(slider.value);
    const { positions, fitted } = turns[mode()];
    const part = (place - range[0]) / (range[1] - range[0]);
    const values = positions[Math.round(part * (positions.length - 1))];
    find(".pointer").setAttribute(
      "transform",
      `rotate(${-150 + 300 * part} 50 50)`,
    );
    find(".place").textContent = String(place);
    find(".between").hidden = place >= fitted[0] && place <= fitted[1];
    for (const parameter of parameters) {
      find(`[data-parameter="${parameter.name}"]`).textContent = stage.inDigits(
        values[parameter.name],
        parameter,
      );
    }
    find(".curve").setAttribute("d", stage.transfer(values, feedback));
    const made = stage.play(kernel, values, sound, sampleRate);
    state.made = made;
    const reductions = made.gains.map((gain) => -stage.decibels(gain));
    find(".gain").setAttribute("d", stage.lane(reductions, reach));
    find(".most").textContent = Math.max(...reductions).toFixed(1);
    deck.sounds = { dry: sound, model: made.output };
    if (deck.isPlaying) deck.start(deck.position());
  }

  slider.addEventListener("input", show);
  for (const radio of figure.querySelectorAll("[name^=mode]")) {
    radio.addEventListener("change", show);
  }
  for (const radio of figure.querySelectorAll("[name^=hear]")) {
    radio.addEventListener("change", () => deck.choose(radio.value));
  }
  button.addEventListener("click", () => {
    if (deck.isPlaying) deck.stop();
    else deck.start(0);
    button.textContent = deck.isPlaying ? "Stop" : "Play";
  });
  // The dial turns as one drags it up and down.
  const dial = find(".dial");
  let from = null;
  dial.addEventListener("pointerdown", (event) => {
    from = { y: event.clientY, value: Number(slider.value) };
    dial.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  dial.addEventListener("pointermove", (event) => {
    if (from === null) return;
    const way = (from.y - event.clientY) / 150 * (range[1] - range[0]);
    slider.value = String(from.value + way);
    show();
  });
  dial.addEventListener("pointerup", () => from = null);
  show();
  figure.state = state;
});
