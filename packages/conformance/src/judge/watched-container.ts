// SPDX-License-Identifier: MIT
/** What the judge may ask of a container's kernel side. */
export interface WatchedContainer {
  readonly name: string;
  /** Whether a device follows the address space through it now; one behind a vIOMMU never does. */
  isAttached(): boolean;
  /** Whether private pages are mapped on their private side: they must be, they may be, or never. @defaultValue never */
  readonly privatePages?: 'owed' | 'allowed' | 'never';
  /** Whether mappings hold their frames; without, each access resolves the page afresh. */
  readonly pins: boolean;
  isMapped(gfn: number): boolean;
  /** Frame a guest page leads to, or 0. */
  translate(gfn: number): number;
  isWritable(gfn: number): boolean;
  forEachMapping(emit: (firstGfn: number, pageCount: number) => void): void;
}
