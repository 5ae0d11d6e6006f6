// SPDX-License-Identifier: MIT
/**
 * The destination of a migration: a second guest of the same design, built from what was sent.
 *
 * Order as an incoming QEMU has it: devices are there before anything arrives, so they attach to an empty guest; then
 * virtio-mem's bitmap (early), the pages with their sides, virtio-mem's sizes. `late` is what machine types before the
 * early state do: pages first, then all of virtio-mem. It expects `PlugEvents.loaded` and `convert` to end, in whichever
 * order, with every device mapping exactly what is plugged AND shared, and each page holding what was sent of it.
 *
 * "Discarded" means to it what it means to its containers: not to be mapped. What comes out is judged by a judge of its
 * own, against the same invariants.
 * Source: QEMU 10.2.2 hw/virtio/virtio-mem.c (virtio_mem_post_load_early, virtio_mem_post_load); that sides are restored
 * by conversions is derived, as migration of confidential guests is blocked. Not covered: refused maps on the way,
 * postcopy, another layout on the destination, sides of unplugged pages.
 */
import { PAGE_BYTES, type Status, statusText } from '@sda-lab/guest-memory';
import type { SavedBlocks, SavedSizes, VirtioMem } from '@sda-lab/virtio-mem';
import { audit } from '../../judge/audit.ts';
import { wordsOf } from '../../judge/explain.ts';
import type { Evidence } from '../../judge/violation.ts';
import { gfnOf, positionsOf, type Span } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { attach } from '../operations/attach.ts';
import { convert } from '../operations/convert.ts';
import { guestCopy, type PageCopy, writeCopy } from './page-copy.ts';

interface SavedDevice {
  readonly blocks: SavedBlocks;
  readonly sizes: SavedSizes;
}

/** What a finished migration leaves to load. */
export interface SavedGuest {
  readonly copies: ReadonlyMap<number, PageCopy>;
  /** Containers whose devices the destination is started with. */
  readonly attached: readonly string[];
  /** By device index; undefined where the design has no such device, or the source has left. */
  readonly devices: readonly (SavedDevice | undefined)[];
  /** By position: 1 = plugged. */
  readonly plugged: Uint8Array;
}

export function saveGuest(machine: Machine): SavedGuest {
  const { migration, containers, devices, sources, judge, layout } = machine;
  return {
    copies: new Map(migration.copies),
    attached: containers.filter(({ attached }) => attached).map(({ name }) => name),
    devices: devices.map((device, at) =>
      device !== undefined && sources!.hasJoined(at)
        ? { blocks: device.saveBlocks(), sizes: device.saveSizes() }
        : undefined,
    ),
    plugged: Uint8Array.from({ length: layout.totalCount }, (_, position) => (judge.isPlugged(position) ? 1 : 0)),
  };
}

/** Loads what was saved into a fresh guest; answers what is wrong with it. */
export function restoreGuest(source: Machine, saved: SavedGuest, late: boolean): Evidence | undefined {
  const guest = source.sibling();
  const refusal = guest.survive(() => load(guest, saved, late), undefined);
  if (refusal !== undefined) return { reason: 'restored-guest-wrong', detail: refusal };
  return findWrong(guest) ?? (guest.hasEnded ? undefined : guest.survive(() => compare(guest, saved), undefined)) ?? findWrong(guest);
}

function load(guest: Machine, saved: SavedGuest, late: boolean): string | undefined {
  for (const name of saved.attached) {
    const answer = attach(guest, guest.container(name));
    if (answer !== '0') return `${name} could not be attached: ${answer}`;
  }
  const refused = late ? undefined : loadDevices(guest, saved, late);
  if (refused !== undefined) return refused;
  const shown = guest.guestSpans;
  const isShown = ({ section }: Span): boolean => guest.memory.addressSpace.sections.includes(section);
  const [now, afterwards] = [shown.filter(isShown), shown.filter((span) => !isShown(span))];
  loadPages(guest, saved, now);
  if (!late) return undefined;
  const refusedLate = loadDevices(guest, saved, late);
  // A memslot that was not there yet could not be converted either.
  loadPages(guest, saved, afterwards);
  return refusedLate;
}

