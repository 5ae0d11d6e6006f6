// SPDX-License-Identifier: MIT
// A QEMU with one virtio-mem device and vfio-user devices, written down from the observed behaviour and from nothing of
// this repository. It writes what it does as a recording with answers in its marks. Sizes are in device blocks.

export const BLOCK = 2 ** 21;
const BASE = 2 ** 32;

interface Listener {
  readonly device: string;
  readonly slot: number;
}

export interface NaiveOptions {
  readonly blockCount: number;
  readonly requested: number;
  /** Dynamic memslots of so many blocks. */
  readonly blocksPerSlot?: number;
  readonly memory?: 'memfd' | 'ram';
}

const hex = (value: number): string => `0x${value.toString(16)}`;

export class NaiveVirtioMem {
  readonly lines: object[] = [];
  readonly #options: NaiveOptions;
  readonly #plugged: boolean[];
  readonly #slotBlocks: number;
  readonly #active = new Set<number>();
  /** Newest first. */
  #listeners: Listener[] = [];
  #devices: string[] = [];
  #requested: number;
  #usable: number;
  #op = 0;
  /** The n-th map from now on is refused. */
  #failAt = 0;

  constructor(options: NaiveOptions) {
    this.#options = options;
    this.#plugged = Array.from({ length: options.blockCount }, () => false);
    this.#slotBlocks = options.blocksPerSlot ?? options.blockCount;
    this.#requested = options.requested;
    this.#usable = this.#target();
    if (options.blocksPerSlot === undefined) this.#active.add(0);
  }

