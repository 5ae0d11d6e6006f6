// SPDX-License-Identifier: MIT
/**
 * A world: a machine, and the operations of a history applied to it one after the other.
 *
 * Lifecycle: `new World` -> `apply` per operation -> `finish` (faults lifted, refused requests retried, everything
 * detached, counts back to zero). An operation is never ended by a throw of the strategy: that ends the VMM.
 */
import type { GuestMemory, Instance, Strategy } from '@sda-lab/guest-memory';
import type { VirtioMem } from '@sda-lab/virtio-mem';
import type { NestedOperation, Operation } from '../history/operation.ts';
import type { Judge } from '../judge/judge.ts';
import { reportAudit } from '../judge/report-audit.ts';
import { reportStaleIovas } from './consumers/reports.ts';
import type { WorldEvent } from './event.ts';
import { thrownText } from './guard/shown.ts';
import type { Layout } from './layout.ts';
import { Machine, type MachineOptions } from './machine.ts';
import { type NestedFate, runNested } from './nested.ts';
import type { Answer } from './operations/answer.ts';
import { detach } from './operations/attach.ts';
import { heal } from './operations/heal.ts';
import { migrate } from './operations/look.ts';
import { powerDown } from './operations/power-down.ts';
import { perform } from './perform.ts';
import type { WorldContainer } from './world-container.ts';
import type { WorldSpec } from './world-spec.ts';

export type { Answer } from './operations/answer.ts';

export class World {
  readonly machine: Machine;
  /** What became of each operation that was to run inside another one, in order. */
  readonly fates: NestedFate[] = [];
  #nested: { readonly operation: NestedOperation; readonly answer: Answer } | undefined = undefined;

  constructor(spec: WorldSpec, strategy: Strategy, options: MachineOptions = {}) {
    this.machine = new Machine(spec, strategy, options);
  }

  get memory(): GuestMemory {
    return this.machine.memory;
  }

  get layout(): Layout {
    return this.machine.layout;
  }

  get containers(): readonly WorldContainer[] {
    return this.machine.containers;
  }

  get judge(): Judge {
    return this.machine.judge;
  }

  get instance(): Instance {
    return this.machine.instance;
  }

  get devices(): readonly VirtioMem[] {
    return this.machine.devices.filter((device) => device !== undefined);
  }

  get hasEnded(): boolean {
    return this.machine.hasEnded;
  }

  get events(): readonly WorldEvent[] {
    return this.machine.events;
  }

  /** Whether `onRefusal` made a difference so far. */
  get askedOnRefusal(): boolean {
    return this.machine.askedOnRefusal;
  }

  /** Whether some refused conversion stopped the VM. */
  get wasStopped(): boolean {
    return this.machine.wasStopped;
  }

  /** Refused requests that wait for a retry. */
  get pendingCount(): number {
    return this.machine.retries.length;
  }

  /**
   * Performs one operation and lets the judge look at what it did. `nested`, the operation after it in the history, runs
   * inside it; apply that one next, for its answer.
   */
  apply(operation: Operation, nested?: NestedOperation): Answer {
    this.machine.operationIndex += 1;
    const before = this.#nested;
    this.#nested = undefined;
    if (operation.op === 'at' && operation === before?.operation) return before.answer;
    if (this.machine.hasEnded) return this.#whyNot();
    const answer = nested === undefined ? this.#survive(operation) : this.#applyBoth(operation, nested);
    this.#checkLocks();
    if (!this.machine.hasEnded) reportStaleIovas(this.machine);
    return answer;
  }

  /** Some operation would have waited for a lock half done: what came of it nobody knows, and nothing is a success. */
  get isUndecided(): boolean {
    return this.machine.isUndecided;
  }

  /** The end of a history: nothing may be left of anything. Call once. */
  finish(): void {
    if (this.machine.hasEnded) return;
    this.machine.operationIndex += 1;
    this.machine.survive(() => wrapUp(this.machine), undefined);
    this.#checkLocks();
  }

  #survive(operation: Operation): Answer {
    try {
      return perform(this.machine, operation);
    } catch (error) {
      this.machine.exit(thrownText(error));
      return 'the VMM died';
    }
  }

  #applyBoth(operation: Operation, nested: NestedOperation): Answer {
    const { outer, inner, fate } = runNested(this.machine, operation, nested.event, nested.operation);
    this.#nested = { operation: nested, answer: inner };
    this.fates.push(fate);
    return outer;
  }

  #whyNot(): Answer {
    return this.machine.isUndecided ? 'undecided' : 'the guest is gone';
  }

  /** A lock that is never given back: whoever asks next waits without end. */
  #checkLocks(): void {
    const { machine } = this;
    if (machine.locks.heldCount > 0 && !machine.hasEnded) machine.exit(`lock ${machine.locks.names} was never given back`);
  }
}

function wrapUp(machine: Machine): void {
  const { judge, memory, layout, containers } = machine;
  if (machine.isMigrating) migrate(machine, { op: 'migrate', step: 'finish' });
  machine.begin('other', []);
  heal(machine, (retried) => perform(machine, retried));
  reportAudit(judge, memory, layout, containers);
  for (const container of containers) detach(machine, container);
  machine.begin('other', []);
  powerDown(machine);
  const { uncoordinatedDisabled } = memory.coordination;
  if (uncoordinatedDisabled === 0) return;
  judge.report('hotplug', { reason: 'counter-left', detail: `uncoordinatedDisabled=${uncoordinatedDisabled}` });
}
