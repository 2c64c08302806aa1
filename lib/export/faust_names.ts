/**
 * Names and texts as Faust takes them.
 *
 * @module
 */

/** What a definition cannot be called: words of the language and its libraries. */
const RESERVED =
  `_ abs acos any asin assertbounds atan atan2 attach button case ceil checkbox
  component control cos declare enable environment exp exp10 fconstant ffunction
  float floor fmod fvariable hbargraph hgroup highest hslider import inputs int
  letrec library log log10 lowest max mem min nentry ondemand outputs par pow
  prefix process prod rdtable remainder rint round route rwtable select2 select3
  seq sin soundfile sqrt sum tan tgroup upsampling vbargraph vgroup vslider
  waveform with where xor
  aa all an ba co de dm dx ef en fd fi fx hy it ja la ma mi mo no os pf pl pm qu
  rm ro sf si so sp sy ve vl wa wd x g i at row column before move step`
    .split(/\s+/);

/** Names of one file, each given once. */
export class Names {
  readonly #taken: Set<string>;

  /** Beside the language's words, `taken` are taken. */
  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set([...RESERVED, ...taken]);
  }

  /** `wanted`, or what is nearest to it and free, ending in `end` if need be. */
  give(wanted: string, end = "2"): string {
    const plain = wanted.replace(/[^A-Za-z0-9_]/g, "_").toLowerCase()
      .replace(/^(?=_*(\d|$))/, "v");
    let name = plain;
    for (let i = 2; this.#taken.has(name); i++) {
      name = i === 2 ? `${plain}_${end}` : `${plain}_${end}${i}`;
    }
    this.#taken.add(name);
    return name;
  }

  /** Names for a part of the file, which may be given in another one again. */
  inner(): Names {
    return new Names(this.#taken);
  }
}

/** A comment's text: one line. */
export function commentText(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
}

/**
 * A label or a declared text. What Faust, or what is made of it, reads as more
 * than a letter stands in its full-width form, which looks the same.
 */
export function labelText(text: string): string {
  return commentText(text).replace(
    /["'[\]{};:/\\%*?$<>&`]/g,
    (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0),
  );
}

/** A number, to `digits` significant digits. */
export function numberText(value: number, digits = 17): string {
  return String(Number(value.toPrecision(digits))).replace("e+", "e");
}
