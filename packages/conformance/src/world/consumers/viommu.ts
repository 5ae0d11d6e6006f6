// SPDX-License-Identifier: MIT
/**
 * A device behind a vIOMMU: what the guest maps at I/O virtual addresses is looked up in guest memory and mapped in the
 * container. The container follows no section of the address space, so no design tells it anything.
 *
 * "Discarded" means to it: a target that must not be mapped. It asks `runs(block, 'translate')` for each page once, when
 * the guest maps it: a page that is not shown is refused ("iommu map to discarded memory"), and nobody maps it later;
 * the guest sees no error. It expects to be shown what is plugged and shared, no more and no less. What happens to the
 * page afterwards reaches no vIOMMU: a conversion under a live mapping leaves it, stale, until the guest unmaps. That is
 * owed by nobody and reported (see reports.ts), not judged.
 *
 * Source: QEMU 10.2.2 hw/vfio/listener.c (vfio_iommu_map_notify), system/memory.c (memory_translate_iotlb); QEMU 11.1.3
 * with intel-iommu: to-private of a page with a live mapping sends no unmap; a refused mapping is not made later.
 * Not covered: page tables of the guest, several address spaces, IOTLB entries larger than a page, read-only mappings.
 */
import { type GuestMemory, type Status, statusText } from '@sda-lab/guest-memory';
import type { IommuContainer } from '@sda-lab/vfio-mock';
import type { Operation } from '../../history/operation.ts';
import { blockPageOf, type Span } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { Answer } from '../operations/answer.ts';
import type { WorldContainer } from '../world-container.ts';
import { forEachShown } from './shown-runs.ts';

const REFUSED: Answer = 'refused: iommu map to discarded memory';

export class Viommu {
  /** By IOVA page: the position the guest mapped there. */
  readonly mappings = new Map<number, number>();
  readonly #name: string;
  readonly #kernel: IommuContainer;

  constructor(name: string, kernel: IommuContainer) {
    this.#name = name;
    this.#kernel = kernel;
  }

  /** One notification per page; the first refusal is the answer, the other pages are mapped all the same. */
  map(machine: Machine, { iova, page, count }: Extract<Operation, { op: 'viommu-map' }>): Answer {
    let answer: Answer = '0';
    for (let at = 0; at < count; at += 1) {
      const one = this.#mapPage(machine, iova + at, page + at);
      if (answer === '0') answer = one;
    }
    return answer;
  }

  unmap(machine: Machine, first: number, count: number): Answer {
    let answer: Answer = '0';
    for (let iovaPage = first; iovaPage < first + count; iovaPage += 1) {
      const status = this.#unmapPage(machine, iovaPage);
      if (status !== 0 && answer === '0') answer = statusText(status);
    }
    return answer;
  }

  /** The vIOMMU is reset, or the device goes: the whole region is unmapped. */
  unmapAll(machine: Machine): void {
    for (const iovaPage of this.mappings.keys()) this.#unmapPage(machine, iovaPage);
  }

  /** Whether the design lets the page be the target of a mapping. */
  mayTranslate(machine: Machine, position: number): boolean {
    let isShown = false;
    forEachShown(machine.instance, machine.layout.spanAt(position), 'translate', { first: position, end: position + 1 }, () => {
      isShown = true;
      return 0;
    });
    return isShown;
  }

  #mapPage(machine: Machine, iovaPage: number, position: number): Answer {
    if (this.mappings.has(iovaPage)) return 'mapped already';
    const span = machine.layout.spanAt(position);
    const isAccepted = this.mayTranslate(machine, position);
    this.#judgeAnswer(machine, span, iovaPage, position, isAccepted);
    if (!isAccepted) return REFUSED;
    const status = this.#call(machine, 'map', iovaPage, () => {
      const hostPage = span.section.block.hostFirstPage + blockPageOf(span, position);
      return this.#kernel.mapPages(iovaPage, hostPage, 1, 1, !span.section.readonly);
    });
    if (status === 0) this.mappings.set(iovaPage, position);
    return status === 0 ? '0' : statusText(status);
  }

  #judgeAnswer({ judge }: Machine, span: Span, iovaPage: number, position: number, isAccepted: boolean): void {
    judge.witnesses.see('consumer viommu');
    if (judge.isUnsettled(position) || isAccepted === judge.isDue(span, position)) return;
    const reason = isAccepted ? 'viommu-accepted' : 'viommu-refused';
    judge.report('consumers-see', { reason, container: this.#name, position, detail: `IOVA page 0x${iovaPage.toString(16)}` });
  }

  #unmapPage(machine: Machine, iovaPage: number): Status {
    const position = this.mappings.get(iovaPage);
    if (position === undefined) return 0;
    const status = this.#call(machine, 'unmap', iovaPage, () => this.#kernel.unmapPages(iovaPage, 1));
    if (status !== 0) return status;
    this.mappings.delete(iovaPage);
    // An unmap behind a vIOMMU brings the dirty bits of its range with it.
    const written = machine.migration.deviceWrites.get(this.#name);
    if (written?.delete(iovaPage)) machine.migration.noteWritten(position);
    return 0;
  }

  #call(machine: Machine, call: 'map' | 'unmap', iovaPage: number, act: () => Status): Status {
    const status = act();
    machine.log({ kind: 'iova', call, container: this.#name, iovaPage, status });
    machine.preemption?.atEvent();
    return status;
  }
}

/** Frames that only a guest's own mappings keep alive: nobody told the vIOMMU, and nobody owes it. */
export function orphansBehindViommus(containers: readonly WorldContainer[], { frames }: GuestMemory): number {
  const held = new Set<number>();
  for (const { viommu, kernel, pins } of containers) {
    if (!pins || viommu === undefined) continue;
    for (const iovaPage of viommu.mappings.keys()) {
      const frame = kernel.translate(iovaPage);
      if (frame !== 0 && frames.isOrphan(frame)) held.add(frame);
    }
  }
  return held.size;
}
