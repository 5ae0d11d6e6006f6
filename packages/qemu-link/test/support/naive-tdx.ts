// SPDX-License-Identifier: MIT
// A TDX guest of QEMU over a stand-in KVM, written down from the observed behaviour and from nothing of this repository.
// It writes what it does as a recording. Small numbers: everything is counted in pages.

const PAGE = 4096;
const VCPU = 2;
const MAIN = 1;

export interface NaiveSection {
  readonly gpa: number;
  readonly first: number;
  readonly count: number;
}

interface Block {
  readonly name: string;
  readonly hva: number;
  readonly pages: number;
  readonly sections: readonly NaiveSection[];
  readonly isFile: boolean;
  readonly shared: boolean[];
  /** Pages per device block, when a virtio-mem device owns it. */
  readonly perBlock: number;
  readonly plugged: boolean[];
  guestMemfd: number;
}

export interface NaiveDevice {
  readonly name: string;
  readonly backend: 'vfio-user' | 'iommufd';
}

export interface NaiveLayout {
  readonly name: string;
  readonly pages: number;
  readonly sections: readonly NaiveSection[];
  readonly isFile?: boolean;
  /** A virtio-mem device with blocks of so many pages. */
  readonly perBlock?: number;
}

type Refused = 'map' | 'unmap' | 'attr' | 'punch' | 'madvise';

const hex = (value: number): string => `0x${value.toString(16)}`;
const bytes = (pages: number): string => hex(pages * PAGE);

function runsWhere(first: number, end: number, isWanted: (page: number) => boolean): [number, number][] {
  const runs: [number, number][] = [];
  for (let page = first; page < end; page += 1) {
    if (!isWanted(page)) continue;
    const last = runs.at(-1);
    if (last !== undefined && last[1] === page) last[1] = page + 1;
    else runs.push([page, page + 1]);
  }
  return runs;
}

export class NaiveTdx {
  readonly lines: Record<string, unknown>[] = [];
  #us = 0;
  readonly #blocks: Block[];
  /** In order of attach. */
  #devices: NaiveDevice[] = [];
  #exits = 0;
  #guestMemfds = 0;
  #isStopped = false;
  /** Device blocks. */
  #requested = 3;
  #refuse: { kind: Refused; left: number; errno: number } | undefined;

