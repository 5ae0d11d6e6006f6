// SPDX-License-Identifier: MIT
import { type GuestMemory, type PageRange } from '@sda-lab/guest-memory';
import { BACKEND_TRAITS } from '@sda-lab/vfio-mock';
import { describe, expect, test } from 'vitest';
import { CASES, explain, INVARIANTS, type Invariant, KERNEL_BACKENDS, parseHistory, runConformance, WORLD_BACKENDS, worldSpec } from '../src/index.ts';
import { Judge } from '../src/judge/judge.ts';
import type { Reason } from '../src/judge/violation.ts';
import type { WatchedContainer } from '../src/judge/watched-container.ts';
import { buildLayout } from '../src/world/build-layout.ts';
import type { PlantedFault } from './planted-fault.ts';
import { PLANTED_FAULTS } from './planted-faults.ts';
import { reference } from './strategies/reference.ts';
import { unplugsBlindly } from './strategies/state-faults.ts';
import { judged } from './support/judged.ts';

/** A fault that names no containers is tried on both kernel interfaces. */
function linesOf({ line }: PlantedFault): string[] {
  if (line.includes('containers=')) return [line];
  return KERNEL_BACKENDS.map((backend) =>
    line.startsWith('world(')
      ? line.replace('world(', `world(containers=c0:${backend}, `)
      : `world(containers=c0:${backend}); ${line}`,
  );
}

describe('planted faults', () => {
  for (const fault of PLANTED_FAULTS) {
    const { name, strategy, sabotage, falls, reach = 'live', at, evidence, words, also } = fault;
    test(`${name}: ${falls}`, () => {
      for (const line of linesOf(fault)) {
        const found = judged(strategy, line, sabotage);
        const index = found.violations.findIndex(({ invariant }) => invariant === falls);
        expect(found.violations[index]).toEqual({ invariant: falls, reach, operationIndex: at, evidence });
        expect(found.words[index]).toBe(words);
        const others = found.violations.map(({ invariant }) => invariant).filter((invariant) => invariant !== falls);
        expect(others.toSorted()).toEqual(also.toSorted());
      }
    });

    test(`${name}: without the fault nothing falls`, () => {
      for (const line of linesOf(fault)) expect(judged(reference, line).words).toEqual([]);
    });
  }

  test('every invariant has one', () => {
    const covered = new Set<Invariant>(PLANTED_FAULTS.map(({ falls }) => falls));
    expect(INVARIANTS.filter((invariant) => !covered.has(invariant))).toEqual([]);
  });

  test('every reason the judge gives has one', () => {
    const covered = new Set(PLANTED_FAULTS.map(({ evidence }) => evidence.reason));
    expect(Object.keys(REASONS).filter((reason) => !covered.has(reason as Reason))).toEqual([]);
  });

  for (const { name, strategy, sabotage, caughtBy, falls } of PLANTED_FAULTS) {
    if (sabotage !== undefined) continue;
    test(`${name}: the case ${caughtBy} shows it`, () => {
      const { cells } = runConformance(strategy, { cases: CASES.filter(({ id }) => id === caughtBy), runs: 0 });
      expect(cells.flatMap(({ broken }) => broken.map(({ invariant }) => invariant))).toContain(falls);
    });
  }
});

/** What only a search can say, since it compares with what did not happen; test/search/world-faults.test.ts plants them. */
type ReasonOfSearch = 'retry-differs' | 'neither-order';

/** Compiles only while it names all of them. */
const REASONS: Readonly<Record<Exclude<Reason, ReasonOfSearch>, true>> = {
  'stale-translation': true,
  'private-frame-reached': true,
  'mapped-after-discard': true,
  'too-many-rights': true,
  'not-mapped': true,
  'lingering-mapping': true,
  'mapping-over-nothing': true,
  'two-frames': true,
  'unplugged-frame': true,
  'orphan-pin': true,
  'counter-left': true,
  'refused-but-changed': true,
  'success-without-mapping': true,
  'success-without-change': true,
  'retry-refused': true,
  'freed-while-mapped': true,
  'turned-private-while-mapped': true,
  'page-not-seen': true,
  'page-seen-wrongly': true,
  'page-invented': true,
  'wrong-copy': true,
  'dirty-sync-differs': true,
  'restored-guest-wrong': true,
  'viommu-accepted': true,
  'viommu-refused': true,
  'remap-differs': true,
  'private-not-mapped': true,
  'late-differs': true,
  'left-behind': true,
  'uncoordinated-discard': true,
  'illegal-call': true,
  'vmm-ended': true,
};

