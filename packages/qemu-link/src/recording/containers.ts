// SPDX-License-Identifier: MIT
/**
 * The VFIO containers of the recorded machine: QEMU's container listener over a door that the recording answers, and the
 * sections each follows.
 *
 * Lifecycle of a container: `attach` (follows every section, ascending) -> sections come and go, all devices in one
 * transaction: oldest first when they come, newest first when they go -> `detach`.
 * Source: QEMU 10.2.2 hw/vfio/listener.c, system/memory.c (order of listeners in a transaction); observed on 11.1.3.
 * Not covered: sections that no manager follows; the limit of mappings (a device that QEMU refuses is one in the
 * recording as well).
 */
import {
  AddressSpace,
  assert,
  DiscardCoordination,
  type Instance,
  PAGE_BYTES,
  type RamBlock,
  type Section,
} from '@sda-lab/guest-memory';
import { ContainerListener } from '@sda-lab/vfio-mock';
import type { Backend } from './effect.ts';
import type { ModelParts } from './model-parts.ts';
import { RecordingDoor } from './recording-door.ts';
import type { Tape } from './tape.ts';

interface Container {
  readonly name: string;
  readonly backend: Backend;
  readonly listener: ContainerListener;
  readonly door: RecordingDoor;
}

export interface ContainersOptions {
  readonly parts: ModelParts;
  readonly instance: Instance;
  readonly blocks: () => readonly RamBlock[];
  readonly isFile: (block: RamBlock) => boolean;
  readonly tape: () => Tape | undefined;
}

export class Containers {
  /** Containers whose server is gone. */
  readonly lost: Set<string> = new Set();
  /** Containers whose messages are not compared now: they race with a request. */
  readonly muted: Set<string> = new Set();
  readonly #options: ContainersOptions;
  readonly #coordination = new DiscardCoordination();
  /** In order of attach. */
  #containers: readonly Container[] = [];

  constructor(options: ContainersOptions) {
    this.#options = options;
  }

  /** Containers of one kind, in order of attach. */
  names(backend: Backend): string[] {
    return this.#containers.filter((container) => container.backend === backend).map(({ name }) => name);
  }

  has(name: string): boolean {
    return this.#containers.some((container) => container.name === name);
  }

  sectionsOf(name: string): readonly Section[] {
    return this.#containers.find((container) => container.name === name)?.listener.sections ?? [];
  }

  /** A device comes with a container of its own. */
  attach(name: string, backend: Backend, sections: readonly Section[]): void {
    assert(!this.has(name), 'a container is attached once');
    const container = this.#create(name, backend);
    this.#containers = [...this.#containers, container];
    this.lost.delete(name);
    const space = new AddressSpace();
    for (const section of sections) space.add(section);
    inTransaction(container, () => {
      // A refusal of the replay is not told; nothing else can refuse here.
      const status = container.listener.attach(space, this.#options.instance, this.#coordination);
      assert(status === 0, 'QEMU takes a device whose maps were refused');
    });
  }

  detach(name: string): void {
    // In the flat view's order; the listener's own is that in which sections came.
    this.unfollow(name);
    const { listener } = this.#container(name);
    listener.detach(this.#coordination);
    this.#containers = this.#containers.filter((one) => one.name !== name);
    this.lost.delete(name);
  }

  /** The device's address space shows guest memory (again). */
  follow(name: string, sections: readonly Section[]): void {
    const container = this.#container(name);
    for (const section of sections) this.#add(container, section);
  }

  /** The device's address space shows something else from now on, as behind a vIOMMU. */
  unfollow(name: string): void {
    const container = this.#container(name);
    const sections = container.listener.sections.toSorted((a, b) => a.firstGfn - b.firstGfn);
    for (const section of sections) inTransaction(container, () => container.listener.removeSection(section));
  }

  addSection(section: Section): void {
    for (const container of this.#containers) this.#add(container, section);
  }

  removeSection(section: Section): void {
    for (const container of this.#containers.toReversed()) {
      const { listener } = container;
      if (listener.sections.includes(section)) inTransaction(container, () => listener.removeSection(section));
    }
  }

  #add(container: Container, section: Section): void {
    inTransaction(container, () => {
      const status = container.listener.addSection(section, this.#options.instance);
      assert(status === 0, 'a section whose maps were refused comes all the same');
    });
  }

  #create(name: string, backend: Backend): Container {
    const { parts, tape } = this.#options;
    const fileOffset = (hostPage: number): number => this.#fileOffset(hostPage);
    const door = new RecordingDoor({ name, backend }, fileOffset, () => (this.muted.has(name) ? undefined : tape()));
    const listener = new ContainerListener({
      name,
      door: parts.wrapDoor(door, name),
      profile: parts.strategy.listener,
      unmapShape: 'range',
      masksEnoent: backend === 'iommufd',
      pipelinesTransactions: backend === 'vfio-user',
      memslotCount: 0,
      dmaMaxMappings: 0,
      observe: () => undefined,
      isManaged: () => true,
    });
    return { name, backend, listener, door };
  }

  #container(name: string): Container {
    const container = this.#containers.find((one) => one.name === name);
    assert(container !== undefined, 'only an attached container is named');
    return container;
  }

  #fileOffset(hostPage: number): number {
    const block = this.#options.blocks().find(
      ({ hostFirstPage, pageCount }) => hostPage >= hostFirstPage && hostPage < hostFirstPage + pageCount,
    );
    assert(block !== undefined, 'a mapping leads to a block');
    return this.#options.isFile(block) ? (hostPage - block.hostFirstPage) * PAGE_BYTES : 0;
  }
}

function inTransaction(container: Container, work: () => void): void {
  container.door.inTransaction = true;
  work();
  container.door.inTransaction = false;
}
