// SPDX-License-Identifier: MIT
/** What all of it ran on. */
import type { BenchLeftOut, BenchMachine } from '@sda-lab/lab';
import { cpus, totalmem } from 'node:os';
import { loadNative, type Native } from './native/load-native.ts';

const SOURCES = ['flat-bits.c', 'std-map.cc'] as const;

export function describeMachine(): { machine: BenchMachine; leftOut: BenchLeftOut[] } {
  const natives = SOURCES.map((source): [string, Native<unknown>] => [source, loadNative(source)]);
  const [first] = cpus();
  return {
    machine: {
      cpu: first?.model ?? 'unknown',
      cores: cpus().length,
      memoryBytes: totalmem(),
      platform: `${process.platform} ${process.arch}`,
      compilers: natives.map(([source, native]) => ({ source, compiler: 'compiler' in native ? native.compiler : null })),
    },
    leftOut: natives.flatMap(([name, native]) => ('reason' in native ? [{ name, reason: native.reason }] : [])),
  };
}
