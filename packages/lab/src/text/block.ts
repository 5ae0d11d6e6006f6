// SPDX-License-Identifier: MIT
/** A part of a report for people, written once and rendered for a terminal or as Markdown. */
export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2 | 3; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  /** Lines to be copied as they are. */
  | { readonly kind: 'code'; readonly lines: readonly string[] }
  | TableBlock;

export interface TableBlock {
  readonly kind: 'table';
  /** A line break in a name or a cell is a hint for narrow output. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Indexes of columns that hold numbers. */
  readonly numeric?: readonly number[];
}
