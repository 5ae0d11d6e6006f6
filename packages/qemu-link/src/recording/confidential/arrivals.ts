// SPDX-License-Identifier: MIT
/**
 * Devices that come: a vfio-user server from its connection to the device's GET_INFO, an IOAS from its creation to
 * whatever happens next. Those of the command line wait until the guest runs.
 * Source: QEMU 10.2.2 hw/vfio-user/container.c, hw/vfio/iommufd.c; observed on 11.1.3.
 */
import type { Backend } from '../effect.ts';
import type { RecordedLine } from '../recorded-line.ts';
import type { TapeItem } from '../tape.ts';
import { keepManaged, playRequest, type ReplayContext } from './replay-context.ts';

interface Arrival {
  readonly name: string;
  readonly backend: Backend;
  readonly items: TapeItem[];
  /** A vCPU converts at the same time; nothing orders the two. */
  isRacing: boolean;
  /** Its address space shows a vIOMMU's regions from the beginning. */
  isBehindIommu: boolean;
}

export class Arrivals {
  readonly #context: ReplayContext;
  #open: Arrival[] = [];
  /** Those of the command line that are complete; undefined once the guest runs. */
  #waiting: Arrival[] | undefined = [];

  constructor(context: ReplayContext) {
    this.#context = context;
  }

  get openNames(): readonly string[] {
    return this.#open.map(({ name }) => name);
  }

  of(name: string): { readonly items: TapeItem[] } | undefined {
    return this.#open.find((arrival) => arrival.name === name);
  }

  begin(name: string, backend: Backend, isRacing: boolean): void {
    this.#open.push({ name, backend, items: [], isRacing, isBehindIommu: false });
  }

  /** A conversion begins. */
  race(): void {
    for (const arrival of this.#open) arrival.isRacing = true;
  }

  /** The flat view that a new device is shown has IOMMU regions. */
  showIommu(): void {
    for (const arrival of this.#open) arrival.isBehindIommu = true;
  }

  complete(name: string, line: number): void {
    const arrival = this.#take(name);
    if (arrival === undefined) return;
    if (this.#waiting === undefined) this.#arrive(arrival, 'device_add', line);
    else this.#waiting.push(arrival);
  }

  /** Nothing in a recording says when an IOAS has all it should have; the next thing that happens does. */
  completeIoas(line: number): void {
    for (const { name, backend } of this.#open) {
      if (backend === 'iommufd') this.complete(name, line);
    }
  }

  /** A device is attached to an IOAS: a new one that is just coming, or one whose container is there and maps nothing. */
  join(line: RecordedLine): void {
    if (this.#waiting !== undefined || this.#open.some(({ backend }) => backend === 'iommufd')) return;
    const request = `device ${line.count('dev')} joins an IOAS`;
    playRequest(this.#context, { request, kind: 'device_add', items: [], endLine: line.number, work: () => true });
  }

  /** The guest runs from here on. */
  start(line: number): void {
    const arrivals = [...(this.#waiting ?? []), ...this.#open];
    this.#waiting = undefined;
    this.#open = [];
    for (const arrival of arrivals) this.#arrive(arrival, undefined, line);
  }

  /** QEMU gave a device up while it came: what it had is taken away again. Returns whether there was one. */
  refuse(name: string, endLine: number): boolean {
    const arrival = this.#take(name);
    if (arrival === undefined) return false;
    const { machine } = this.#context.guest;
    const items = keepManaged(this.#context, arrival.items);
    const work = (): void => {
      machine.attach(name, arrival.backend);
      machine.containers.detach(name);
    };
    playRequest(this.#context, { request: `${name} comes and is refused`, kind: 'device_add', items, endLine, work });
    return true;
  }

  #take(name: string): Arrival | undefined {
    const arrival = this.#open.find((one) => one.name === name);
    this.#open = this.#open.filter((one) => one !== arrival);
    return arrival;
  }

  #arrive(arrival: Arrival, kind: string | undefined, endLine: number): void {
    const { name, backend, items, isRacing, isBehindIommu } = arrival;
    const { guest, ledger, between } = this.#context;
    const { machine } = guest;
    // A device whose server was lost can only be taken away in silence, and its name be used again.
    if (machine.containers.lost.has(name) && machine.containers.has(name)) machine.containers.detach(name);
    const isCompared = !isRacing && !isBehindIommu;
    const own = isCompared ? keepManaged(this.#context, items) : [];
    if (!isCompared) {
      ledger.leaveOut(isBehindIommu ? 'vIOMMU' : 'race', items.length);
      machine.containers.muted.add(name);
    }
    const work = (): void => machine.attach(name, backend);
    playRequest(this.#context, { request: `${name} comes`, kind, items: own, endLine, work });
    if (isBehindIommu) {
      machine.containers.unfollow(name);
      between.behindIommu.add(name);
    }
    machine.containers.muted.delete(name);
  }
}
