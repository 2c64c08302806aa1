/**
 * What pages cite and link to.
 *
 * @module
 */

import { dirname, relative, sep } from "node:path";
import type { PageLink } from "./meta.ts";

/** The paper of 4A-2A. */
export const PAPER_BIBTEX = `@inproceedings{yu2025soundmatching,
  author    = {Yu, Chin-Yun and Fazekas, Gy{\\"o}rgy},
  title     = {Sound Matching an Analogue Levelling Amplifier Using the Newton-Raphson Method},
  booktitle = {AES International Conference on Artificial Intelligence and Machine Learning for Audio},
  year      = {2025},
  eprint    = {2509.10706},
  archivePrefix = {arXiv}
}`;

/** The paper of FF-A, FF-B and FF-C. */
export const DIFFAPF_BIBTEX = `@inproceedings{yu2024differentiable,
  author    = {Yu, Chin-Yun and Mitcheltree, Christopher and Carson, Alistair and Bilbao, Stefan and Reiss, Joshua D. and Fazekas, Gy{\\"o}rgy},
  title     = {Differentiable All-pole Filters for Time-varying Audio Systems},
  booktitle = {International Conference on Digital Audio Effects (DAFx)},
  year      = {2024}
}`;

/** The data set that the LA-2A's recordings are from. */
export const SIGNALTRAIN_BIBTEX = `@inproceedings{hawley2019profiling,
  author    = {Hawley, Scott H. and Colburn, Benjamin and Mimilakis, Stylianos I.},
  title     = {Profiling Audio Compressors with Deep Neural Networks},
  booktitle = {Audio Engineering Society Convention 147},
  year      = {2019}
}`;

/** The paper of 4A-2A on the web. */
export const PAPER_LINK: PageLink = {
  label: "Paper",
  href: "https://arxiv.org/abs/2509.10706",
  title: "Yu and Fazekas, AES AIMLA 2025",
};

/** The data set on the web. */
export const DATA_LINK: PageLink = {
  label: "Data set",
  href: "https://zenodo.org/records/3824876",
  title: "SignalTrain LA2A, Hawley et al.",
};

/**
 * The links of a page at `page` among the reports in the folder `reports`: paper,
 * data set, index of all runs, player.
 */
export function pageLinks(page: string, reports: string): PageLink[] {
  const to = (name: string) =>
    `${relative(dirname(page), reports) || "."}/${name}`
      .replaceAll(sep, "/").replace(/^\.\//, "");
  return [
    PAPER_LINK,
    DATA_LINK,
    { label: "All runs", href: to("index.html"), title: "deno task report" },
    { label: "Player", href: to("player.html"), title: "deno task player" },
  ];
}
