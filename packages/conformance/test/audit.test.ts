// SPDX-License-Identifier: MIT
import type { Regime, Strategy } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { audit, type History, parseHistory, randomHistory, type Violation, World, WORLD_BACKENDS } from '../src/index.ts';
import { gfnOf } from '../src/world/layout.ts';
import { losesEvenPages, neverUnmaps } from './strategies/mapping-faults.ts';
import { reference } from './strategies/reference.ts';
import { ignoresPlugged } from './strategies/state-faults.ts';
import { anyHistory } from './support/arbitraries.ts';
import { settings } from './support/settings.ts';

const REGIMES: readonly Regime[] = ['two-backend', 'in-place'];

/** What both ways of looking answer: a mapping that is stale, missing, or one too many. */
const REASONS: Readonly<Record<string, string>> = {
  'stale-translation': 'coherent',
  'not-mapped': 'complete',
  'private-not-mapped': 'complete',
  'lingering-mapping': 'bounded',
};

function auditOf(world: World): string[] {
  return audit(world.memory, world.layout, world.containers, (position) => world.judge.isPlugged(position));
}

/** Of a page that waits for a retry the judge asks coherence alone. */
function isAsked(world: World, finding: string): boolean {
  const [invariant, , position] = finding.split(' ');
  return invariant === 'coherent' || !world.judge.isPending(Number(position));
}

function asFinding({ evidence: { reason, container, position } }: Violation): string | undefined {
  const invariant = REASONS[reason];
  return invariant && `${invariant} ${container} ${position}`;
}

/** Where the judge's own table says otherwise than the kernel's. */
function tableErrors({ layout, containers, judge }: World): string[] {
  const errors: string[] = [];
  for (const [at, { name, kernel, viommu }] of containers.entries()) {
    // Behind a vIOMMU pages are mapped at addresses of the device's own.
    if (viommu !== undefined) continue;
    for (const span of layout.spans) {
      const end = span.firstPosition + span.section.pageCount;
      for (let position = span.firstPosition; position < end; position += 1) {
        if (judge.isMapped(at, position) !== kernel.isMapped(gfnOf(span, position))) errors.push(`${name} ${position}`);
      }
    }
  }
  return errors;
}

interface Disagreement {
  readonly operation: number;
  readonly onlyAudit: readonly string[];
  readonly onlyJudge: readonly string[];
  readonly table: readonly string[];
}

/** The first operation after which judge and audit say different things; `seen` collects what both agree is wrong. */
function firstDisagreement(strategy: Strategy, history: History, seen: Set<string>): Disagreement | undefined {
  const world = new World(history.world, strategy);
  for (const [operation, { op, ...rest }] of history.operations.entries()) {
    const before = new Set(world.judge.violations);
    world.apply({ op, ...rest } as (typeof history.operations)[number]);
    if (world.hasEnded) return undefined;
    const audited = auditOf(world).filter((finding) => isAsked(world, finding));
    const known = new Set(world.judge.violations.map(({ invariant }) => invariant as string));
    const onlyAudit = audited.filter((finding) => !known.has(finding.split(' ')[0]!));
    // heal and reset are several requests in one; what was wrong between them may be right at the end.
    const fresh = op === 'heal' || op === 'reset' ? [] : world.judge.violations.filter((violation) => !before.has(violation));
    const found = fresh.map(asFinding).filter((finding) => finding !== undefined);
    const onlyJudge = found.filter((finding) => !audited.includes(finding));
    const table = tableErrors(world);
    if (onlyAudit.length + onlyJudge.length + table.length > 0) return { operation, onlyAudit, onlyJudge, table };
    for (const finding of found) seen.add(finding.split(' ')[0]!);
  }
  return undefined;
}

describe('after every operation the judge and the audit agree', () => {
  test.each([
    ['reference', reference, []],
    ['never-unmaps', neverUnmaps, ['bounded', 'coherent']],
    ['loses-even-pages', losesEvenPages, ['complete']],
    ['ignores-plugged', ignoresPlugged, ['bounded']],
  ] as const)('%s', (_, strategy, expected) => {
    const seen = new Set<string>();
    for (const regime of REGIMES) {
      const histories = fc.oneof(...WORLD_BACKENDS.map((backend) => randomHistory(strategy, backend, regime)));
      fc.assert(
        fc.property(histories, (history) => {
          expect(firstDisagreement(strategy, history, seen)).toBeUndefined();
        }),
        settings(250),
      );
    }
    // Sometimes: both looked at something wrong, of each kind the design can do wrong.
    expect([...seen].toSorted()).toEqual(expect.arrayContaining([...expected]));
  });

  test('with containers of both kinds in one world', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        expect(firstDisagreement(reference, history, new Set())).toBeUndefined();
      }),
      settings(200),
    );
  });
});

describe('the audit shares nothing with the judge', () => {
  function sharedWorld(): World {
    const { world, operations } = parseHistory('attach(c0); convert(0+2,shared)');
    const built = new World(world, reference);
    for (const operation of operations) built.apply(operation);
    return built;
  }

  /** The judge looks at every page, as at the end of an attach. */
  function lookAgain({ judge }: World): void {
    judge.begin({ index: 2, kind: 'other', positions: [] });
    judge.touchEverything();
    judge.end('succeeded');
  }

  test('it sees a kernel that lost mappings before anybody told the judge', () => {
    const world = sharedWorld();
    expect(auditOf(world)).toEqual([]);
    world.containers[0]!.kernel.unmapPages(1, 1);
    expect(auditOf(world)).toEqual(['complete c0 1']);
    expect(world.judge.violations).toEqual([]);
    world.judge.reread(0);
    lookAgain(world);
    expect(world.judge.violations.map(asFinding)).toEqual(['complete c0 1']);
  });

  test('it sees a page freed under a mapping', () => {
    const world = sharedWorld();
    const block = world.layout.spans[0]!.section.block;
    world.memory.observer = undefined;
    world.memory.discard({ block, firstPage: 0, endPage: 1 }, 'shared');
    expect(auditOf(world)).toEqual(['coherent c0 0']);
    expect(world.judge.violations).toEqual([]);
    lookAgain(world);
    expect(world.judge.violations.map(asFinding)).toContain('coherent c0 0');
  });

  test('it sees a mapping of a private page', () => {
    const world = sharedWorld();
    const { block } = world.layout.spans[0]!.section;
    world.containers[0]!.kernel.mapPages(3, block.hostFirstPage + 3, 1, 1, true);
    expect(auditOf(world)).toEqual(['bounded c0 3']);
  });

  test('it asks nothing of a container that is not attached', () => {
    const world = sharedWorld();
    world.apply({ op: 'detach', container: 'c0' });
    expect(auditOf(world)).toEqual([]);
  });
});
