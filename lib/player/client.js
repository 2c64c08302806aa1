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
  const bytesOf = (base64) =>
    Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
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
      if (role === "target") setTarget(sound);
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
    drawWave("wave-in", overviewOf(sound));
    analyse();
  }

  function setTarget(target) {
    const { sound } = state;
    if (target !== null && target.sampleRate !== sound.sampleRate) {
      throw new Error(
        `it is at ${target.sampleRate} Hz and the sound at ${sound.sampleRate} Hz`,
      );
    }
    state.target = target;
    find("wave-target").hidden = target === null;
    find("target-name").hidden = target === null;
    const choice = document.querySelector("[name=listen][value=target]");
    choice.disabled = target === null;
    if (target === null) {
      if (choice.checked) {
        document.querySelector("[name=listen][value=unit]").checked = true;
      }
    } else {
      find("target-name").textContent = `Target: ${describe(target)}`;
      drawWave("wave-target", overviewOf(target, sound.channels[0].length));
    }
    if (state.playing) restart();
  }

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

  let analysis = 0;

  /** Output, reduction and energies of the whole sound with these parameters. */
  async function analyse() {
    const own = ++analysis;
    const { sound, parameters } = state;
    const length = sound.channels[0].length;
    const low = new Float32Array(COLUMNS);
    const high = new Float32Array(COLUMNS);
    const gain = new Float32Array(COLUMNS).fill(NaN);
    const { channels, sampleRate } = sound;
    const blocks = channels.map(() => new Float32Array(STEP));
    const units = channelsFor(kernel, parameters, sampleRate, channels.length);
    let energyIn = 0;
    let energyOut = 0;
    let sinceLast = 0;
    for (let at = 0; at < length; at += STEP) {
      const from = channels.map((samples) => samples.subarray(at, at + STEP));
      const to = blocks.map((block) => block.subarray(0, from[0].length));
      units.process(from, to);
      const column = Math.floor(at * COLUMNS / length);
      const lowest = units.gain();
      if (!(gain[column] <= lowest)) gain[column] = lowest;
      for (let c = 0; c < to.length; c++) {
        addToOverview(to[c], at, length, low, high);
        for (let n = 0; n < to[c].length; n++) {
          energyIn += from[c][n] * from[c][n];
          energyOut += to[c][n] * to[c][n];
        }
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
    state.overview = {
      gain,
      peak: Math.max(...high, -Math.min(...low)),
      match: energyIn > 0 ? Math.sqrt(energyOut / energyIn) : 1,
    };
    drawWave("wave-out", { low, high });
    drawGain(gain);
    find("most-reduction").textContent = inDb(-decibels(Math.min(...gain)));
    find("highest-output").textContent = inDb(decibels(state.overview.peak));
    find("match-gain").textContent = `(${
      inDb(decibels(state.overview.match))
    } dB)`;
    applyListening();
  }

  /** The whole sound through the amplifier. */
  async function render() {
    const { sound: { channels, sampleRate }, parameters } = state;
    const units = channelsFor(kernel, parameters, sampleRate, channels.length);
    const output = channels.map(({ length }) => new Float32Array(length));
    const stretch = Math.ceil(STRETCH / channels.length);
    for (let at = 0; at < channels[0].length; at += stretch) {
      const partOf = (samples) => samples.subarray(at, at + stretch);
      units.process(channels.map(partOf), output.map(partOf));
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
    find(id).querySelector("path").setAttribute("d", `${upper}${lower}Z`);
  }

  function drawGain(gain) {
    let path = "M0 0";
    for (let column = 0; column < COLUMNS; column++) {
      path += `L${column} ${(-decibels(gain[column])).toFixed(2)}`;
    }
    find("wave-gain").querySelector("path")
      .setAttribute("d", `${path}L${COLUMNS} 0Z`);
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
      input.parentElement.querySelector("[data-value]").textContent = text;
    }
    find("to-curve").hidden = isOnCurve;
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
    knob.querySelector(".reading").textContent = String(position);
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
    for (const slider of sliders) {
      const input = find(slider.key);
      input.addEventListener("input", () => {
        const value = slide.to(slider, Number(input.value) / 1000);
        state.parameters = rounded({
          ...state.parameters,
          [slider.key]: value,
        });
        state.isOnCurve = false;
        apply();
      });
    }
    find("to-curve").addEventListener("click", () => {
      setKnob(state.position);
      knob.focus();
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
    };
    for (const fader of Object.values(faders)) {
      fader.gain.value = 0;
      fader.connect(context.destination);
    }
    source.connect(node).connect(faders.unit);
    source.connect(faders.bypass);
    if (target) {
      const other = context.createBufferSource();
      other.buffer = bufferOf(context, target);
      // Both come round at the same time, however long the target is.
      other.loop = loop && durationOf(target) >= duration;
      other.loopEnd = duration;
      other.connect(faders.target);
      sources.push(other);
    }
    const offset = from >= duration ? 0 : from;
    const startedAt = context.currentTime + 0.02;
    for (const each of sources) each.start(startedAt, offset);
    const playing = {
      node,
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
    const match = find("match").checked ? overview?.match ?? 1 : 1;
    const levels = { unit: 1, bypass: match, target: 1 };
    for (const [name, fader] of Object.entries(playing.faders)) {
      fader.gain.setTargetAtTime(
        name === value ? levels[name] : 0,
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
      choice.addEventListener("change", applyListening);
    }
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

  const excerpt = new File([bytesOf(settings.excerpt)], settings.excerptName, {
    type: "audio/wav",
  });
  // The command takes a file, as which the excerpt is nowhere yet.
  find("save-excerpt").href = URL.createObjectURL(excerpt);
  find("save-excerpt").download = settings.excerptName;

  async function openExcerpt() {
    trouble("");
    setSound(await open(excerpt));
    find("save-excerpt").hidden = false;
  }

  setUpKnob();
  setUpSound();
  setKnob(70);
  const ready = openExcerpt();
  globalThis.player = {
    state,
    ready,
    createUnit,
    bufferOf,
    settings,
    setKnob,
  };
})();