function loadDevices(guest: Machine, saved: SavedGuest, late: boolean): string | undefined {
  for (const [at, state] of saved.devices.entries()) {
    const device = guest.devices[at];
    if (device === undefined) continue;
    guest.begin('plug', [guest.sources!.positionsOf(at)]);
    const joined = joinAsSaved(guest, at, device, state !== undefined);
    const status = joined !== 0 || state === undefined ? joined : loadDevice(device, state, late);
    guest.sources!.announce(at);
    guest.judge.end(status === 0 ? 'succeeded' : 'refused');
    if (status !== 0) return `m${at} could not be loaded: ${statusText(status)}`;
  }
  return undefined;
}

/** The destination is started with the sources the guest has now. */
function joinAsSaved({ sources }: Machine, at: number, device: VirtioMem, wasJoined: boolean): Status {
  if (sources!.hasJoined(at) === wasJoined) return 0;
  return wasJoined ? sources!.join(device, at) : sources!.leave(device, at);
}

function loadDevice(device: VirtioMem, { blocks, sizes }: SavedDevice, late: boolean): Status {
  if (late) return device.loadTogether(blocks, sizes);
  const status = device.loadBlocks(blocks);
  return status === 0 ? device.loadSizes(sizes) : status;
}

/** Sides first, run by run; then the contents, as the VMM writes them. */
function loadPages(guest: Machine, { copies }: SavedGuest, spans: readonly Span[]): void {
  const isShared = (position: number): boolean => copies.get(position)?.side === 'shared';
  for (const span of spans) {
    const { first, end } = positionsOf(span);
    for (let page = first; page < end; page += 1) {
      if (!isShared(page) || !span.section.block.hasGuestMemfd) continue;
      let last = page + 1;
      while (last < end && isShared(last)) last += 1;
      convert(guest, { op: 'convert', page, count: last - page, to: 'shared' });
      page = last;
    }
    for (let position = first; position < end; position += 1) {
      const copy = copies.get(position);
      if (copy !== undefined) writeCopy(guest.memory, span, position, copy);
    }
  }
}

/** The destination's own judge has the first word. */
function findWrong({ judge }: Machine): Evidence | undefined {
  const [violation] = judge.violations;
  if (violation === undefined) return undefined;
  const { container, position } = violation.evidence;
  const where = { ...(container !== undefined && { container }), ...(position !== undefined && { position }) };
  const page = position === undefined ? '' : ` (page ${position})`;
  return { reason: 'restored-guest-wrong', ...where, detail: `there${page} ${wordsOf(violation.evidence)[1]} (${violation.invariant})` };
}

function compare(guest: Machine, { copies, plugged }: SavedGuest): Evidence | undefined {
  const { memory, layout, containers, judge } = guest;
  guest.begin('other', []);
  judge.touchEverything();
  judge.end('succeeded');
  const [finding] = audit(memory, layout, containers, (position) => judge.isPlugged(position));
  if (finding !== undefined) return { reason: 'restored-guest-wrong', detail: `an audit of its containers finds: ${finding}` };
  for (const span of guest.guestSpans) {
    const { first, end } = positionsOf(span);
    for (let position = first; position < end; position += 1) {
      const wrong = comparePage(guest, span, position, copies.get(position), plugged[position] === 1);
      if (wrong !== undefined) return { reason: 'restored-guest-wrong', position, detail: `there page ${position} ${wrong}` };
    }
  }
  return undefined;
}

function comparePage(guest: Machine, span: Span, position: number, copy: PageCopy | undefined, isPlugged: boolean): string | undefined {
  if (guest.judge.isPlugged(position) !== isPlugged) return isPlugged ? 'is unplugged' : 'is plugged';
  if (copy === undefined || !isPlugged) return undefined;
  const { side, value } = guestCopy(guest.memory, span, position);
  if (side !== copy.side) return `is ${side}; it was sent as ${copy.side}`;
  if (value !== copy.value) return `holds 0x${value.toString(16)}; 0x${copy.value.toString(16)} was sent`;
  if (side === 'private') return undefined;
  for (const { name, kernel, attached, viommu } of guest.containers) {
    if (!attached || viommu !== undefined) continue;
    const read = kernel.dmaRead(BigInt(gfnOf(span, position)) * BigInt(PAGE_BYTES));
    if (read.status === 0 && read.value === value) continue;
    const found = read.status === 0 ? `reads 0x${read.value.toString(16)}` : `is answered ${statusText(read.status)}`;
    return `holds 0x${value.toString(16)}, and ${name} ${found}`;
  }
  return undefined;
}
