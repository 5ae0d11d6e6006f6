// SPDX-License-Identifier: MIT
/** Dump and migration: the copies are made in consumers/, and compared with the guest here. */
import type { Operation } from '../../history/operation.ts';
import type { Evidence } from '../../judge/violation.ts';
import { findWrongCopy } from '../../judge/wrong-copy.ts';
import { syncDirty } from '../consumers/dirty-sync.ts';
import { writeDump } from '../consumers/dump-file.ts';
import { restoreGuest, saveGuest } from '../consumers/restore-guest.ts';
import type { Machine } from '../machine.ts';
import type { Answer } from './answer.ts';

export function dump(machine: Machine): Answer {
  const { judge } = machine;
  machine.begin('other', []);
  const { copies, aborted } = writeDump(machine);
  if (aborted !== undefined) {
    machine.exit(aborted);
    return 'the VMM is gone';
  }
  const wrong = findWrongCopy(machine, machine.guestSpans, {
    name: 'dump',
    copyAt: (position) => copies.get(position),
    whyOld: () => 'another page stands at its address',
    isOwed: () => true,
  });
  if (wrong !== undefined) judge.report('consumers-see', wrong);
  judge.end('succeeded');
  return `0, ${copies.size} pages`;
}

export function migrate(machine: Machine, { step, late }: Extract<Operation, { op: 'migrate' }>): Answer {
  if (step === 'load') return load(machine, late === true);
  return step === 'start' ? start(machine) : finish(machine);
}

const NOT_ASKED = 'dirty tracking was not asked about what a device wrote';
const NOT_SENT_AGAIN = 'it was left out when it was to be sent again';

function start(machine: Machine): Answer {
  if (machine.isMigrating) return 'migrating already';
  const blocker = machine.containers.find(({ attached, tdisp }) => attached && tdisp !== undefined);
  if (blocker !== undefined) return `blocked by ${blocker.name}`;
  machine.isMigrating = true;
  machine.begin('other', []);
  const sent = machine.migration.start(machine);
  machine.judge.end('succeeded');
  return `0, ${sent} pages`;
}

/** Migration of confidential guests is blocked upstream: all that is found is latent. */
function finish(machine: Machine): Answer {
  if (!machine.isMigrating) return 'not migrating';
  machine.isMigrating = false;
  const { judge, migration } = machine;
  machine.begin('other', []);
  const lost = deviceWrites(machine);
  if (lost.size > 0) judge.witnesses.see('consumer dirty-sync');
  const asked = syncDirty(machine);
  for (const position of migration.dirty) lost.delete(position);
  const sent = migration.finish(machine);
  const wrong = findWrongCopy(machine, machine.guestSpans, {
    name: 'migration',
    copyAt: (position) => migration.copies.get(position),
    whyOld: (position) => (lost.has(position) ? NOT_ASKED : NOT_SENT_AGAIN),
    isOwed: (position) => !migration.givenAway.has(position),
  });
  report(machine, wrong ?? asked);
  machine.saved = saveGuest(machine);
  judge.end('succeeded');
  return `0, ${sent} pages`;
}

/** Positions that devices have written to through the page's own frame. */
function deviceWrites({ containers, migration, layout, judge }: Machine): Set<number> {
  const written = new Set<number>();
  for (const { name, viommu, attached } of containers) {
    const pages = attached ? migration.deviceWrites.get(name) : undefined;
    if (pages === undefined) continue;
    for (const page of pages) {
      const behind = viommu?.mappings.get(page);
      if (behind !== undefined) written.add(behind);
      if (viommu === undefined) layout.forEachRunOfGfns(page, page + 1, (_span, first) => written.add(first));
    }
  }
  for (const position of written) if (!judge.isDue(layout.spanAt(position), position)) written.delete(position);
  return written;
}

function load(machine: Machine, late: boolean): Answer {
  const { saved, judge } = machine;
  if (saved === undefined) return 'nothing to load';
  machine.begin('other', []);
  const isShared = [...saved.copies].some(([position, { side }]) => side === 'shared' && saved.plugged[position] === 1);
  if (isShared && saved.attached.length > 0) judge.witnesses.see('consumer restored-guest');
  report(machine, restoreGuest(machine, saved, late));
  judge.end('succeeded');
  return `0, ${saved.copies.size} pages`;
}

function report({ judge }: Machine, evidence: Evidence | undefined): void {
  if (evidence !== undefined) judge.report('consumers-see', evidence, 'latent');
}
