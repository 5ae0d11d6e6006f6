// SPDX-License-Identifier: MIT
/**
 * Compares a recording of a real kernel with the model, operation by operation.
 *
 * Which kernel: the option, else the suffix of the file name (`-7.2own.jsonl.gz`), else every knob setting is tried
 * and the one with the fewest mismatches is named. Which machine: IOVA ranges of a known one when the recording's own
 * `info` lines all show exactly those, else the default. Not covered: repairing a state that went apart; mismatches
 * after the first may follow from it.
 */
import type { BackendId, KernelVersion } from '../backend-id.ts';
import { KERNEL_VERSIONS } from '../backend-id.ts';
import type { BackendTraits } from '../backend-traits.ts';
import type { Geometry } from '../geometry.ts';
import { machineOf } from './machine-of.ts';
import { parseRecording, type RecordedLine } from './recorded-line.ts';
import { BOUNCE_POLICIES, type BouncePolicy } from './recorded-device.ts';
import { type Answer, Replay } from './replay.ts';

export interface Mismatch {
  readonly line: number;
  readonly op: string;
  /** Fields the recording and the model both have: what the kernel answered, what the model does. */
  readonly expected: Answer;
  readonly got: Answer;
  /** The few lines before it, as text. */
  readonly before: readonly string[];
}

export interface RecordingReport {
  readonly kernel: KernelVersion;
  /** Operations compared. */
  readonly operations: number;
  readonly mismatches: number;
  /** The first few. */
  readonly first: readonly Mismatch[];
}

export interface CheckOptions {
  readonly kernel?: KernelVersion;
  readonly fileName?: string;
  /** Fires after each compared operation, in every replay that is tried, with all the model answered; it looks and must not act. */
  readonly onAnswer?: (line: number, got: Answer) => void;
  /** Planted behaviour per backend, for tests. */
  readonly traits?: (backend: BackendId) => Partial<BackendTraits>;
}

const FIRST_MISMATCHES = 10;
const LINES_BEFORE = 5;
/** Tried in this order; of equals the first is named. */
const TRIED: readonly KernelVersion[] = KERNEL_VERSIONS.toReversed().toSorted(
  (a, b) => Number(b === '7.2') - Number(a === '7.2'),
);

/** Throws a `RecordingError` for a text that is no recording. */
export function checkRecording(text: string, options: CheckOptions = {}): RecordingReport {
  const lines = parseRecording(text);
  const geometry = machineOf(lines);
  const kernel = options.kernel ?? kernelOfName(options.fileName ?? '');
  const run = (each: KernelVersion): RecordingReport => replayBestAs(lines, each, geometry, options);
  if (kernel !== undefined) return run(kernel);
  return TRIED.map(run).reduce((best, next) => (next.mismatches < best.mismatches ? next : best));
}

/** The kernel a file name ends in: `fuzz-all-7.2own.jsonl.gz` is 7.2. */
export function kernelOfName(fileName: string): KernelVersion | undefined {
  const suffix = /-(\d+\.\d+)(?:own)?\.jsonl(?:\.gz)?$/.exec(fileName)?.[1];
  return KERNEL_VERSIONS.find((kernel) => kernel === suffix);
}

/** Tries the other ways a recorder may treat its bounce page, where that matters. */
function replayBestAs(
  lines: readonly RecordedLine[],
  kernel: KernelVersion,
  geometry: Geometry | undefined,
  options: CheckOptions,
): RecordingReport {
  const [usual, ...others] = BOUNCE_POLICIES;
  const first = replayAs(lines, kernel, geometry, options, usual);
  if (first.report.mismatches === 0 || !first.lostBounce) return first.report;
  return others
    .map((bounce) => replayAs(lines, kernel, geometry, options, bounce).report)
    .reduce((best, next) => (next.mismatches < best.mismatches ? next : best), first.report);
}

function replayAs(
  lines: readonly RecordedLine[],
  kernel: KernelVersion,
  geometry: Geometry | undefined,
  options: CheckOptions,
  bounce: BouncePolicy,
): { readonly report: RecordingReport; readonly lostBounce: boolean } {
  const replay = new Replay({
    kernel,
    bounce,
    ...(geometry === undefined ? {} : { geometry }),
    ...(options.traits === undefined ? {} : { traits: options.traits }),
  });
  let operations = 0;
  let mismatches = 0;
  const first: Mismatch[] = [];
  for (const [index, line] of lines.entries()) {
    const answer = replay.step(line);
    if (answer === undefined) continue;
    operations += 1;
    options.onAnswer?.(line.number, answer);
    const difference = compare(line, answer);
    if (difference === undefined) continue;
    mismatches += 1;
    if (first.length === FIRST_MISMATCHES) continue;
    const before = lines.slice(Math.max(0, index - LINES_BEFORE), index).map(({ text }) => text);
    first.push({ line: line.number, op: line.op, ...difference, before });
  }
  return { report: { kernel, operations, mismatches, first }, lostBounce: replay.lostBounce };
}

/** The fields both know, when any differs; a field of the recording that the model lacks counts too. */
function compare(
  line: RecordedLine,
  got: Answer,
): { readonly expected: Answer; readonly got: Answer } | undefined {
  const names = Object.keys(got).filter((name) => line.has(name));
  const missing = ANSWER_FIELDS.filter((name) => line.has(name) && !(name in got));
  const isSame = names.every((name) => same(line.value(name), got[name]));
  if (isSame && missing.length === 0) return undefined;
  const pick = (from: (name: string) => unknown): Answer =>
    Object.fromEntries([...names, ...missing].map((name) => [name, from(name)]));
  return { expected: pick((name) => line.value(name)), got: pick((name) => got[name] ?? null) };
}

/** Fields that exist in only some answers of an operation; the model must have them when the recording does. */
const ANSWER_FIELDS = ['out_iova', 'unmapped', 'size_after', 'cap2', 'dma_avail', 'align', 'pgsizes', 'ranges'];

function same(recorded: unknown, modelled: unknown): boolean {
  if (typeof recorded === 'string' && /^0x/i.test(recorded) && typeof modelled === 'string') {
    return /^0x/i.test(modelled) && BigInt(recorded) === BigInt(modelled);
  }
  if (Array.isArray(recorded) && Array.isArray(modelled)) {
    return (
      recorded.length === modelled.length &&
      recorded.every((item, index) => same(item, modelled[index]))
    );
  }
  return recorded === modelled;
}