  constructor(layout: readonly NaiveLayout[]) {
    this.#blocks = layout.map((each, at) => ({
      isFile: false,
      ...each,
      hva: 0x7f0000000000 + at * 2 ** 36,
      shared: Array.from({ length: each.pages }, () => false),
      perBlock: each.perBlock ?? 0,
      plugged: Array.from({ length: each.pages }, () => each.perBlock === undefined),
      guestMemfd: 0,
    }));
  }

  get text(): string {
    return `${this.lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Device blocks that are plugged. */
  get pluggedBlocks(): number[] {
    const { plugged, perBlock } = this.#device();
    return plugged.flatMap((isPlugged, page) => (isPlugged && page % perBlock === 0 ? [page / perBlock] : []));
  }

  get devices(): readonly NaiveDevice[] {
    return this.#devices;
  }

  start(devices: readonly NaiveDevice[] = []): void {
    this.#kvm('open-kvm', { fd: 12 }, MAIN);
    this.#kvm('create-vm', { type: 5, fd: 13 }, MAIN);
    for (const block of this.#blocks) this.#newGuestMemfd(block);
    for (const block of this.#blocks) this.#realize(block);
    for (const device of devices) this.attach(device);
    this.trace('runstate_set', 'current_run_state 6 (prelaunch) new_state 9 (running)');
    for (const { perBlock, sections } of this.#blocks) {
      if (perBlock === 0) continue;
      const config = { block_size: bytes(perBlock), addr: bytes(sections[0]!.gpa), requested: bytes(this.#requested * perBlock) };
      this.mark(`SAY config ${JSON.stringify(config)}`);
    }
  }

  refuse(kind: Refused, nth: number, errno: number): void {
    this.#refuse = { kind, left: nth, errno };
  }

  attach(device: NaiveDevice): void {
    const { name, backend } = device;
    this.#devices.push(device);
    if (backend === 'vfio-user') this.#server(name, 'connect', { sid: 1 });
    else {
      this.#kvm('bind', { dev: 1 }, MAIN);
      this.#kvm('ioas', { id: Number(name.slice(4)) }, MAIN);
      this.#kvm('attach', { dev: 1, pt: 102 }, MAIN);
    }
    for (const { block, section } of this.#sectionsByAddress()) {
      const isDue = (page: number): boolean => block.shared[page]! && block.plugged[page]!;
      const runs = runsWhere(section.first, section.first + section.count, isDue);
      for (const [first, end] of runs) {
        if (!this.#mapRun(device, section, block, first, end, backend === 'iommufd', MAIN)) break;
      }
    }
    if (backend === 'vfio-user') this.#server(name, 'GET_INFO', { id: 1 });
    this.mark(`SAY ${name} came`);
  }

  detach(device: NaiveDevice): void {
    this.mark(`device_del ${device.name}`);
    for (const { section } of this.#sectionsByAddress()) this.#unmapPages(device, section.gpa, section.count, MAIN);
    this.#devices = this.#devices.filter((one) => one !== device);
    if (device.backend === 'vfio-user') this.#server(device.name, 'disconnect', { sid: 1, mapsLeft: 0 });
  }

  /** A request of the guest; `gpa` and `pages` in pages, `offset` makes it unaligned. */
  convert(gpa: number, pages: number, to: 'shared' | 'private', how: 'map' | 'fault' = 'map', offset = 0): void {
    this.#exits += 1;
    const place = { vcpu: 0, n: this.#exits, gpa: hex(gpa * PAGE + offset) };
    if (how === 'map') this.#kvm('exit-map', { ...place, pages, attr: to === 'private' ? '0x10' : '0x0' });
    else this.#kvm('exit-fault', { ...place, size: bytes(pages), flags: to === 'private' ? '0x8' : '0x0' });
    if (offset === 0 && pages > 0 && this.#carryOut(gpa, pages, to)) this.#kvm('reenter', { vcpu: 0, n: this.#exits, ns: 1, ret: 0 });
    else this.#stop();
  }

  /** The host asks for another size. */
  request(blocks: number, mark = `requested=${blocks}`): void {
    this.#requested = blocks;
    this.mark(mark);
  }

  plug(at: number, count: number): void {
    const block = this.#device();
    const [first, end] = [at * block.perBlock, (at + count) * block.perBlock];
    this.trace('virtio_mem_plug_request', `addr=${bytes(block.sections[0]!.gpa + first)} nb_blocks=${count}`);
    if (count === 0 || end > block.pages) return this.#respond(3);
    if (this.pluggedBlocks.length + count > this.#requested) return this.#respond(1);
    if (block.plugged.slice(first, end).some(Boolean)) return this.#respond(3);
    const told: NaiveDevice[] = [];
    for (const device of this.#devices.toReversed()) {
      told.push(device);
      if (this.#tellPlug(device, block, first, end)) continue;
      for (const each of told) this.#tellUnplug(each, block, first, end);
      this.#discardBoth(block, first, end);
      return this.#respond(2);
    }
    block.plugged.fill(true, first, end);
    this.#respond(0);
  }

  unplug(at: number, count: number): void {
    const block = this.#device();
    const [first, end] = [at * block.perBlock, (at + count) * block.perBlock];
    this.trace('virtio_mem_unplug_request', `addr=${bytes(block.sections[0]!.gpa + first)} nb_blocks=${count}`);
    if (count === 0 || end > block.pages || !block.plugged.slice(first, end).every(Boolean)) return this.#respond(3);
    if (!this.#discardBoth(block, first, end)) return this.#respond(2);
    for (const device of this.#devices.toReversed()) this.#tellUnplug(device, block, first, end);
    block.plugged.fill(false, first, end);
    this.#respond(0);
  }

  unplugAll(): void {
    this.trace('virtio_mem_unplug_all_request', '');
    this.#respond(this.#clear() ? 0 : 2);
  }

  /** Bitmaps and mappings stay, attributes turn private, virtio-mem unplugs all. */
  reset(): void {
    this.mark('system_reset');
    this.#kvm('create-vm', { type: 5, fd: 13 }, MAIN);
    for (const block of this.#blocks) this.#newGuestMemfd(block);
    for (const block of this.#blocks) this.#setSlots(block);
    this.#clear();
    this.#isStopped = false;
    this.write('qmp', 'event', { event: 'RESET', data: { guest: false } });
  }

  end(): void {
    this.write('qmp', 'event', { event: 'SHUTDOWN' });
  }

  mark(text: string): void {
    this.write('mark', text, {});
  }

  trace(ev: string, text: string): void {
    this.write('trace', ev, { text });
  }

  #carryOut(gpa: number, pages: number, to: 'shared' | 'private'): boolean {
    const found = this.#sectionsByAddress().find(({ section }) => section.gpa < gpa + pages && gpa < section.gpa + section.count);
    if (found === undefined) return to === 'shared';
    const { block, section } = found;
    if (!this.#kvmCall('attr', { gpa: bytes(gpa), size: bytes(pages), attr: to })) return false;
    const first = section.first + Math.max(0, gpa - section.gpa);
    const end = first + pages;
    if (end > block.pages) return false;
    if (!this.#changeState(block, first, end, to === 'shared')) return false;
    if (to === 'shared') return this.#punch(block, first, end, VCPU);
    return this.#discardShared(block, section.gpa + first - section.first, first, end, VCPU);
  }

  #changeState(block: Block, first: number, end: number, toShared: boolean): boolean {
    const was = block.shared.slice(first, end);
    if (was.every((shared) => shared === toShared)) return true;
    const single = was.flatMap((shared, at): [number, number][] => (shared === toShared ? [] : [[first + at, first + at + 1]]));
    const parts: [number, number][] = was.includes(toShared) ? single : [[first, end]];
    for (const [from, to] of parts) {
      block.shared.fill(toShared, from, to);
      if (!(toShared ? this.#populate(block, from, to) : this.#discard(block, from, to))) return false;
    }
    return true;
  }

  /** Who follows the block: newest device first, and of one device the section that was added last. */
  #listeners(block: Block): { device: NaiveDevice; section: NaiveSection }[] {
    const sections = block.sections.toSorted((a, b) => b.gpa - a.gpa);
    return this.#devices.toReversed().flatMap((device) => sections.map((section) => ({ device, section })));
  }

  #populate(block: Block, first: number, end: number): boolean {
    const told: { device: NaiveDevice; section: NaiveSection }[] = [];
    const runs = runsWhere(first, end, (page) => block.plugged[page]!);
    for (const listener of this.#listeners(block)) {
      told.push(listener);
      for (const [from, to] of runs) {
        if (this.#mapClipped(listener, block, from, to)) continue;
        for (const each of told) for (const [a, b] of runs) this.#unmapClipped(each, a, b);
        return false;
      }
    }
    return true;
  }

  #discard(block: Block, first: number, end: number): boolean {
    const runs = runsWhere(first, end, (page) => block.plugged[page]!);
    for (const listener of this.#listeners(block)) {
      for (const [from, to] of runs) this.#unmapClipped(listener, from, to);
    }
    return true;
  }

  #mapClipped({ device, section }: { device: NaiveDevice; section: NaiveSection }, block: Block, first: number, end: number): boolean {
    const [from, to] = [Math.max(first, section.first), Math.min(end, section.first + section.count)];
    return from >= to || this.#mapRun(device, section, block, from, to, true, VCPU);
  }

  #unmapClipped({ device, section }: { device: NaiveDevice; section: NaiveSection }, first: number, end: number): void {
    const [from, to] = [Math.max(first, section.first), Math.min(end, section.first + section.count)];
    if (from < to) this.#unmapPages(device, section.gpa + from - section.first, to - from, VCPU);
  }

  #tellPlug(device: NaiveDevice, block: Block, first: number, end: number): boolean {
    const [section] = block.sections;
    const runs = runsWhere(first, end, (page) => block.shared[page]!);
    return runs.every(([from, to]) => this.#mapRun(device, section!, block, from, to, true, MAIN));
  }

  #tellUnplug(device: NaiveDevice, block: Block, first: number, end: number): void {
    for (const [from, to] of runsWhere(first, end, (page) => block.shared[page]!)) {
      this.#unmapPages(device, block.sections[0]!.gpa + from, to - from, MAIN);
    }
  }

  /** A refused page takes the whole run back. */
  #mapRun(device: NaiveDevice, section: NaiveSection, block: Block, first: number, end: number, waits: boolean, tid: number): boolean {
    const gpa = section.gpa - section.first;
    for (let page = first; page < end; page += 1) {
      if (this.#mapPage(device, gpa + page, block.isFile ? page : 0, tid) || !waits) continue;
      this.#unmapPages(device, gpa + first, end - first, tid);
      return false;
    }
    return true;
  }

  #mapPage({ name, backend }: NaiveDevice, gpa: number, filePage: number, tid: number): boolean {
    const errno = this.#errno('map');
    const iova = bytes(gpa);
    if (backend === 'vfio-user') {
      const place = { flags: 3, offset: bytes(filePage), iova, size: bytes(1) };
      this.#server(name, 'DMA_MAP', { ...place, ...(errno === 0 ? {} : { injected: errno }) });
    } else this.#kvm('io-map', { ioas: Number(name.slice(4)), iova, len: bytes(1), flags: 7, err: errno }, tid);
    return errno === 0;
  }

  #unmapPages({ name, backend }: NaiveDevice, gpa: number, count: number, tid: number): void {
    const errno = this.#errno('unmap');
    const iova = bytes(gpa);
    if (backend === 'vfio-user') {
      const answer = errno === 0 ? { flags: 0, hit: 0, partial: 0 } : { injected: errno };
      this.#server(name, 'DMA_UNMAP', { iova, size: bytes(count), ...answer });
    } else this.#kvm('io-unmap', { ioas: Number(name.slice(4)), iova, len: bytes(count), unmapped: '0x0', areas: 0, err: errno }, tid);
  }

  #discardBoth(block: Block, first: number, end: number): boolean {
    const gpa = block.sections[0]!.gpa + first;
    return this.#discardShared(block, gpa, first, end, MAIN) && this.#punch(block, first, end, MAIN);
  }

  #discardShared(block: Block, gpa: number, first: number, end: number, tid: number): boolean {
    const size = bytes(end - first);
    if (block.isFile && !this.#kvmCall('punch', { what: 'memfd', id: 77, off: bytes(first), len: size }, tid)) return false;
    return this.#kvmCall('madvise', { adv: 'DONTNEED', gpa: bytes(gpa), len: size }, tid);
  }

  #punch(block: Block, first: number, end: number, tid: number): boolean {
    const place = { what: 'guest_memfd', id: block.guestMemfd, off: bytes(first), len: bytes(end - first) };
    return this.#kvmCall('punch', place, tid);
  }

  /** Unplug all; what a refused discard leaves is everything. */
  #clear(): boolean {
    const block = this.#blocks.find(({ perBlock }) => perBlock > 0);
    if (block?.plugged.some(Boolean) !== true) return true;
    const [section] = block.sections;
    if (!this.#discardBoth(block, 0, block.pages)) return false;
    for (const device of this.#devices.toReversed()) this.#unmapPages(device, section!.gpa, section!.count, MAIN);
    block.plugged.fill(false);
    return true;
  }

  #device(): Block {
    return this.#blocks.find(({ perBlock }) => perBlock > 0)!;
  }

  #respond(type: number): void {
    this.trace('virtio_mem_send_response', `type=${type}`);
  }

  #stop(): void {
    this.#isStopped = true;
    this.trace('runstate_set', 'current_run_state 9 (running) new_state 2 (internal-error)');
    this.write('qmp', 'event', { event: 'STOP' });
  }

  #realize(block: Block): void {
    if (block.perBlock > 0) {
      this.trace('ram_block_discard_shared_range', `@${hex(block.hva)} + ${bytes(block.pages)}: madvise: 1 fallocate: 0 ret: 0`);
      this.trace('virtio_mem_resized_usable_region', `old_size=0x0new_size=${bytes(block.pages)}`);
    }
    this.#setSlots(block);
  }

  #newGuestMemfd(block: Block): void {
    this.#guestMemfds += 1;
    block.guestMemfd = this.#guestMemfds;
    this.#kvm('guest_memfd', { id: block.guestMemfd, size: bytes(block.pages), flags: 0, fd: 20 }, MAIN);
  }

  #setSlots(block: Block): void {
    const before = this.#blocks.slice(0, this.#blocks.indexOf(block)).flatMap(({ sections }) => sections).length;
    for (const [at, { gpa, first, count }] of block.sections.entries()) {
      const place = { gpa: bytes(gpa), size: bytes(count), hva: hex(block.hva + first * PAGE) };
      this.#kvm('slot', { as: 0, slot: before + at, flags: 4, ...place, gmem: block.guestMemfd, gmem_off: bytes(first) }, MAIN);
      this.#kvm('attr', { gpa: bytes(gpa), size: bytes(count), attr: 'private', err: 0 }, MAIN);
    }
  }

  #sectionsByAddress(): { block: Block; section: NaiveSection }[] {
    const all = this.#blocks.flatMap((block) => block.sections.map((section) => ({ block, section })));
    return all.toSorted((a, b) => a.section.gpa - b.section.gpa);
  }

  #kvmCall(ev: 'attr' | 'punch' | 'madvise', fields: object, tid = VCPU): boolean {
    const err = this.#errno(ev);
    this.#kvm(ev, { ...fields, err }, tid);
    return err === 0;
  }

  #errno(kind: Refused): number {
    const refuse = this.#refuse;
    if (refuse?.kind !== kind) return 0;
    refuse.left -= 1;
    if (refuse.left > 0) return 0;
    this.#refuse = undefined;
    return refuse.errno;
  }

  #kvm(ev: string, fields: object, tid = VCPU): void {
    this.write('kvm', ev, { tid, ...fields });
  }

  #server(src: string, ev: string, fields: object): void {
    this.write(src, ev, fields);
  }

  /** Any line. */
  write(src: string, ev: string, fields: object): void {
    this.#us += 20;
    this.lines.push({ us: this.#us, src, ev, ...fields });
  }

  /** Time passes. */
  wait(us: number): void {
    this.#us += us;
  }
}
