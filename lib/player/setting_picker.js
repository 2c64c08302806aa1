/**
 * Choose a setting: its gain over time, static curve, what is left, and its sounds,
 * which lie in a script beside the page and are loaded when they are wanted. It runs
 * after stage.js.
 */
document.querySelectorAll('[data-widget="settings"]').forEach((figure) => {
  const {
    kernel,
    sampleRate,
    lead,
    settings,
    feedback,
    reach,
    grid,
    spectrum,
  } = stage.parse(figure);
  const find = (selector) => figure.querySelector(selector);
  const choice = find("select");
  const button = find(".play");
  const match = find(".match");
  const trouble = find(".trouble");
  const playhead = find(".playhead");
  const deck = stage.createDeck((part) => {
    playhead.setAttribute("x1", 1000 * part);
    playhead.setAttribute("x2", 1000 * part);
  });
  deck.sampleRate = sampleRate;
  const state = { loaded: null };
  figure.state = state;
  const chosen = () => settings[Number(choice.value)];

  /** The script `file` beside the page, which puts its sound by that name. */
  function load(file) {
    const sounds = globalThis.optofitSounds ??= {};
    if (file in sounds) return Promise.resolve(stage.samplesOf(sounds[file]));
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = file;
      script.onload = () => resolve(stage.samplesOf(sounds[file]));
      script.onerror = () =>
        reject(
          new Error(
            `${file} is not beside this page: keep the folder together`,
          ),
        );
      document.head.append(script);
    });
  }

  /** Dry, target, model and their difference of the setting chosen. */
  async function loadSounds() {
    const setting = chosen();
    if (state.loaded === setting) return;
    const [long, target] = await Promise.all(
      [setting.dry, setting.target].map(load),
    );
    const { output } = stage.play(kernel, setting.params, long, sampleRate);
    const from = Math.round(lead * sampleRate);
    const part = (samples) => samples.subarray(from, from + target.length);
    const model = part(output);
    deck.sounds = {
      dry: part(long).slice(),
      target,
      model: model.slice(),
      difference: target.map((value, n) => value - model[n]),
    };
    setLevels();
    state.loaded = setting;
  }

  const energy = (samples) => samples.reduce((sum, x) => sum + x * x, 0);

  /** Levels by which dry and model are turned to be as loud as the target. */
  function setLevels() {
    const { target } = deck.sounds;
    deck.levels = {};
    const texts = [];
    for (const name of ["dry", "model"]) {
      const by = 10 *
        Math.log10(energy(target) / Math.max(1e-12, energy(deck.sounds[name])));
      if (match.checked) deck.levels[name] = by;
      texts.push(
        `${name} ${by < 0 ? "" : "+"}${stage.minus(by.toFixed(1))} dB`,
      );
    }
    find(".levels").textContent = `(${texts.join(", ")})`;
    deck.choose(deck.heard ?? "target");
  }

  async function play() {
    trouble.hidden = true;
    try {
      await loadSounds();
      deck.start(0);
    } catch (error) {
      trouble.textContent = error.message;
      trouble.hidden = false;
    }
    button.textContent = deck.isPlaying ? "Stop" : "Play";
  }

  /** Bytes of tenths of a decibel, 255 where nothing is heard. */
  const reductions = (base64) =>
    Array.from(
      stage.bytesOf(base64),
      (value) => value === 255 ? NaN : value / 10,
    );

  function show() {
    const { params, gains, density, residual, esr } = chosen();
    for (const name of ["target", "model"]) {
      find(`.gain-${name}`).setAttribute(
        "d",
        stage.lane(reductions(gains[name]), reach),
      );
    }
    find(".curve").setAttribute("d", stage.transfer(params, feedback));
    find(".esr").textContent = esr.toPrecision(3);
    const ink = getComputedStyle(find(".curve")).stroke.match(/\d+/g).map(
      Number,
    );
    stage.paint(
      find(".density"),
      stage.bytesOf(density),
      grid[0],
      grid[1],
      (value) => [...ink.slice(0, 3), 0.8 * value],
    );
    stage.paint(
      find(".residual"),
      stage.bytesOf(residual),
      spectrum.columns,
      spectrum.rows,
      (value) => spectrum.shades[value >> 2].concat(255),
    );
    if (deck.isPlaying) play();
  }

  choice.addEventListener("change", show);
  find(".before").addEventListener("click", () => step(-1));
  find(".after").addEventListener("click", () => step(1));
  function step(by) {
    const next = Number(choice.value) + by;
    if (next < 0 || next >= settings.length) return;
    choice.value = String(next);
    show();
  }
  match.addEventListener("change", () => state.loaded && setLevels());
  for (const radio of figure.querySelectorAll("[name^=hear]")) {
    radio.addEventListener("change", () => deck.choose(radio.value));
  }
  deck.heard = "target";
  button.addEventListener("click", () => {
    if (deck.isPlaying) {
      deck.stop();
      button.textContent = "Play";
    } else play();
  });
  show();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
});
