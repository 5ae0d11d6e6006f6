// SPDX-License-Identifier: MIT
/**
 * The words of a machine at rest: memory, containers, listeners, virtio-mem devices, the design, then what the machine
 * and its judge remember. Undefined for a design without words.
 *
 * No state, because a searched world is at rest without them: requests that wait for a retry (a retry is an operation
 * like any other here), planned refusals (they end with their operation), contents, events, what was found.
 */
import { FrameNames, type Words, WorldWords } from '@sda-lab/guest-memory';
import { containerWords, windowOf } from '@sda-lab/vfio-mock';
import type { Machine } from '../../world/machine.ts';
import { MigrationWords } from './migration-words.ts';

export interface GuestWords extends Words {
  /** Words before those of the judge: what the guest, the host and the design can tell apart. */
  readonly guestCount: number;
  readonly isWhole: boolean;
}

/** `designWords`: those of the design, or whatever stands in their place. */
export function guestWords(machine: Machine, designWords: Words): GuestWords {
  const { memory, layout, containers, instance, devices, sources, judge, migration } = machine;
  const sections = layout.spans.map(({ section }) => section);
  const names = new FrameNames(memory.frames);
  // Recovery compares every retry, refused once or not.
  const judgeWords = judge.words(false);
  const words = new WorldWords(names, {
    memory: memory.words(names, sections),
    containers: containers.map(({ kernel }) => containerWords(kernel, { names, windows: sections.map(windowOf) })),
    listeners: containers.map(({ listener }) => listener.words(sections, instance)),
    devices: devices.flatMap((device) => (device === undefined ? [] : [device.words])),
    sources: sources?.words,
    design: designWords,
    others: [new MigrationWords(migration, layout.positionCount), attachedWords(machine)],
    judge: judgeWords,
  });
  return {
    count: words.count,
    guestCount: words.count - judgeWords.count,
    get isWhole() {
      return words.isWhole;
    },
    store: (into, at) => words.store(into, at),
    load: (from, at) => words.load(from, at),
  };
}

/** No words: a load brings back what follows from those of other parts. */
function attachedWords(machine: Machine): Words {
  return {
    count: 0,
    store: () => undefined,
    load: () => {
      machine.hasEnded = false;
      machine.isUndecided = false;
      machine.locks.forget();
      machine.isMigrating = machine.migration.isRunning;
      for (const container of machine.containers) container.attached = container.listener.isAttached;
    },
  };
}
