/**
 * What the players inside a report share: sounds that play in step, the model run by
 * its kernel in the page, and how curves and pictures are drawn. `createRenderer` comes
 * before it.
 */
// deno-lint-ignore no-unused-vars
const stage = (() => {
  "use strict";

  const bytesOf = (base64) =>
    Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

  /** Samples of 16 bits, as a page holds them. */
  const samplesOf = (base64) =>
    Float32Array.from(
      new Int16Array(bytesOf(base64).buffer),
      (value) => value / 32768,
    );

  const parse = (element) =>
    JSON.parse(
      element.querySelector(".widget-data").textContent,
      (_, value) => value === "∞" ? Infinity : value,
    );

  const decibels = (amplitude) => 20 * Math.log10(amplitude);
  const amplitude = (db) => 10 ** (db / 20);
  const minus = (text) => text.replace("-", "−");

  /** The model at rest. */
  const modules = new Map();
  function rendererOf(kernel, parameters, sampleRate) {
    if (!modules.has(kernel)) {
      modules.set(kernel, new WebAssembly.Module(bytesOf(kernel)));
    }
    // deno-lint-ignore no-undef
    return createRenderer(modules.get(kernel), parameters, sampleRate);
  }

  /** What the model makes of `dry`, and its gain every `step` samples. */
  function play(kernel, parameters, dry, sampleRate, step = 441) {
    const renderer = rendererOf(kernel, parameters, sampleRate);
    const output = new Float32Array(dry.length);
    const gains = [];
    for (let at = 0; at < dry.length; at += step) {
      const end = Math.min(dry.length, at + step);
      renderer.process(dry.subarray(at, end), output.subarray(at, end));
      gains.push(renderer.gain());
    }
    return { output, gains };
  }

  let context;

  /** Sounds of one length that loop in step; one of them is heard. */
  function createDeck(onPosition) {
    let playing = null;
    const deck = {
      sounds: {},
      levels: {},
      heard: null,
      sampleRate: 44100,
      get isPlaying() {
        return playing !== null;
      },
      position() {
        if (playing === null) return 0;
        const { began, seconds } = playing;
        return ((context.currentTime - began) % seconds) / seconds;
      },
      /** Plays the sounds as they are now, from `part` of their length. */
      start(part = 0) {
        context ??= new AudioContext();
        context.resume();
        deck.stop();
        const names = Object.keys(deck.sounds);
        const seconds = deck.sounds[names[0]].length / deck.sampleRate;
        const when = context.currentTime + 0.03;
        const faders = {};
        const sources = names.map((name) => {
          const samples = deck.sounds[name];
          const buffer = context.createBuffer(
            1,
            samples.length,
            deck.sampleRate,
          );
          buffer.copyToChannel(samples, 0);
          const source = context.createBufferSource();
          source.buffer = buffer;
          source.loop = true;
          const fader = context.createGain();
          fader.gain.value = 0;
          source.connect(fader).connect(context.destination);
          source.start(when, part * seconds);
          faders[name] = fader;
          return source;
        });
        playing = { sources, faders, seconds, began: when - part * seconds };
        deck.choose(deck.heard);
        requestAnimationFrame(follow);
      },
      stop() {
        if (playing === null) return;
        const { sources, faders } = playing;
        playing = null;
        for (const fader of Object.values(faders)) {
          fader.gain.setTargetAtTime(0, context.currentTime, 0.005);
        }
        for (const source of sources) source.stop(context.currentTime + 0.05);
      },
      /** Hears the sound `name`, at its level. */
      choose(name) {
        deck.heard = name;
        if (playing === null) return;
        for (const [other, fader] of Object.entries(playing.faders)) {
          fader.gain.setTargetAtTime(
            other === name ? amplitude(deck.levels[other] ?? 0) : 0,
            context.currentTime,
            0.005,
          );
        }
      },
    };
    function follow() {
      onPosition(deck.position());
      if (playing !== null) requestAnimationFrame(follow);
    }
    return deck;
  }

  /** The path of `values` over a box 1000 wide and `height` high, gaps left out. */
  function lane(values, height) {
    let path = "";
    let isDown = false;
    values.forEach((value, i) => {
      if (!Number.isFinite(value)) {
        isDown = false;
        return;
      }
      const x = (1000 * i / (values.length - 1)).toFixed(1);
      path += `${isDown ? "L" : "M"}${x} ${Math.min(height, value).toFixed(2)}`;
      isDown = true;
    });
    return path;
  }

  /** The static curve of `parameters`, from −60 to 0 dBFS in, by 3 pixels a dB. */
  function transfer(
    { threshold_db, ratio, knee_db = 0, make_up_db },
    feedback,
  ) {
    const slope = feedback ? ratio - 1 : 1 - 1 / ratio;
    const gainAt = (db) => {
      const over = db - threshold_db;
      const into = over + knee_db / 2;
      return over >= knee_db / 2
        ? -slope * Math.max(over, 0)
        : into <= 0
        ? 0
        : -slope * into * into / (2 * knee_db);
    };
    const points = [];
    for (let db = -60; db <= 0; db += 0.5) {
      const gain = gainAt(db);
      points.push(feedback ? [db - gain, db] : [db, db + gain]);
    }
    return points.filter(([db]) => db >= -60 && db <= 0)
      .map(([input, output], i) =>
        `${i ? "L" : "M"}${(3 * (input + 60)).toFixed(1)} ${
          (3 * (6 - output - make_up_db)).toFixed(1)
        }`
      ).join("");
  }

  /** Fills `canvas` with the bytes of `pixels`, coloured by `shade(byte)`. */
  function paint(canvas, pixels, columns, rows, shade) {
    canvas.width = columns;
    canvas.height = rows;
    const image = new ImageData(columns, rows);
    pixels.forEach((value, i) => image.data.set(shade(value), 4 * i));
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  /** A parameter as people read it. */
  function inDigits(value, { unit, decimals }) {
    if (!Number.isFinite(value)) return "∞";
    if (unit === "dB") return minus(value.toFixed(decimals));
    const size = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
    return minus(value.toFixed(Math.max(0, 2 - size)));
  }

  return {
    bytesOf,
    samplesOf,
    parse,
    decibels,
    minus,
    play,
    createDeck,
    lane,
    transfer,
    paint,
    inDigits,
  };
})();
