// SPDX-License-Identifier: MIT
/**
 * Who keeps whom out: the lock table of operations, and the locks that designs have of their own.
 *
 * The table is QEMU's. Devices, plug requests, sources, migration, dump and the like run under the big lock and exclude
 * each other. A conversion runs on its vCPU without it (QEMU 10.2.2 accel/kvm/kvm-all.c; on 11.1.3 a device that is added
 * while a vCPU converts was seen to race with it), a device's access needs no lock at all. Who stops the guest first
 * waits until every vCPU is out of its exit, conversions included (seen on 11.1.3: `stop` waits for the maps of one), so
 * a reset, a dump, the end of a migration and CPR exclude conversions and the guest's own accesses, both ways.
 *
 * Not covered: RCU, locks of the kernel (a call is one step), the order in which waiters are woken.
 */
import type { Lock } from '@sda-lab/guest-memory';
import type { Operation, OperationName } from '../history/operation.ts';
import { PortError } from './guard/port-error.ts';

/** What an operation needs while it runs. */
type Need = 'big-lock' | 'big-lock, vCPUs stopped' | 'vCPU' | 'nothing';

const NEEDS: Readonly<Record<OperationName, Need>> = {
  convert: 'vCPU',
  request: 'vCPU',
  touch: 'vCPU',
  read: 'vCPU',
  dma: 'nothing',
  plug: 'big-lock',
  unplug: 'big-lock',
  'unplug-all': 'big-lock',
  'add-source': 'big-lock',
  'del-source': 'big-lock',
  attach: 'big-lock',
  detach: 'big-lock',
  balloon: 'big-lock',
  'viommu-map': 'big-lock',
  'viommu-unmap': 'big-lock',
  migrate: 'big-lock',
  dump: 'big-lock, vCPUs stopped',
  cpr: 'big-lock, vCPUs stopped',
  reset: 'big-lock, vCPUs stopped',
  refuse: 'nothing',
  heal: 'nothing',
  at: 'nothing',
};

/** Why one operation cannot run inside another; undefined when it can. */
export function whyNotInside(outer: Operation, inner: Operation): string | undefined {
  if (isStage(outer) || isStage(inner)) return 'faults are planned and lifted between operations';
  if (isAccess(outer)) return 'an access is one step';
  const [around, inside] = [needOf(outer), needOf(inner)];
  if (around.startsWith('big-lock') && inside.startsWith('big-lock')) return 'both need the big lock';
  if (around.endsWith('stopped') && inside === 'vCPU') return 'the vCPUs are stopped';
  if (around === 'vCPU' && inside.endsWith('stopped')) return 'the vCPU is waited for';
  return undefined;
}

function needOf(operation: Operation): Need {
  const isLastStep = operation.op === 'migrate' && operation.step !== 'start';
  return isLastStep ? 'big-lock, vCPUs stopped' : NEEDS[operation.op];
}

function isAccess({ op }: Operation): boolean {
  return op === 'dma' || op === 'touch' || op === 'read';
}

/** What no machine does: it sets the stage. */
function isStage({ op }: Operation): boolean {
  return op === 'refuse' || op === 'heal' || op === 'at';
}

/** An operation that runs inside another one asked for a lock that the other has. Never escapes the world. */
export class LockWait extends Error {
  override readonly name = 'LockWait';
}

/** Thrown again and again by searches; where it was made says nothing. */
const WAIT = new LockWait('waits for a lock of the design');

/** The locks a design takes, and which of the two operations has them. */
export class DesignLocks {
  readonly #held: Lock[] = [];
  /** By index of `#held`: whether the operation inside took it. */
  readonly #byInner: boolean[] = [];
  /** An operation runs inside another one. */
  isInside = false;
  /** The operation inside was told to wait; it is over, whatever the design makes of that. */
  isWaiting = false;

  get heldCount(): number {
    return this.#held.length;
  }

  /** The locks that are held, for a message. */
  get names(): string {
    return this.#held.join(', ');
  }

  lock(lock: Lock): boolean {
    const at = this.#held.indexOf(lock);
    if (at !== -1) {
      if (this.isInside && !this.#byInner[at]) {
        this.isWaiting = true;
        throw WAIT;
      }
      throw new PortError(`host.lock was asked for '${lock}' by the operation that has it; it would wait for itself without end`);
    }
    this.#held.push(lock);
    this.#byInner.push(this.isInside);
    return true;
  }

  unlock(lock: Lock): void {
    const at = this.#held.lastIndexOf(lock);
    if (at === -1 || this.#byInner[at] !== this.isInside) {
      // Cleaning up after a lock that was never had.
      if (this.isWaiting) return;
      throw new PortError(`host.unlock was given '${lock}', which the operation does not have; it has ${this.names || 'none'}`);
    }
    this.#drop(at);
  }

  /** A state at rest is loaded, in which nobody has any. */
  forget(): void {
    while (this.#held.length > 0) this.#drop(this.#held.length - 1);
    this.isInside = false;
    this.isWaiting = false;
  }

  /** The operation inside is over. One that was ended early has nothing any more; one that was not has what it took. */
  leaveInside(wasEnded: boolean): void {
    this.isInside = false;
    this.isWaiting = false;
    for (let at = this.#held.length - 1; at >= 0; at -= 1) {
      if (wasEnded && this.#byInner[at]) this.#drop(at);
      else this.#byInner[at] = false;
    }
  }

  /** The last one goes first, as a rule. */
  #drop(at: number): void {
    if (at === this.#held.length - 1) {
      this.#held.pop();
      this.#byInner.pop();
    } else {
      this.#held.splice(at, 1);
      this.#byInner.splice(at, 1);
    }
  }
}
