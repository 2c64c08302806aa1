/**
 * How 4A-2A-G is trained and scored here, beside how it is published (C.-Y. Yu and
 * G. Fazekas, AES AIMLA 2025; the training script of its repository aim-qmul/4a2a).
 *
 * @module
 */

/** One thing that differs. */
export interface Difference {
  what: string;
  here: string;
  published: string;
}

/** Its columns. */
export const DIFFERENCE_COLUMNS = [
  { key: "what", title: "What" },
  { key: "here", title: "Here" },
  { key: "published", title: "Published" },
];

/** What differs; all else is as published. */
export const DIFFERENCES: readonly Difference[] = [
  {
    what: "Reset gate",
    here: "before the recurrent product",
    published: "after it, with a second bias",
  },
  {
    what: "Loss",
    here: "mean of the settings' ESRs",
    published: "ESR of all settings together, window by window",
  },
  {
    what: "Input",
    here: "as recorded",
    published: "shifted in a circle at random",
  },
  {
    what: "Weights",
    here: "running mean over the steps",
    published: "those of the last step",
  },
  {
    what: "Stops by",
    here: "a validation part",
    published: "the loss of the training",
  },
  {
    what: "Scored on",
    here: "sound that it was not trained on",
    published: "what it was trained on",
  },
];