  get text(): string {
    return `${this.lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
  }

  get devices(): readonly string[] {
    return this.#devices;
  }

  /** Maximal runs of plugged blocks, as first and count. */
  get pluggedRuns(): [number, number][] {
    const runs: [number, number][] = [];
    for (const [at, plugged] of this.#plugged.entries()) {
      if (!plugged) continue;
      if (this.#plugged[at - 1] === true) runs.at(-1)![1] += 1;
      else runs.push([at, 1]);
    }
    return runs;
  }

  start(devices: readonly string[]): void {
    for (const device of devices) this.#attach(device);
    const { blockCount, blocksPerSlot, memory = 'memfd' } = this.#options;
    const region = blockCount * BLOCK;
    const backend = `-object memory-backend-${memory},share=on,id=vm0,size=${region}`;
    const dynamic = blocksPerSlot === undefined ? '' : ',dynamic-memslots=on';
    const device = `-device virtio-mem-pci,id=vmem0,memdev=vm0,block-size=${BLOCK},requested-size=${this.#requested * BLOCK},addr=5${dynamic}`;
    this.#write('qemu', 'ready', { cmd: `-machine pc -m 64M,maxmem=64G,slots=4 ${backend} ${device}` });
  }

  failAt(count: number): void {
    this.#failAt = count;
  }

  plug(first: number, count: number): void {
    const answer = this.#refusal(first, count, true) ?? (this.#carryOutPlug(first, count) ? 'ACK' : 'BUSY');
    this.#mark(`PLUG ${first}+${count}`, answer);
  }

  unplug(first: number, count: number): void {
    const refusal = this.#refusal(first, count, false);
    if (refusal === undefined) {
      for (const listener of this.#listeners) this.#unmap(listener, first, first + count);
      this.#plugged.fill(false, first, first + count);
      this.#deactivate(first, first + count);
    }
    this.#mark(`UNPLUG ${first}+${count}`, refusal ?? 'ACK');
  }

  unplugAll(): void {
    this.#clear();
    this.#mark('UNPLUG_ALL', 'ACK');
  }

  reset(): void {
    this.#clear();
    this.#mark('system_reset', '-');
  }

  request(blocks: number): void {
    this.#requested = blocks;
    this.#usable = Math.max(this.#usable, this.#target());
    this.#mark(`requested=${blocks}`, '-');
  }

  add(device: string): void {
    this.#attach(device);
    this.#mark(`device_add ${device}`, '-');
  }

  remove(device: string): void {
    this.#write(device, 'DMA_UNMAP', { flags: 0, iova: '0x0', size: '0x4000000', hit: 1, partial: 0 });
    for (const slot of this.#sorted()) this.#unmapSlot({ device, slot });
    this.#listeners = this.#listeners.filter((listener) => listener.device !== device);
    this.#devices = this.#devices.filter((name) => name !== device);
    this.#write(device, 'disconnect', { sid: 1, mapsLeft: 0 });
    this.#mark(`device_del ${device}`, '-');
  }

  #carryOutPlug(first: number, count: number): boolean {
    this.#activate(first, first + count);
    const told: Listener[] = [];
    for (const listener of this.#listeners) {
      told.push(listener);
      if (this.#mapBlocks(listener, first, first + count, true)) continue;
      this.#unmap(listener, first, first + count);
      for (const each of told) this.#unmap(each, first, first + count);
      this.#deactivate(first, first + count);
      return false;
    }
    this.#plugged.fill(true, first, first + count);
    return true;
  }

  #refusal(first: number, count: number, isPlug: boolean): string | undefined {
    if (count === 0 || first + count > this.#usable) return 'ERROR';
    if (isPlug && this.#plugged.filter(Boolean).length + count > this.#requested) return 'NACK';
    return this.#plugged.slice(first, first + count).some((plugged) => plugged === isPlug) ? 'ERROR' : undefined;
  }

  #clear(): void {
    if (this.#plugged.some(Boolean)) {
      for (const listener of this.#listeners) this.#unmapSlot(listener);
      this.#plugged.fill(false);
      this.#deactivate(0, this.#options.blockCount);
    }
    this.#usable = this.#target();
  }

  #target(): number {
    if (this.#requested === 0) return 0;
    return Math.min(this.#options.blockCount, this.#requested + 2 ** 28 / BLOCK);
  }

  #attach(device: string): void {
    this.#write(device, 'connect', { sid: 1 });
    this.#write(device, 'DMA_MAP', { flags: 3, offset: '0x0', iova: '0x0', size: '0x4000000' });
    this.#devices.push(device);
    for (const slot of this.#sorted()) {
      this.#listeners.unshift({ device, slot });
      for (const [block, plugged] of this.#plugged.entries()) {
        if (plugged) this.#mapBlocks({ device, slot }, block, block + 1, false);
      }
    }
    this.#write(device, 'GET_INFO', {});
  }

  #sorted(): number[] {
    return [...this.#active].toSorted((a, b) => a - b);
  }

  #slotsOf(first: number, end: number): number[] {
    const firstSlot = Math.floor(first / this.#slotBlocks);
    return Array.from({ length: Math.ceil(end / this.#slotBlocks) - firstSlot }, (_, at) => firstSlot + at);
  }

  #activate(first: number, end: number): void {
    for (const slot of this.#slotsOf(first, end)) {
      if (this.#active.has(slot)) continue;
      this.#active.add(slot);
      for (const device of this.#devices) this.#listeners.unshift({ device, slot });
    }
  }

  #deactivate(first: number, end: number): void {
    if (this.#options.blocksPerSlot === undefined) return;
    for (const slot of this.#slotsOf(first, end)) {
      const [from, to] = this.#window(slot);
      if (!this.#active.has(slot) || this.#plugged.slice(from, to).some(Boolean)) continue;
      for (const device of this.#devices.toReversed()) this.#unmapSlot({ device, slot });
      this.#listeners = this.#listeners.filter((listener) => listener.slot !== slot);
      this.#active.delete(slot);
    }
  }

  #window(slot: number): [number, number] {
    return [slot * this.#slotBlocks, Math.min((slot + 1) * this.#slotBlocks, this.#options.blockCount)];
  }

  #mapBlocks({ device, slot }: Listener, first: number, end: number, waits: boolean): boolean {
    const [from, to] = this.#window(slot);
    for (let block = Math.max(first, from); block < Math.min(end, to); block += 1) {
      const isRefused = this.#failAt > 0 && (this.#failAt -= 1) === 0;
      const offset = this.#options.memory === 'ram' ? '0x0' : hex(block * BLOCK);
      const place = { flags: 3, offset, iova: hex(BASE + block * BLOCK), size: hex(BLOCK) };
      this.#write(device, 'DMA_MAP', { ...place, ...(isRefused ? { injected: 12 } : {}) });
      if (isRefused && waits) return false;
    }
    return true;
  }

  #unmap({ device, slot }: Listener, first: number, end: number): void {
    const [from, to] = this.#window(slot);
    const [start, stop] = [Math.max(first, from), Math.min(end, to)];
    if (start >= stop) return;
    const place = { iova: hex(BASE + start * BLOCK), size: hex((stop - start) * BLOCK) };
    this.#write(device, 'DMA_UNMAP', { flags: 0, ...place, hit: 0, partial: 0 });
  }

  #unmapSlot(listener: Listener): void {
    this.#unmap(listener, ...this.#window(listener.slot));
  }

  #mark(what: string, resp: string): void {
    this.#write('mark', `op ${this.#op} ${what}`, { resp, ok: true });
    this.#op += 1;
  }

  #write(src: string, ev: string, fields: object): void {
    this.lines.push({ n: this.lines.length, us: this.lines.length * 100, src, ev, ...fields });
  }
}
