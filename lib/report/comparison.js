/**
 * Versions of one sound that play in step: one is heard, the others are silent,
 * and switching between them moves nothing but gains.
 *
 * `optofit.comparisons[id]` has each on the page. Its `set(clips)` puts other
 * sounds in the place of those that the page came with, in their order: each
 * `{ label, matchDb, wav }` with a WAVE file in base64, or `{ label, matchDb,
 * samples, sampleRate }`.
 */
(() => {
  "use strict";

  const COLUMNS = 1000;
  /** Seconds between two marks of the scale, of which there are at most ten. */
  const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];
  /** Seconds that an arrow key moves by. */
  const STEP = 0.5;

  const state = globalThis.optofit ??= {};
  state.comparisons = {};

  let context = null;

  /** The context, at the rate of the sound: nothing is resampled. */
  function contextAt(sampleRate) {
    if (context?.sampleRate !== sampleRate) {
      context?.close();
      context = new AudioContext({ sampleRate });
    }
    return context;
  }

  /** Wakes the context; without a sound device it may sleep on for ever. */
  function wake(context) {
    return new Promise((resolve, reject) => {
      context.resume().then(resolve, reject);
      setTimeout(() => reject(new Error("no sound device answers")), 5000);
    });
  }

  /** `clip` with its samples. */
  async function opened({ wav, ...clip }) {
    if (clip.samples) return clip;
    const text = atob(wav);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
    const sampleRate = new DataView(bytes.buffer).getUint32(24, true);
    const decoder = new OfflineAudioContext(1, 1, sampleRate);
    const decoded = await decoder.decodeAudioData(bytes.buffer);
    return { ...clip, sampleRate, samples: decoded.getChannelData(0) };
  }

  function clock(seconds) {
    const tenths = Math.floor(10 * seconds + 1e-6) / 10;
    const rest = (tenths % 60).toFixed(1).padStart(4, "0");
    return `${Math.floor(tenths / 60)}:${rest}`;
  }

  /** Lowest and highest sample by column, as a path. */
  function outlineOf(samples, highest) {
    let upper = "";
    let lower = "";
    for (let column = 0; column < COLUMNS; column++) {
      const end = Math.floor((column + 1) * samples.length / COLUMNS);
      let low = 0;
      let high = 0;
      for (
        let n = Math.floor(column * samples.length / COLUMNS);
        n < end;
        n++
      ) {
        if (samples[n] < low) low = samples[n];
        if (samples[n] > high) high = samples[n];
      }
      // At least a hair, so that silence is a line.
      const top = Math.max(high / highest, 0.006);
      const bottom = Math.min(low / highest, -0.006);
      upper += `${column ? "L" : "M"}${column} ${(-top).toFixed(3)}`;
      lower = `L${column} ${(-bottom).toFixed(3)}${lower}`;
    }
    return `${upper}${lower}Z`;
  }

  function setUp(section) {
    const find = (selector) => section.querySelector(selector);
    const choices = [...section.querySelectorAll("input[type=radio]")];
    const [play, wave, time] = [".play", ".wave", ".time"].map(find);
    const match = find(".match");
    const ab = section.dataset.ab.split(" ").map(Number);
    let clips = [];
    let highest = 1;
    let at = 0;
    let playing = null;

    const chosen = () => choices.findIndex(({ checked }) => checked);
    const gainOf = ({ matchDb = 0 }) =>
      match?.checked ? 10 ** (matchDb / 20) : 1;
    const duration = () => clips[0].samples.length / clips[0].sampleRate;
    const trouble = (message) => {
      find(".trouble").textContent = message;
      find(".trouble").hidden = message === "";
    };

    function show(seconds) {
      at = seconds;
      wave.style.setProperty("--at", String(seconds / duration()));
      wave.setAttribute("aria-valuenow", seconds.toFixed(2));
      wave.setAttribute("aria-valuetext", clock(seconds));
      time.textContent = clock(seconds);
    }

    /** Draws and lets be heard what is chosen. */
    function apply() {
      const own = chosen();
      const clip = clips[own];
      if (clip === undefined) return;
      clip.outline ??= outlineOf(clip.samples, highest);
      find("path").setAttribute("d", clip.outline);
      playing?.faders.forEach((fader, i) =>
        fader.gain.setTargetAtTime(
          i === own ? gainOf(clips[i]) : 0,
          context.currentTime,
          0.005,
        )
      );
    }

    async function load(given) {
      stop();
      clips = await Promise.all(given.map(opened));
      // One scale for all.
      highest = clips.reduce(
        (most, { samples }) =>
          samples.reduce((high, x) => Math.max(high, Math.abs(x)), most),
        1e-9,
      );
      play.disabled = false;
      wave.setAttribute("aria-valuemax", duration().toFixed(2));
      const step = STEPS.find((one) => duration() / one <= 10) ?? duration();
      find(".scale").replaceChildren(
        ...Array.from(
          { length: Math.ceil(0.97 * duration() / step) },
          (_, i) => {
            const mark = document.createElement("span");
            const at = Number((i * step).toFixed(1));
            mark.textContent = `${at}${i === 0 ? "\u00a0s" : ""}`;
            mark.style.insetInlineStart = `${100 * i * step / duration()}%`;
            return mark;
          },
        ),
      );
      show(0);
      apply();
    }

    function now() {
      if (playing === null) return at;
      const { startedAt, offset } = playing;
      return (offset + Math.max(0, context.currentTime - startedAt)) %
        duration();
    }

    function follow() {
      if (playing === null) return;
      show(now());
      requestAnimationFrame(follow);
    }

    async function start(from) {
      for (const other of Object.values(state.comparisons)) other.stop();
      const audio = contextAt(clips[0].sampleRate);
      const running = wake(audio);
      try {
        await running;
      } catch (error) {
        trouble(`This cannot be played here: ${error.message}`);
        return;
      }
      trouble("");
      const startedAt = audio.currentTime + 0.02;
      const faders = [];
      const sources = clips.map(({ samples, sampleRate }) => {
        const buffer = audio.createBuffer(1, samples.length, sampleRate);
        buffer.copyToChannel(samples, 0);
        const source = new AudioBufferSourceNode(audio, { buffer, loop: true });
        const fader = new GainNode(audio, { gain: 0 });
        faders.push(fader);
        source.connect(fader).connect(audio.destination);
        source.start(startedAt, from);
        return source;
      });
      playing = { sources, faders, startedAt, offset: from };
      play.textContent = "Stop";
      apply();
      requestAnimationFrame(follow);
    }

    function stop() {
      if (playing === null) return;
      show(now());
      for (const source of playing.sources) source.stop();
      for (const fader of playing.faders) fader.disconnect();
      playing = null;
      play.textContent = "Play";
    }

    const toggle = () => playing ? stop() : start(at);

    function seek(seconds) {
      const to = Math.max(0, Math.min(duration() - 0.01, seconds));
      const wasPlaying = playing !== null;
      stop();
      show(to);
      if (wasPlaying) start(to);
    }

    function choose(index) {
      if (choices[index] === undefined) return false;
      choices[index].checked = true;
      apply();
      return true;
    }

    play.addEventListener("click", toggle);
    for (const input of [...choices, ...(match ? [match] : [])]) {
      input.addEventListener("change", apply);
    }
    wave.addEventListener("click", ({ clientX }) => {
      const box = wave.getBoundingClientRect();
      seek((clientX - box.left) / box.width * duration());
    });
    wave.addEventListener("keydown", (event) => {
      const moves = {
        ArrowLeft: -STEP,
        ArrowRight: STEP,
        Home: -Infinity,
        End: Infinity,
      };
      if (!Object.hasOwn(moves, event.key)) return;
      event.preventDefault();
      seek(now() + moves[event.key]);
    });
    // Keys count within the section, and everywhere while it plays.
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (clips.length === 0) return;
      if (!section.contains(event.target) && playing === null) return;
      if (event.target.closest("textarea, select, summary, a")) return;
      const key = event.key.toLowerCase();
      if (key === " ") {
        if (event.target.closest("button")) return;
        toggle();
      } else if (!choose(key === "a" ? ab[0] : key === "b" ? ab[1] : key - 1)) {
        return;
      }
      event.preventDefault();
    });

    const own = {
      stop,
      set: load,
      get clips() {
        return clips;
      },
      get playing() {
        return playing;
      },
    };
    state.comparisons[section.id] = own;
    // Read once it is about to be seen.
    own.ready = new Promise((resolve) => {
      new IntersectionObserver((entries, observer) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        observer.disconnect();
        const given = find(".clips-data").textContent;
        load(JSON.parse(given)).catch(({ message }) =>
          trouble(`The sounds cannot be read: ${message}`)
        ).then(resolve);
      }, { rootMargin: "300px" }).observe(section);
    });
  }

  document.querySelectorAll(".comparison").forEach(setUp);
})();
