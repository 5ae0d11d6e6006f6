// SPDX-License-Identifier: MIT
/**
 * The kernel or server behind QEMU's container listener, as a recording has it: each call is written down as the message
 * it is, held against the recording, and answered as it was answered then.
 *
 * In a transaction (a device comes, sections come or go) the vfio-user client sends without waiting, so that only the
 * order of one server's messages is known. An IOAS always answers.
 * Source: QEMU 10.2.2 hw/vfio-user/container.c; observed on 11.1.3.
 */
import { PAGE_BYTES, type Status } from '@sda-lab/guest-memory';
import type { MappingDoor } from '@sda-lab/vfio-mock';
import { type Backend, type EffectKind, mapFlags, mapText, unmapText } from './effect.ts';
import type { Tape } from './tape.ts';

export class RecordingDoor implements MappingDoor {
  done = 0;
  inTransaction = false;
  readonly #actor: { readonly name: string; readonly backend: Backend };
  readonly #fileOffset: (hostPage: number) => number;
  readonly #tape: () => Tape | undefined;

  constructor(
    actor: { readonly name: string; readonly backend: Backend },
    fileOffset: (hostPage: number) => number,
    tape: () => Tape | undefined,
  ) {
    this.#actor = actor;
    this.#fileOffset = fileOffset;
    this.#tape = tape;
  }

  mapPages(iovaPage: number, hostPage: number, pageCount: number, granulePages: number, writable: boolean): Status {
    const { backend } = this.#actor;
    const flags = mapFlags(backend, writable);
    const firstOffset = this.#fileOffset(hostPage);
    const isFile = firstOffset > 0 || this.#fileOffset(hostPage + pageCount - 1) > 0;
    const size = granulePages * PAGE_BYTES;
    for (let page = 0; page < pageCount; page += granulePages) {
      const offset = isFile ? firstOffset + page * PAGE_BYTES : 0;
      const message = { iova: (iovaPage + page) * PAGE_BYTES, size, flags, offset };
      const status = this.#send('map', mapText(backend, message));
      if (status === 0) continue;
      this.done = page / granulePages;
      return status;
    }
    this.done = 0;
    return 0;
  }

  unmapPages(iovaPage: number, pageCount: number): Status {
    return this.#send('unmap', unmapText(this.#actor.backend, iovaPage * PAGE_BYTES, pageCount * PAGE_BYTES));
  }

  #send(kind: EffectKind, text: string): Status {
    const { name, backend } = this.#actor;
    const isPipelined = backend === 'vfio-user' && this.inTransaction;
    return this.#tape()?.emit({ actor: name, kind, text }, isPipelined ? 'own-order' : 'strict') ?? 0;
  }
}
