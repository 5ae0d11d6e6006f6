// SPDX-License-Identifier: MIT
import type { ListenerProfile, Section } from '@sda-lab/guest-memory';
import { type ListenerSteps, QEMU_LISTENER_STEPS } from '@sda-lab/vfio-mock';
import fc from 'fast-check';
import { ListenerBench, type Run } from './listener-bench.ts';
import { NaiveListener } from './naive-listener.ts';

/** `first` and `count` count for maps and unmaps only. */
interface SectionOperation {
  readonly op: 'add' | 'remove' | 'map' | 'unmap';
  readonly section: number;
  readonly first: number;
  readonly count: number;
}

export type Operation = { readonly op: 'attach' | 'detach' } | SectionOperation;

interface History {
  readonly profile: ListenerProfile;
  readonly pipelinesTransactions: boolean;
  readonly granulePages: number;
  readonly heedsRefusals: boolean;
  readonly populated: readonly Run[];
  readonly refusedMaps: readonly number[];
  readonly operations: readonly Operation[];
}

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<Operation>({ op: 'attach' }, { op: 'attach' }, { op: 'detach' }) },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constantFrom('add', 'add', 'remove', 'map', 'map', 'unmap'),
      section: fc.nat(4),
      first: fc.nat(7),
      count: fc.nat(7),
    }),
  },
);

/** A run, a hole, a run, ascending. */
const populated: fc.Arbitrary<Run[]> = fc.tuple(fc.nat(5), fc.nat(5), fc.nat(3), fc.nat(5)).map(([first, count, gap, more]) =>
  [
    { first, end: first + count },
    { first: first + count + gap + 1, end: Math.min(16, first + count + gap + 1 + more) },
  ].filter((run) => run.first < run.end),
);

export const histories: fc.Arbitrary<History> = fc.record({
  profile: fc.record({
    rollback: fc.constantFrom('run', 'none'),
    admission: fc.constant('off'),
    awaitsAttach: fc.boolean(),
    refusedSection: fc.constantFrom('exit', 'return'),
  }),
  pipelinesTransactions: fc.boolean(),
  granulePages: fc.constantFrom(1, 2, 4, 8),
  heedsRefusals: fc.boolean(),
  populated,
  refusedMaps: fc.array(fc.nat(24), { maxLength: 8 }),
  operations: fc
    .array(operation, { maxLength: 16, size: 'max' })
    .map((operations): Operation[] => [{ op: 'attach' }, ...operations]),
});

/** What an operation answered, the calls it made, and how often the VMM ended so far. */
export interface Seen {
  readonly name: string;
  readonly answer: string;
  readonly lines: readonly string[];
  readonly followed: string;
  readonly exits: number;
}

export function compare(history: History, wrong: Partial<ListenerSteps> = {}): { seen: Seen[]; expected: Seen[] } {
  let exits = 0;
  const { profile, pipelinesTransactions, granulePages } = history;
  const exit = (): void => void (exits += 1);
  const steps = { ...QEMU_LISTENER_STEPS, ...wrong };
  const bench = new ListenerBench({ profile, pipelinesTransactions, granulePages, exit, steps });
  bench.heedsRefusals = history.heedsRefusals;
  for (const block of [bench.ram, bench.late.block]) bench.populated.set(block, history.populated);
  const refusedMaps = new Set(history.refusedMaps);
  for (const ordinal of refusedMaps) bench.door.refusedMaps.add(ordinal);
  const naive = new NaiveListener({ ...history, populated: () => history.populated, refusedMaps });
  const [seen, expected]: [Seen[], Seen[]] = [[], []];
  for (const each of history.operations) {
    const name = JSON.stringify(each);
    const sections = bench.memory.addressSpace.sections;
    const lines = naive.lines.splice(0);
    const answer = onNaive(naive, each, sections, bench);
    expected.push({ name, answer, lines: [...lines, ...naive.lines.splice(0)], followed: names(naive.followed), exits: naive.exits });
    const real = onListener(bench, each);
    seen.push({ name, answer: real, lines: bench.take(), followed: names(bench.listener.sections), exits });
  }
  return { seen, expected };
}

function names(sections: readonly Section[]): string {
  return sections.map(({ name }) => name).join(' ');
}

function sectionAt(bench: ListenerBench, at: number): Section {
  return [bench.low, bench.high, bench.rom, bench.late, bench.plain][at]!;
}

/** Block pages of a managed, followed section, or undefined: a manager tells nothing else. */
function runOf(followed: readonly Section[], section: Section, each: { first: number; count: number }): Run | undefined {
  if (!followed.includes(section) || !section.block.hasGuestMemfd) return undefined;
  const first = section.firstPage + Math.min(each.first, section.pageCount - 1);
  return { first, end: Math.min(first + each.count + 1, section.firstPage + section.pageCount) };
}

export function onListener(bench: ListenerBench, each: Operation): string {
  const { listener } = bench;
  if (!('section' in each)) {
    if (each.op === 'attach' && !listener.isAttached) return String(bench.attach() === 0);
    if (each.op === 'detach' && listener.isAttached) bench.detach();
    return '-';
  }
  if (!listener.isAttached) return '-';
  const section = sectionAt(bench, each.section);
  const isThere = bench.memory.addressSpace.sections.includes(section);
  if (each.op === 'add') return isThere ? '-' : String(bench.addSection(section) === 0);
  if (each.op === 'remove') {
    if (isThere && listener.sections.includes(section)) bench.removeSection(section);
    return '-';
  }
  const run = runOf(listener.sections, section, each);
  if (run === undefined) return '-';
  const [first, count] = [run.first, run.end - run.first];
  if (each.op === 'map') return String(listener.mapRun(section, 'shared', first, count, bench.granulePages) === 0);
  return String(listener.unmapRun(section, 'shared', first, count) === 0);
}

function onNaive(naive: NaiveListener, each: Operation, sections: readonly Section[], bench: ListenerBench): string {
  if (!('section' in each)) {
    if (each.op === 'attach' && !naive.isAttached) return String(naive.attach(sections));
    if (each.op === 'detach' && naive.isAttached) naive.detach();
    return '-';
  }
  if (!naive.isAttached) return '-';
  const section = sectionAt(bench, each.section);
  if (each.op === 'add') return sections.includes(section) ? '-' : String(naive.addSection(section));
  if (each.op === 'remove') {
    if (naive.followed.includes(section)) naive.removeSection(section);
    return '-';
  }
  const run = runOf(naive.followed, section, each);
  if (run === undefined) return '-';
  if (each.op === 'map') return String(naive.mapRun(section, run));
  naive.unmapRun(section, run);
  return 'true';
}
