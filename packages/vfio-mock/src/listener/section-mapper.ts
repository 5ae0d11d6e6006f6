// SPDX-License-Identifier: MIT
/**
 * Runs of a section as calls to the kernel: block pages turned into IOVA and host pages, one observed call per piece of
 * equal granules. Knows nothing of devices that come and go.
 *
 * Unheard calls are those a vfio-user client sends inside a transaction: each granule is a message of its own, a
 * refusal is only printed, and what comes after it is sent all the same.
 * Source: QEMU 10.2.2 hw/vfio/listener.c, hw/vfio-user/container.c (async_ops). Not covered: the time until replies.
 */
import type { Section, Status } from '@sda-lab/guest-memory';
import type { CallContext, ListenerCall } from './listener-call.ts';
import { type BlockRun, type ListenerSteps, type MapPiece, QEMU_LISTENER_STEPS } from './listener-steps.ts';
import type { MappingDoor } from './mapping-door.ts';

export interface SectionMapperParts {
  readonly door: MappingDoor;
  readonly steps: ListenerSteps;
  readonly masksEnoent: boolean;
  readonly observe: (call: ListenerCall) => void;
}

export class SectionMapper {
  /** Granules of the last refused run that were mapped before it; 0 after a success. */
  done = 0;
  readonly #parts: SectionMapperParts;

  constructor(parts: SectionMapperParts) {
    this.#parts = parts;
  }

  /** Stops at the first refusal. */
  map(section: Section, run: BlockRun, granulePages: number, context: CallContext): Status {
    if (this.#isOnePiece(run, granulePages)) return this.#mapPages(section, run.firstPage, run.pageCount, granulePages, context);
    let earlierGranules = 0;
    for (const piece of this.#parts.steps.pieces(section, run, granulePages)) {
      const status = this.#mapPiece(section, piece, context);
      if (status !== 0) {
        this.done += earlierGranules;
        return status;
      }
      earlierGranules += Math.ceil(piece.pageCount / piece.granulePages);
    }
    this.done = 0;
    return 0;
  }

  /** Passes over each refused granule; nobody hears of it. */
  mapUnheard(section: Section, run: BlockRun, granulePages: number, context: CallContext): void {
    for (const { firstPage, pageCount, granulePages: step } of this.#parts.steps.pieces(section, run, granulePages)) {
      const endPage = firstPage + pageCount;
      for (let first = firstPage; first < endPage; ) {
        const rest = { firstPage: first, pageCount: endPage - first, granulePages: step };
        first = this.#mapPiece(section, rest, context) === 0 ? endPage : first + (this.done + 1) * step;
      }
    }
    this.done = 0;
  }

  unmap(section: Section, run: BlockRun, context: CallContext): Status {
    const { door, steps, masksEnoent } = this.#parts;
    const status = door.unmapPages(steps.gfnOf(section, run.firstPage), run.pageCount);
    this.#observeUnmap(section, run, context, status);
    return steps.unmapAnswer(status, masksEnoent);
  }

  /** Somebody emptied the container in one go; observed as if the section had been unmapped. */
  emptied(section: Section, context: CallContext): void {
    this.#observeUnmap(section, section, context, 0);
  }

  /** Whether QEMU makes equal granules of the run; a planted fault may make something else of it. */
  #isOnePiece({ firstPage, pageCount }: BlockRun, granulePages: number): boolean {
    if (this.#parts.steps.pieces !== QEMU_LISTENER_STEPS.pieces || pageCount === 0) return false;
    return granulePages === 1 || granulePages === pageCount || firstPage % granulePages === 0;
  }

  #mapPiece(section: Section, { firstPage, pageCount, granulePages }: MapPiece, context: CallContext): Status {
    return this.#mapPages(section, firstPage, pageCount, granulePages, context);
  }

  #mapPages(section: Section, firstPage: number, pageCount: number, granulePages: number, context: CallContext): Status {
    const { door, steps, observe } = this.#parts;
    const firstGfn = steps.gfnOf(section, firstPage);
    const hostPage = section.block.hostFirstPage + firstPage;
    const status = door.mapPages(firstGfn, hostPage, pageCount, granulePages, steps.isWritable(section));
    const doneGranules = status === 0 ? 0 : door.done;
    observe({ kind: 'map', context, section, firstGfn, pageCount, granulePages, status, doneGranules });
    // Whoever looks on may let another operation in, which calls too.
    this.done = doneGranules;
    return status;
  }

  #observeUnmap(section: Section, { firstPage, pageCount }: BlockRun, context: CallContext, status: Status): void {
    const firstGfn = this.#parts.steps.gfnOf(section, firstPage);
    this.#parts.observe({ kind: 'unmap', context, section, firstGfn, pageCount, granulePages: pageCount, status, doneGranules: 0 });
  }
}
