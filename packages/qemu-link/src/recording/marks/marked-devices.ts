// SPDX-License-Identifier: MIT
/**
 * Devices that marks name, and the containers behind them: a vfio-user device has a server of its own name; a device of
 * an iommufd has an IOAS, which several may share. Which of the two it is, what came with it says.
 *
 * Lifecycle: `see` per line -> `start` once, `add` and `remove` per mark -> `forget` after each of them.
 * Source: QEMU 10.2.2 hw/vfio/iommufd.c (a device joins an IOAS that is there), hw/vfio-user/container.c.
 * Not covered: a device that leaves its IOAS for another one.
 */
import { type Backend, ioasName } from '../effect.ts';
import type { Machine } from '../machine.ts';
import type { RecordedLine } from '../recorded-line.ts';

interface Arrived {
  readonly actor: string;
  readonly backend: Backend;
}

export class MarkedDevices {
  readonly #machine: Machine;
  /** Of the command line, those with an iommufd. */
  readonly #iommufdIds: readonly string[];
  /** The container of each device. */
  readonly #actors = new Map<string, string>();
  /** Since the last mark. */
  #arrived: Arrived[] = [];

  constructor(machine: Machine, iommufdIds: readonly string[]) {
    this.#machine = machine;
    this.#iommufdIds = iommufdIds;
  }

  get hasArrived(): boolean {
    return this.#arrived.length > 0;
  }

  see(line: RecordedLine): void {
    if (line.ev === 'connect') this.#arrive(line.src, 'vfio-user');
    else if (line.src === 'kvm' && (line.ev === 'ioas' || line.ev.startsWith('io-map'))) {
      this.#arrive(ioasName(line), 'iommufd');
    }
  }

  /** Devices of the command line. */
  start(): void {
    for (const { actor, backend } of this.#arrived) {
      this.#machine.attach(actor, backend);
      if (backend === 'vfio-user') this.#actors.set(actor, actor);
    }
    const shared = this.#arrived.filter(({ backend }) => backend === 'iommufd');
    for (const [at, id] of this.#iommufdIds.entries()) {
      const container = shared[at] ?? shared.at(-1);
      if (container !== undefined) this.#actors.set(id, container.actor);
    }
  }

  add(name: string): void {
    const own = this.#arrived.find(({ actor }) => actor === name);
    const found = own ?? this.#arrived.find(({ backend }) => backend === 'iommufd');
    const joined = found === undefined ? this.#machine.containers.names('iommufd').at(-1) : undefined;
    const actor = found?.actor ?? joined ?? name;
    this.#actors.set(name, actor);
    if (joined === undefined) this.#machine.attach(actor, found?.backend ?? 'vfio-user');
  }

  /** A container goes with its last device. */
  remove(name: string): void {
    const actor = this.#actors.get(name) ?? name;
    this.#actors.delete(name);
    if (![...this.#actors.values()].includes(actor)) this.#machine.containers.detach(actor);
  }

  forget(): void {
    this.#arrived = [];
  }

  #arrive(actor: string, backend: Backend): void {
    const isKnown = this.#arrived.some((one) => one.actor === actor);
    // A server may connect again before the end of its last connection is written.
    if (!isKnown && (backend === 'vfio-user' || !this.#machine.containers.has(actor))) this.#arrived.push({ actor, backend });
  }
}
