// SPDX-License-Identifier: MIT
/** What goes between the verb and the program of the benchmarks, which runs in a process of its own. */
import type { FileToWrite } from '../evaluate/write-whole.ts';
import type { BenchDocument } from './bench-document.ts';

/** `full`: as published. `small`: inputs small enough for a test, the same code. */
export const BENCH_SIZES = ['full', 'small'] as const;

export interface BenchRequest {
  readonly size: (typeof BENCH_SIZES)[number];
  readonly rounds: number;
  readonly seed: number;
  /** Ids; undefined for all. */
  readonly tables: readonly string[] | undefined;
  readonly workloads: readonly string[] | undefined;
  readonly growth: boolean;
}

export type BenchMessage =
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'done'; readonly document: BenchDocument; readonly files: readonly FileToWrite[] }
  | { readonly kind: 'wrong-use'; readonly text: string }
  | { readonly kind: 'failed'; readonly text: string };