describe('harm by TEE', () => {
  const fault = PLANTED_FAULTS.find(({ falls }) => falls === 'isolated')!;

  test.each([
    ['none', 'which is private.'],
    ['tdx', 'which is private. On TDX such an access is a host machine check.'],
    ['snp', 'which is private. On SEV-SNP the RMP refuses such an access and the IOMMU logs a fault.'],
  ])('tee=%s', (tee, end) => {
    const line = fault.line.replace('world(', `world(tee=${tee}, `);
    const found = judged(fault.strategy, line, fault.sabotage);
    const [order, isolated] = found.words;
    expect(isolated!.endsWith(end)).toBe(true);
    expect(order).not.toContain('TDX');
    expect(order).not.toContain('SNP');
  });
});

describe('no-use-after-discard', () => {
  // Owed only where a mapping holds no frame, since then an access through it brings discarded memory back.
  test('the servers pin nothing, every kernel backend pins', () => {
    expect(WORLD_BACKENDS.filter((backend) => !BACKEND_TRAITS[backend].pins)).toEqual(['vfio-user', 'vfio-user-strict']);
  });

  test('a container that pins nothing and maps a discarded page breaks it', () => {
    const { judge, memory, range } = judgeOfServer([2, 3]);
    judge.begin({ index: 0, kind: 'plug', positions: [] });
    memory.discard(range(3), 'shared');
    const [violation] = judge.violations;
    expect(violation).toEqual({
      invariant: 'no-use-after-discard',
      reach: 'live',
      operationIndex: 0,
      evidence: { reason: 'mapped-after-discard', container: 'c0', position: 3 },
    });
    expect(explain(violation!, parseHistory('convert(3+1,private)'))).toBe(
      'Let operation 1, convert(3+1,private), be done. Then no mapping of c0, which pins nothing, may cover page 3 once ' +
        'its memory is freed. However, one did: an access through it brings the memory back.',
    );
  });

  test('a mapping left over there leads to no frame, and the words say what that costs', () => {
    const line = 'world(containers=c0:vfio-user-strict, pages=2, vmem=1x2); attach(c0); plug(m0,0+1); convert(2+1,shared); unplug(m0,0+1)';
    expect(judged(unplugsBlindly, line).words).toContain(
      'Let operation 4, unplug(m0,0+1), be done. Then c0 must not map page 2, which is private or unplugged. ' +
        'However, it still does: an access through it brings memory back.',
    );
  });

  test('a discarded page that nothing maps is fine', () => {
    const { judge, memory, range } = judgeOfServer([2, 3]);
    judge.begin({ index: 0, kind: 'plug', positions: [] });
    memory.discard(range(1), 'shared');
    expect(judge.violations).toEqual([]);
    expect(judge.witnesses.count('no-use-after-discard')).toBeGreaterThan(0);
  });
});

/** A judge over one container that maps some guest pages and pins none of them. */
function judgeOfServer(mapped: readonly number[]): { judge: Judge; memory: GuestMemory; range: (page: number) => PageRange } {
  const { memory, layout } = buildLayout(worldSpec());
  const block = layout.spans[0]!.section.block;
  const server: WatchedContainer = {
    name: 'c0',
    pins: false,
    isAttached: () => true,
    isMapped: (gfn) => mapped.includes(gfn),
    translate: (gfn) => memory.backing(block, gfn, 'shared'),
    isWritable: () => false,
    forEachMapping: (emit) => {
      for (const gfn of mapped) emit(gfn, 1);
    },
  };
  const judge = new Judge(memory, layout, [server]);
  for (const gfn of mapped) memory.setAttributes({ firstGfn: gfn, endGfn: gfn + 1 }, 'shared');
  memory.observer = {
    populated: () => undefined,
    discarded: (range, side) => judge.discarded(range, side),
    attributesSet: () => undefined,
    convertedInPlace: () => undefined,
  };
  judge.reread(0);
  return { judge, memory, range: (page) => ({ block, firstPage: page, endPage: page + 1 }) };
}
