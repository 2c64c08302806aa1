/**
 * What a report says of itself: what it is about, what it ran on, how it was made.
 *
 * @module
 */

/** What the sound of a run came from. */
export interface ReportSource {
  /** Its name, such as a data folder or a built-in unit. */
  name: string;
  /** Whether it stands in for recordings of the real unit. */
  surrogate: boolean;
  /** One sentence on it; shown in the banner of surrogate data. */
  description?: string;
}

/** What a report is about and how it was made. */
export interface ReportMeta {
  /** Name of the experiment, such as `04_la2a_sweep`. */
  experiment: string;
  /** Heading of the page. */
  title: string;
  /** One sentence beneath it. */
  subtitle?: string;
  /** The data. */
  source: ReportSource;
  /** What the config has other than by default, by key. */
  changed?: Record<string, unknown>;
  /** Title of the chart that tells most, for the card (default: the first). */
  picture?: string;
  /** When the run ended. */
  generatedAt: Date;
  /** Versions, seeds, machine, time taken: shown at the end of the page. */
  provenance: Record<string, string | number>;
}
