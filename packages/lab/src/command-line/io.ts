// SPDX-License-Identifier: MIT
/** Where a verb's output goes. The document or report is the only thing on standard output. */
export interface Io {
  /** Standard output. */
  out(text: string): void;
  /** Standard error. */
  err(text: string): void;
  /** Whether somebody watches standard error, so that progress is worth writing. */
  readonly showsProgress: boolean;
  /** Files are written below this folder. */
  readonly folder: string;
}
