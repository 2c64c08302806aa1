/**
 * Published figures of the all-pass nets, and where they come from.
 *
 * @module
 */

/** The paper. */
export const PUBLISHED_PHASE =
  "Bargum, Serafin, Erkut and Parker, DAFx 2023, arXiv 2306.00860";

/** The paper, to cite. */
export const BIBTEX = `@inproceedings{bargum2023differentiable,
  author    = {Bargum, Anders R. and Serafin, Stefania and Erkut, Cumhur and Parker, Julian D.},
  title     = {Differentiable Allpass Filters for Phase Response Estimation and Automatic Signal Alignment},
  booktitle = {International Conference on Digital Audio Effects (DAFx)},
  year      = {2023},
  eprint    = {2306.00860},
  archivePrefix = {arXiv}
}`;

/** What {@linkcode PUBLISHED_LOSSES} are. */
export const LOGGED =
  `M-STFT as logged beside the published code, on other sound (${PUBLISHED_PHASE})`;

/** Losses that the TensorBoard files beside the published code hold, and their hours. */
export const PUBLISHED_LOSSES = [
  {
    unit: "surveyor",
    first: 0.1603,
    last: 0.1377,
    lowest: 0.1358,
    epochs: 500,
    hours: 9.9,
  },
  {
    unit: "15IPS",
    first: 0.00969,
    last: 0.00425,
    lowest: null,
    epochs: 299,
    hours: 5.9,
  },
  {
    unit: "LEM",
    first: 0.1238,
    last: 0.0102,
    lowest: null,
    epochs: 104,
    hours: 2.1,
  },
];
