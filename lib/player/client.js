/**
 * The player in the page: sound in, knob and sliders, AudioWorklet, meters,
 * waveforms, and the render.
 *
 * The worklet plays; a second copy of the kernel in the page goes through the
 * whole sound at each change, for the waveforms, the level match and the render.
 * `player` lets tests look in.
 */
(() => {
  "use strict";

  const find = (id) => document.getElementById(id);
  // JSON has no ∞, which a ratio may be: it stands there in quotes.
  const settings = JSON.parse(
    find("settings").textContent,
    (_, value) => value === "∞" ? Infinity : value,
  );
  const { dial, dialSteps, turns, sliders, meterDb } = settings;
  function bytesOf(base64) {
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }
  const kernelBytes = bytesOf(settings.kernel);
  const kernel = new WebAssembly.Module(kernelBytes);
  // Not a Blob: a page from disk may not load worklets from one.
  const workletUrl = `data:text/javascript,${
    encodeURIComponent(find("worklet").textContent)
  }`;

  const decibels = (amplitude) => 20 * Math.log10(amplitude);
  const minus = (text) => text.replace("-", "−");
  const inDb = (value, decimals = 1) =>
    Number.isFinite(value) ? minus(value.toFixed(decimals)) : "−∞";

  // State --------------------------------------------------------------------

  /** Rate at which the browser decodes what is no WAVE file, in Hz. */
  const DECODED_RATE = 48000;

  /** The sound, its target, and what became of them. */
  const state = {
    sound: null,
    target: null,
    mode: Object.keys(turns)[0],
    /** Step of the dial. */
    position: 0,
    isOnCurve: true,
    parameters: null,
    /** What comes after the amplifier: decibels, and its part of what is heard. */
    trimDb: 0,
    mix: 1,
    overview: null,
    playing: null,
    reduction: 0,
  };

  function trouble(message) {
    find("trouble").textContent = message;
    find("trouble").hidden = message === "";
  }

  // Sounds -------------------------------------------------------------------

  /** A file as the WAV reader takes it. */
  const sourceOf = (file) => ({
    name: file.name,
    size: file.size,
    async readInto(bytes, position) {
      const part = file.slice(position, position + bytes.length);
      bytes.set(new Uint8Array(await part.arrayBuffer()));
      return part.size;
    },
  });

  /** The sound in `file`: of a WAVE file every sample as it is there. */
  async function open(file) {
    const { name } = file;
    const source = sourceOf(file);
    try {
      const { channels, ...sound } = await waveReader.readSource(source);
      return {
        ...sound,
        name,
        isWave: true,
        channels: channels.map((samples) =>
          samples instanceof Float32Array ? samples : Float32Array.from(samples)
        ),
      };
    } catch (error) {
      if (await waveReader.isWave(source)) throw error;
      const context = new OfflineAudioContext(1, 1, DECODED_RATE);
      const decoded = await file.arrayBuffer()
        .then((buffer) => context.decodeAudioData(buffer))
        .catch(() => {
          throw error;
        });
      return {
        name,
        isWave: false,
        warnings: [],
        sampleRate: decoded.sampleRate,
        channels: Array.from(
          { length: decoded.numberOfChannels },
          (_, channel) => decoded.getChannelData(channel),
        ),
      };
    }
  }

  /** Opens a file as the sound or the target; says what is wrong with it. */
  async function load(file, role) {
    try {
      const sound = await open(file);
      trouble(
        sound.warnings.map((warning) => `${file.name}: ${warning}`).join(),
      );
      if (role === "target") await setTarget(sound);
      else setSound(sound);
    } catch (error) {
      // What the reader says names the file, the reason and the remedy.
      const isOfReader = error.remedy !== undefined;
      trouble(
        isOfReader
          ? error.message
          : `${file.name} cannot be used: ${error.message}.`,
      );
    }
  }

  function describe({ name, sampleRate, channels }) {
    const seconds = channels[0].length / sampleRate;
    const count = channels.length === 1
      ? "mono"
      : channels.length === 2
      ? "stereo"
      : `${channels.length} channels`;
    return `${name} · ${clock(seconds)} · ${sampleRate} Hz · ${count}`;
  }

  function clock(seconds) {
    const tenths = Math.floor(10 * seconds) / 10;
    const rest = (tenths % 60).toFixed(1).padStart(4, "0");
    return `${Math.floor(tenths / 60)}:${rest}`;
  }

  function setSound(sound) {
    stop();
    find("save-excerpt").hidden = true;
    state.sound = sound;
    find("link").disabled = sound.channels.length === 1;
    find("sound-name").textContent = describe(sound);
    setTarget(null);
    seek(0);
    showCommand();
    drawTimes();
    drawWave("wave-in", overviewOf(sound));
    analyse();
  }

  /** What the amplifier makes of the first `length` samples of channel 1, from rest. */
  function madeOf(length) {
    const { sound: { channels, sampleRate }, parameters } = state;
    const made = new Float32Array(length);
    createRenderer(kernel, parameters, sampleRate)
      .process(channels[0].subarray(0, length), made);
    return made;
  }

  /** Takes `target`, put in step with the sound; `words` say what was done before. */
  async function setTarget(target, words) {
    const { sound } = state;
    if (target !== null && target.sampleRate !== sound.sampleRate) {
      throw new Error(
        `it is at ${target.sampleRate} Hz and the sound at ${sound.sampleRate} Hz`,
      );
    }
    const hasTarget = target !== null;
    if (hasTarget && words === undefined) {
      find("target-name").hidden = false;
      find("target-name").textContent = `Putting ${target.name} in step …`;
      await pause();
      const inStep = putInStep(sound, target, madeOf);
      target = { ...target, channels: inStep.channels, lag: inStep.lag };
      words = inStep.words;
      if (sound !== state.sound) return;
    }
    state.target = target;
    for (const id of ["wave-target", "wave-difference"]) {
      find(id).hidden = !hasTarget;
    }
    find("target-name").hidden = !hasTarget;
    find("comparison").hidden = !hasTarget;
    for (const name of ["target", "difference"]) {
      const choice = document.querySelector(`[name=listen][value=${name}]`);
      choice.disabled = !hasTarget;
      if (choice.checked && !hasTarget) {
        document.querySelector("[name=listen][value=unit]").checked = true;
      }
    }
    if (hasTarget) {
      find("target-name").textContent = `Target: ${
        describe(target)
      }; ${words}.`;
      drawWave("wave-target", overviewOf(target, sound.channels[0].length));
      analyse();
    }
    if (state.playing) restart();
  }

  /** The channel of the target that goes with channel `c` of the sound. */
  const targetOf = (c) => {
    const { channels } = state.target;
    return channels[Math.min(c, channels.length - 1)];
  };

  // Going through the whole sound ---------------------------------------------

  const COLUMNS = 1000;
  /** Samples processed between two looks at the gain. */
  const STEP = 256;
  /** Samples between two pauses in which the page can do other things. */
  const STRETCH = 1 << 20;

  const pause = () => new Promise((resolve) => setTimeout(resolve));

  /** Lowest and highest sample by column, over `length` samples in all. */
  function overviewOf({ channels }, length = channels[0].length) {
    const low = new Float32Array(COLUMNS);
    const high = new Float32Array(COLUMNS);
    for (const samples of channels) {
      addToOverview(samples, 0, length, low, high);
    }
    return { low, high };
  }

  function addToOverview(samples, offset, length, low, high) {
    const count = Math.min(samples.length, length - offset);
    for (let n = 0; n < count;) {
      const column = Math.floor((offset + n) * COLUMNS / length);
      const end = Math.min(
        count,
        Math.ceil((column + 1) * length / COLUMNS) - offset,
      );
      for (; n < end; n++) {
        const value = samples[n];
        if (value < low[column]) low[column] = value;
        if (value > high[column]) high[column] = value;
      }
    }
  }

  const isLinked = () => find("link").checked;

  /** An amplifier for each of `count` channels, linked if the person wants it. */
  const channelsFor = (kernel, parameters, sampleRate, count) =>
    createChannels(kernel, parameters, sampleRate, count, isLinked());

  /** Trim and mix: what was made of `from` becomes what is heard, in place. */
  function blend(from, made) {
    const { trimDb, mix } = state;
    if (trimDb === 0 && mix === 1) return;
    const wet = mix * 10 ** (trimDb / 20);
    for (let n = 0; n < made.length; n++) {
      made[n] = wet * made[n] + (1 - mix) * from[n];
    }
  }

  let analysis = 0;

  /** Output, reduction and energies of the whole sound with these parameters. */
  async function analyse() {
    const own = ++analysis;
    const { sound, parameters, target } = state;
    const length = sound.channels[0].length;
    const [low, high, lowLeft, highLeft] = Array.from(
      { length: 4 },
      () => new Float32Array(COLUMNS),
    );
    const gain = new Float32Array(COLUMNS).fill(NaN);
    const { channels, sampleRate } = sound;
    const blocks = channels.map(() => new Float32Array(STEP));
    const difference = new Float32Array(STEP);
    const meters = channels.map(() => new targets.EsrMeter());
    const units = channelsFor(kernel, parameters, sampleRate, channels.length);
    let [energyIn, energyOut, energyTarget] = [0, 0, 0];
    let sinceLast = 0;
    for (let at = 0; at < length; at += STEP) {
      const from = channels.map((samples) => samples.subarray(at, at + STEP));
      const to = blocks.map((block) => block.subarray(0, from[0].length));
      units.process(from, to);
      const column = Math.floor(at * COLUMNS / length);
      const lowest = units.gain();
      if (!(gain[column] <= lowest)) gain[column] = lowest;
      for (let c = 0; c < to.length; c++) {
        blend(from[c], to[c]);
        addToOverview(to[c], at, length, low, high);
        for (let n = 0; n < to[c].length; n++) {
          energyIn += from[c][n] * from[c][n];
          energyOut += to[c][n] * to[c][n];
        }
        if (target === null) continue;
        const wanted = targetOf(c).subarray(at, at + STEP);
        const left = difference.subarray(0, wanted.length);
        for (let n = 0; n < wanted.length; n++) {
          left[n] = to[c][n] - wanted[n];
          energyTarget += wanted[n] * wanted[n];
        }
        meters[c].add(to[c], wanted);
        addToOverview(left, at, length, lowLeft, highLeft);
      }
      if ((sinceLast += STEP * channels.length) >= STRETCH) {
        sinceLast = 0;
        await pause();
        if (own !== analysis) return;
      }
    }
    // Where columns are narrower than a step, some were never looked at.
    for (let column = 1; column < COLUMNS; column++) {
      if (Number.isNaN(gain[column])) gain[column] = gain[column - 1];
    }
    const energies = {
      unit: energyOut,
      bypass: energyIn,
      ...(target && { target: energyTarget }),
    };
    state.overview = {
      gain,
      peak: Math.max(...high, -Math.min(...low)),
      match: matchOf(energies),
      esr: target && esrOf(meters),
    };
    drawWave("wave-out", { low, high });
    if (target) drawWave("wave-difference", { low: lowLeft, high: highLeft });
    drawGain(gain);
    find("most-reduction").textContent = inDb(-decibels(Math.min(...gain)));
    find("highest-output").textContent = inDb(decibels(state.overview.peak));
    showComparison();
    applyListening();
  }

  /** Gains by which what there is has the level of the quietest of it: none above 1. */
  function matchOf(energies) {
    const heard = Object.values(energies).filter((energy) => energy > 0);
    const quietest = Math.min(...heard);
    return Object.fromEntries(
      Object.entries(energies).map(([name, energy]) => [
        name,
        energy > 0 ? Math.sqrt(quietest / energy) : 1,
      ]),
    );
  }

  /** ESR over all channels; NaN where the target is silent. */
  function esrOf(meters) {
    let [error, wanted] = [0, 0];
    for (const { energies } of meters) {
      error += energies.error;
      wanted += energies.target;
    }
    return error / wanted;
  }

  /** The ESR, and by how much each is turned down. */
  function showComparison() {
    const { overview } = state;
    const isMatched = find("match").checked;
    for (const place of document.querySelectorAll("[data-by]")) {
      const gain = overview.match[place.dataset.by];
      place.textContent = isMatched && gain < 0.9995
        ? `${inDb(decibels(gain))} dB`
        : "";
    }
    if (overview.esr === null) return;
    const { esr } = overview;
    find("esr").textContent = Number.isFinite(esr)
      ? `${esr < 1e-4 ? inPowers(esr) : esr.toPrecision(3)} (${
        inDb(10 * Math.log10(esr))
      } dB)`
      : "–";
  }

  /** A small number as "1.23 × 10⁻⁷". */
  function inPowers(value) {
    if (value === 0) return "0";
    const [digits, power] = value.toExponential(2).split("e");
    const raised = [...power].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻").join("");
    return `${digits}\u202f×\u202f10${raised}`;
  }

  /** The whole sound through the amplifier. */
  async function render() {
    const { sound: { channels, sampleRate }, parameters } = state;
    const units = channelsFor(kernel, parameters, sampleRate, channels.length);
    const output = channels.map(({ length }) => new Float32Array(length));
    const stretch = Math.ceil(STRETCH / channels.length);
    for (let at = 0; at < channels[0].length; at += stretch) {
      const partOf = (samples) => samples.subarray(at, at + stretch);
      const [from, to] = [channels.map(partOf), output.map(partOf)];
      units.process(from, to);
      to.forEach((made, c) => blend(from[c], made));
      await pause();
    }
    return output;
  }

  // Drawing --------------------------------------------------------------------

  function drawWave(id, { low, high }) {
    let upper = "";
    let lower = "";
    for (let column = 0; column < COLUMNS; column++) {
      // At least a hair, so that silence is a line.
      const top = Math.max(high[column], 0.004);
      const bottom = Math.min(low[column], -0.004);
      upper += `${column ? "L" : "M"}${column} ${-top.toFixed(3)}`;
      lower = `L${column} ${-bottom.toFixed(3)}${lower}`;
    }
    find(id).querySelector(".outline").setAttribute("d", `${upper}${lower}Z`);
  }

  function drawGain(gain) {
    let path = "M0 0";
    for (let column = 0; column < COLUMNS; column++) {
      path += `L${column} ${(-decibels(gain[column])).toFixed(2)}`;
    }
    find("wave-gain").querySelector(".outline")
      .setAttribute("d", `${path}L${COLUMNS} 0Z`);
  }

  /** Seconds beneath the waves, at most ten of them. */
  function drawTimes() {
    const duration = lengthNow();
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800];
    const step = steps.find((one) => duration / one <= 10) ?? duration;
    const marks = [];
    for (let i = 0; i * step < duration * 0.97; i++) {
      const mark = document.createElement("span");
      const at = Number((i * step).toFixed(1));
      mark.textContent = i === 0 ? "0 s" : String(at);
      mark.style.insetInlineStart = `${100 * at / duration}%`;
      marks.push(mark);
    }
    find("times").replaceChildren(...marks);
  }

  const xOf = (db) => 34 + (Math.max(-60, Math.min(0, db)) + 60) * 3;
  const yOf = (db) => 8 + (6 - db) * 3;

  /** Gain in dB that the static curve asks for where the detector hears `db`. */
  function staticGain(db) {
    const { threshold_db, ratio, knee_db = 0 } = state.parameters;
    const slope = settings.feedback ? ratio - 1 : 1 - 1 / ratio;
    const over = db - threshold_db;
    const into = over + knee_db / 2;
    return over >= knee_db / 2
      ? -slope * Math.max(over, 0)
      : into <= 0
      ? 0
      : -slope * into * into / (2 * knee_db);
  }

  function drawTransfer() {
    const { threshold_db, knee_db = 0, make_up_db } = state.parameters;
    // By what the detector hears: the input, or the output before make-up.
    const levels = [threshold_db, threshold_db + knee_db / 2];
    for (let db = -60; db <= 0; db += knee_db > 0 ? 0.5 : 60) levels.push(db);
    const points = levels.sort((a, b) => a - b).map((db) => {
      const gain = staticGain(db);
      return settings.feedback ? [db - gain, db] : [db, db + gain];
    }).filter(([db]) => settings.feedback || db >= -60 && db <= 0);
    document.querySelector(".static").setAttribute(
      "d",
      points.map(([input, output], i) =>
        `${i ? "L" : "M"}${34 + (input + 60) * 3} ${yOf(output + make_up_db)}`
      ).join(""),
    );
  }

  // Parameters -----------------------------------------------------------------

  const slide = {
    from: ({ log, low, high }, value) =>
      log
        ? Math.log(value / low) / Math.log(high / low)
        : (value - low) / (high - low),
    to: ({ log, low, high }, part) =>
      log ? low * (high / low) ** part : low + part * (high - low),
  };

  const partOf = (slider, value) =>
    Math.max(0, Math.min(1, slide.from(slider, value)));

  /** The number of a slider: so many decimals in dB, else significant digits. */
  function inDigits({ unit, digits }, value) {
    if (!Number.isFinite(value)) return "∞";
    const size = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
    const decimals = unit === "dB" ? digits : Math.max(0, digits - 1 - size);
    return minus(value.toFixed(Math.min(decimals, 8)));
  }

  let waiting;

  /** Shows the parameters everywhere and lets them be heard. */
  function apply() {
    const { parameters, playing, sound, isOnCurve } = state;
    for (const slider of sliders) {
      const input = find(slider.key);
      const value = parameters[slider.key];
      const text = inDigits(slider, value);
      input.value = String(1000 * partOf(slider, value));
      input.setAttribute("aria-valuetext", `${text} ${slider.unit}`);
      const typed = find(`${slider.key}-number`);
      if (document.activeElement !== typed) typed.value = text;
    }
    find("to-curve").hidden = isOnCurve && isNeutral();
    drawTransfer();
    drawKnob();
    showCommand();
    playing?.node.port.postMessage({ parameters });
    clearTimeout(waiting);
    if (sound) waiting = setTimeout(analyse, 60);
  }

  /** What does the same on the command line, converting first what is no WAV. */
  function showCommand() {
    const { sound, parameters } = state;
    const { quoted, conversionOf, convertedName } = waveReader;
    const name = sound?.name ?? "in.wav";
    const isWave = sound?.isWave ?? true;
    const values = JSON.stringify(
      parameters,
      (_, value) => value === Infinity ? "∞" : value,
    );
    const words = [
      "deno task render",
      quoted(isWave ? name : convertedName(name)),
      quoted(outputName(name)),
      ...(settings.model === null ? [] : ["--model", settings.model]),
      `--params '${values}'`,
      ...(sound?.channels.length > 1 && isLinked() ? ["--link"] : []),
    ];
    find("command").textContent = `${
      isWave ? "" : `${conversionOf(name, `-ar ${DECODED_RATE} `)} &&\n`
    }${words.join(" ")}`;
  }

  /** Name of what comes of the sound `name`. */
  const outputName = (name) =>
    `${name.replace(/\.\w+$/, "")}-${settings.ending}.wav`;

  /** Parameters with as many digits as tell anything, here and in the command. */
  const rounded = (parameters) =>
    Object.fromEntries(
      Object.entries(parameters).map(([key, value]) => [
        key,
        Number(value.toPrecision(7)),
      ]),
    );

  /** Whether what comes after the amplifier leaves it as it is. */
  const isNeutral = () => state.trimDb === 0 && state.mix === 1;

  /** The number that a person typed, or NaN. */
  function typedNumber(text) {
    const plain = text.trim().replace("−", "-").replace(",", ".");
    if (/^(∞|inf(inity)?)$/i.test(plain)) return Infinity;
    // A unit may follow.
    const [number] = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?/i.exec(plain) ?? [];
    return number === undefined ? NaN : Number(number);
  }

  /** Sets the parameter of `slider`; one that is not its own leaves the knob behind. */
  function setParameter(slider, value) {
    state.parameters = rounded({ ...state.parameters, [slider.key]: value });
    state.isOnCurve = false;
    apply();
  }

  /** Trim and mix as they stand, everywhere. */
  function applyBlend() {
    const { trimDb, mix, playing, sound } = state;
    find("trim").value = String(trimDb);
    find("mix").value = String(100 * mix);
    const texts = { trim: inDb(trimDb), mix: String(Math.round(100 * mix)) };
    for (const [id, text] of Object.entries(texts)) {
      const typed = find(`${id}-number`);
      if (document.activeElement !== typed) typed.value = text;
      find(id).setAttribute(
        "aria-valuetext",
        `${text} ${id === "mix" ? "%" : "dB"}`,
      );
    }
    find("to-curve").hidden = state.isOnCurve && isNeutral();
    find("blend-note").hidden = isNeutral();
    if (playing) setBlend(playing);
    clearTimeout(waiting);
    if (sound) waiting = setTimeout(analyse, 60);
  }

  function setBlend({ wet, through }) {
    const to = (gain, value) =>
      gain.gain.setTargetAtTime(value, context.currentTime, 0.01);
    to(wet, state.mix * 10 ** (state.trimDb / 20));
    to(through, 1 - state.mix);
  }

  function setKnob(position) {
    const { positions } = turns[state.mode];
    const last = positions.length - 1;
    state.position = Math.max(0, Math.min(last, Math.round(position)));
    state.isOnCurve = true;
    state.parameters = rounded(positions[state.position]);
    apply();
  }

  function drawKnob() {
    const { mode, isOnCurve } = state;
    const knob = find("knob");
    if (dial === null) return;
    const part = state.position / dialSteps;
    const [from, to] = dial.range;
    const position = Number((from + (to - from) * part).toPrecision(6));
    const [low, high] = turns[mode].fitted;
    const note = !isOnCurve
      ? "The sliders were moved: the knob is left behind."
      : position < low
      ? `Below ${low} nothing was fitted: ${
        dial.fades
          ? "the threshold rises towards 0 dBFS, the rest stays."
          : "everything stays as there."
      }`
      : position > high
      ? `Above ${high} nothing was fitted: everything stays as there.`
      : "";
    const reading = `${position} ${dial.unit}`.trim();
    knob.setAttribute("aria-valuenow", String(position));
    knob.setAttribute(
      "aria-valuetext",
      isOnCurve ? reading : `${reading}, left behind by the sliders`,
    );
    knob.classList.toggle("beyond", position < low || position > high);
    knob.classList.toggle("left", !isOnCurve);
    const typed = find("knob-number");
    if (document.activeElement !== typed) typed.value = String(position);
    knob.querySelector(".pointer").setAttribute(
      "transform",
      `rotate(${-150 + 300 * part} 70 70)`,
    );
    if (find("knob-note").textContent !== note) {
      find("knob-note").textContent = note;
    }
  }

  function setUpKnob() {
    const knob = find("knob");
    let drag = null;
    knob.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      drag = { x: event.clientX, y: event.clientY, position: state.position };
      knob.setPointerCapture(event.pointerId);
    });
    knob.addEventListener("pointermove", (event) => {
      if (drag === null) return;
      const way = event.clientX - drag.x + drag.y - event.clientY;
      const position = Math.round(drag.position + way / 2);
      if (position !== state.position) setKnob(position);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      knob.addEventListener(end, () => drag = null);
    }
    knob.addEventListener("wheel", (event) => {
      // Only where it was meant: a knob that has the focus.
      if (document.activeElement !== knob) return;
      event.preventDefault();
      setKnob(state.position - Math.sign(event.deltaY));
    }, { passive: false });
    const steps = {
      ArrowUp: 1,
      ArrowRight: 1,
      ArrowDown: -1,
      ArrowLeft: -1,
      PageUp: 5,
      PageDown: -5,
      Home: -100,
      End: 100,
    };
    knob.addEventListener("keydown", (event) => {
      if (!Object.hasOwn(steps, event.key)) return;
      event.preventDefault();
      setKnob(state.position + steps[event.key]);
    });
    for (const choice of document.querySelectorAll("[name=mode]")) {
      choice.checked = choice.value === state.mode;
      choice.addEventListener("change", () => {
        state.mode = choice.value;
        setKnob(state.position);
      });
    }
    knob.addEventListener("dblclick", () => setKnob(START));
    /** Takes what is typed at `id`, on Enter or when it is left. */
    const onTyped = (id, take) => {
      const input = find(id);
      input.addEventListener("focus", () => input.select());
      input.addEventListener("change", () => {
        const value = typedNumber(input.value);
        if (!Number.isNaN(value)) take(value);
      });
      input.addEventListener("keydown", ({ key }) => {
        if (key === "Enter" || key === "Escape") input.blur();
      });
      // As it is shown, whatever was typed.
      input.addEventListener("blur", () => {
        apply();
        applyBlend();
      });
    };
    for (const slider of sliders) {
      const input = find(slider.key);
      input.addEventListener("input", () => {
        setParameter(slider, slide.to(slider, Number(input.value) / 1000));
      });
      input.addEventListener("dblclick", () => {
        const { positions } = turns[state.mode];
        setParameter(slider, positions[state.position][slider.key]);
        const own = rounded(positions[state.position]);
        const { parameters } = state;
        state.isOnCurve = Object.keys(own)
          .every((key) => own[key] === parameters[key]);
        apply();
      });
      onTyped(`${slider.key}-number`, (value) => {
        const { least, most } = slider;
        setParameter(slider, Math.max(least, Math.min(most, value)));
      });
    }
    if (dial !== null) {
      const [from, to] = dial.range;
      onTyped(
        "knob-number",
        (value) => setKnob(dialSteps * (value - from) / (to - from)),
      );
    }
    const setTrim = (db) => {
      state.trimDb = Math.max(-24, Math.min(24, db));
      applyBlend();
    };
    const setMix = (percent) => {
      state.mix = Math.max(0, Math.min(100, percent)) / 100;
      applyBlend();
    };
    for (
      const [id, set, neutral] of [["trim", setTrim, 0], ["mix", setMix, 100]]
    ) {
      const input = find(id);
      input.addEventListener("input", () => set(Number(input.value)));
      input.addEventListener("dblclick", () => set(neutral));
      onTyped(`${id}-number`, set);
    }
    find("to-curve").addEventListener("click", () => {
      setTrim(0);
      setMix(100);
      setKnob(state.position);
      (dial === null ? find("play") : knob).focus();
    });
  }

  // Playing --------------------------------------------------------------------

  /** An amplifier in `context`, set to `parameters`. */
  async function createUnit(context, channels, parameters) {
    await context.audioWorklet.addModule(workletUrl);
    return new AudioWorkletNode(context, "compressor", {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      outputChannelCount: [channels],
      channelCount: channels,
      channelCountMode: "explicit",
      channelInterpretation: "discrete",
      processorOptions: {
        bytes: kernelBytes,
        parameters,
        channels,
        isLinked: isLinked(),
      },
    });
  }

  function bufferOf(context, { channels, sampleRate }) {
    const buffer = context.createBuffer(
      channels.length,
      channels[0].length,
      sampleRate,
    );
    channels.forEach((samples, c) => buffer.copyToChannel(samples, c));
    return buffer;
  }

  let context = null;

  /** The context, at the rate of the sound: nothing is resampled before it. */
  function contextFor({ sampleRate }) {
    if (context?.sampleRate !== sampleRate) {
      context?.close();
      context = new AudioContext({ sampleRate });
    }
    return context;
  }

  /** Wakes `context`; without a sound device it may sleep on for ever. */
  function wake(context) {
    return new Promise((resolve, reject) => {
      context.resume().then(resolve, reject);
      setTimeout(() => reject(new Error("no sound device answers")), 5000);
    });
  }

  const durationOf = ({ channels, sampleRate }) =>
    channels[0].length / sampleRate;

  async function play(from = positionNow()) {
    const { sound, target, parameters } = state;
    const duration = durationOf(sound);
    const context = contextFor(sound);
    const running = wake(context);
    const node = await createUnit(context, sound.channels.length, parameters);
    await running;
    if (sound !== state.sound) return;
    const loop = find("loop").checked;
    const source = context.createBufferSource();
    source.buffer = bufferOf(context, sound);
    source.loop = loop;
    const sources = [source];
    const faders = {
      unit: context.createGain(),
      bypass: context.createGain(),
      target: context.createGain(),
      difference: context.createGain(),
    };
    const [wet, through] = [0, 1].map(() => new GainNode(context));
    wet.gain.value = state.mix * 10 ** (state.trimDb / 20);
    through.gain.value = 1 - state.mix;
    for (const fader of Object.values(faders)) {
      fader.gain.value = 0;
      fader.connect(context.destination);
    }
    source.connect(node).connect(wet);
    source.connect(through);
    for (const part of [wet, through]) {
      part.connect(faders.unit);
      part.connect(faders.difference);
    }
    source.connect(faders.bypass);
    if (target) {
      const other = context.createBufferSource();
      other.buffer = bufferOf(context, target);
      // Both come round at the same time, however long the target is.
      other.loop = loop && durationOf(target) >= duration;
      other.loopEnd = duration;
      other.connect(faders.target);
      const turned = new GainNode(context, { gain: -1 });
      other.connect(turned).connect(faders.difference);
      sources.push(other);
    }
    const offset = from >= duration ? 0 : from;
    const startedAt = context.currentTime + 0.02;
    for (const each of sources) each.start(startedAt, offset);
    const playing = {
      node,
      wet,
      through,
      sources,
      faders,
      startedAt,
      offset,
      duration,
      loop,
    };
    state.playing = playing;
    node.port.onmessage = ({ data }) => {
      if (state.playing === playing) showLevels(data);
    };
    source.onended = () => {
      if (state.playing !== playing) return;
      stop();
      seek(0);
    };
    applyListening();
    showPlaying();
    requestAnimationFrame(follow);
  }

  function stop() {
    const { playing } = state;
    if (playing === null) return;
    seek(positionNow());
    state.playing = null;
    for (const source of playing.sources) source.stop();
    for (const fader of Object.values(playing.faders)) fader.disconnect();
    playing.node.port.postMessage({ close: true });
    showPlaying();
    showLevels({ gain: 1, input: 0, output: 0 });
  }

  function restart() {
    const from = positionNow();
    stop();
    start(from);
  }

  let isStarting = false;

  async function start(from) {
    if (isStarting) return;
    isStarting = true;
    try {
      trouble("");
      await play(from);
    } catch (error) {
      trouble(`This sound cannot be played here: ${error.message}`);
    } finally {
      isStarting = false;
    }
  }

  function positionNow() {
    const { playing } = state;
    if (playing === null) return find("position").value / 1000 * lengthNow();
    const { startedAt, offset, duration, loop } = playing;
    const at = offset + Math.max(0, context.currentTime - startedAt);
    return loop ? at % duration : Math.min(at, duration);
  }

  const lengthNow = () => durationOf(state.sound);

  /** Puts the playhead at `seconds`. */
  function seek(seconds) {
    const part = seconds / lengthNow();
    find("position").value = String(1000 * part);
    find("position").setAttribute("aria-valuetext", clock(seconds));
    find("time").textContent = clock(seconds);
    find("waves").style.setProperty("--at", String(part));
  }

  function follow() {
    if (state.playing === null) return;
    seek(positionNow());
    requestAnimationFrame(follow);
  }

  function showPlaying() {
    find("play").textContent = state.playing === null ? "Play" : "Stop";
  }

  /** Opens the fader of what is listened to and closes the others. */
  function applyListening() {
    const { playing, overview } = state;
    if (playing === null) return;
    const { value } = document.querySelector("[name=listen]:checked");
    const levels = find("match").checked ? overview?.match ?? {} : {};
    for (const [name, fader] of Object.entries(playing.faders)) {
      fader.gain.setTargetAtTime(
        name === value ? levels[name] ?? 1 : 0,
        context.currentTime,
        0.005,
      );
    }
  }

  const dot = document.querySelector(".now");

  function showLevels({ gain, input, output }) {
    const reduction = -decibels(gain);
    // Up at once, down in some tenths of a second, as a needle.
    state.reduction = Math.max(
      reduction,
      state.playing ? 0.85 * state.reduction : 0,
    );
    const shown = state.reduction < 0.05 ? 0 : state.reduction;
    const meter = find("meter");
    meter.style.setProperty("--part", String(Math.min(1, shown / meterDb)));
    meter.setAttribute("aria-valuenow", shown.toFixed(1));
    meter.setAttribute("aria-valuetext", `${shown.toFixed(1)} dB`);
    find("reduction").textContent = shown.toFixed(1);
    const isHeard = input > 1e-3;
    find("level-in").textContent = isHeard ? inDb(decibels(input)) : "–";
    find("level-out").textContent = isHeard ? inDb(decibels(output)) : "–";
    dot.toggleAttribute("hidden", !isHeard);
    if (isHeard) {
      const level = decibels(input);
      const out = level - reduction + state.parameters.make_up_db;
      dot.setAttribute("cx", xOf(level).toFixed(1));
      dot.setAttribute("cy", yOf(Math.max(-60, Math.min(6, out))).toFixed(1));
    }
  }

  // Setting up -------------------------------------------------------------------

  function setUpSound() {
    const choose = (id, role) =>
      find(id).addEventListener("change", ({ target: input }) => {
        const [file] = input.files;
        if (file) load(file, role);
        input.value = "";
      });
    choose("sound-file", "sound");
    choose("target-file", "target");
    find("excerpt").addEventListener("click", openExcerpt);
    addEventListener("dragover", (event) => {
      event.preventDefault();
      document.body.classList.add("dropping");
    });
    addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) {
        document.body.classList.remove("dropping");
      }
    });
    addEventListener("drop", (event) => {
      event.preventDefault();
      document.body.classList.remove("dropping");
      const [file] = event.dataTransfer.files;
      if (file) load(file, "sound");
    });
    find("play").addEventListener("click", () => {
      if (state.playing) stop();
      else start();
    });
    find("loop").addEventListener("change", () => {
      if (state.playing) restart();
    });
    const seekTo = (seconds) => {
      const wasPlaying = state.playing !== null;
      stop();
      seek(seconds);
      if (wasPlaying) start(seconds);
    };
    find("position").addEventListener(
      "change",
      ({ target }) => seekTo(target.value / 1000 * lengthNow()),
    );
    find("waves").addEventListener("click", ({ clientX }) => {
      const box = find("wave-in").querySelector("svg").getBoundingClientRect();
      const part = (clientX - box.left) / box.width;
      if (part >= 0 && part <= 1) seekTo(part * lengthNow());
    });
    for (const choice of document.querySelectorAll("[name=listen], #match")) {
      choice.addEventListener("change", () => {
        applyListening();
        if (state.overview) showComparison();
      });
    }
    const listenTo = (name) => {
      const choice = document.querySelector(`[name=listen][value=${name}]`);
      if (choice.disabled) return;
      choice.checked = true;
      applyListening();
    };
    addEventListener("keydown", (event) => {
      const { target, key } = event;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (target.closest("input[inputmode], textarea, select, pre")) return;
      switch (key.toLowerCase()) {
        case " ":
          if (target.closest("button, a, summary, [type=checkbox], .pick")) {
            return;
          }
          find("play").click();
          break;
        case "a":
          listenTo(state.target ? "target" : "bypass");
          break;
        case "b":
          listenTo("unit");
          break;
        case "d":
          listenTo("difference");
          break;
        default:
          return;
      }
      event.preventDefault();
    });
    find("link").addEventListener("change", () => {
      state.playing?.node.port.postMessage({ isLinked: isLinked() });
      showCommand();
      analyse();
    });
    find("render").addEventListener("click", async () => {
      const { name, sampleRate } = state.sound;
      find("rendered").textContent = "Rendering …";
      try {
        const blob = encodeWave(await render(), sampleRate);
        const link = document.createElement("a");
        link.href = URL.createObjectURL(blob);
        link.download = outputName(name);
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
        find("rendered").textContent = `Rendered ${link.download}`;
      } catch (error) {
        find("rendered").textContent = "";
        trouble(`The sound cannot be rendered: ${error.message}`);
      }
    });
  }

  const fileOf = ({ bytes, name }) =>
    new File([bytesOf(bytes)], name, { type: "audio/wav" });
  const excerpt = fileOf(settings.excerpt);

  /** Opens what the page has in it, which the command can have as a file. */
  async function openOwn(file, label) {
    trouble("");
    setSound(await open(file));
    const link = find("save-excerpt");
    URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(file);
    link.download = file.name;
    link.textContent = label;
    link.hidden = false;
  }

  const openExcerpt = () => openOwn(excerpt, "Save the excerpt");

  /** The take that the page came with, in step already. */
  async function openTake() {
    const { dry, wet, words } = settings.take;
    await openOwn(fileOf(dry), "Save the dry side");
    await setTarget(await open(fileOf(wet)), words);
  }

  /** Where the knob stands at first. */
  const START = 70;

  setUpKnob();
  setUpSound();
  setKnob(START);
  applyBlend();
  find("take").addEventListener("click", openTake);
  const ready = settings.take ? openTake() : openExcerpt();
  globalThis.player = {
    state,
    ready,
    createUnit,
    bufferOf,
    settings,
    setKnob,
  };
})();
