// SPDX-License-Identifier: MIT
// Recordings of a real QEMU with one thing changed: the check must say so. Changes of what is left out may pass, and
// are then counted as left out.
import { describe, expect, it } from 'vitest';
import { checkQemuRecording, type QemuRecordingReport } from '../src/index.ts';
import { NaiveTdx } from './support/naive-tdx.ts';
import { NaiveVirtioMem } from './support/naive-virtio-mem.ts';
import { COMPARED, type Line, readLines, toText } from './support/recordings.ts';

const EFFECT = /^(?:DMA_MAP|DMA_UNMAP|attr|punch|madvise|io-map|io-unmap)$/;
const small = COMPARED.filter((name) => !/random|basic/.test(name));

const check = (lines: readonly Line[]): QemuRecordingReport => checkQemuRecording(toText(lines));
const leftOut = (report: QemuRecordingReport): number => Object.values(report.leftOut).reduce((sum, count) => sum + count, 0);
const isEffect = ({ ev }: Line): boolean => EFFECT.test(String(ev));

/** Indexes of effects that the check compares; of the long recording a few. */
function compared(lines: readonly Line[]): number[] {
  const whole = leftOut(check(lines));
  const candidates = lines.flatMap((line, at) => (isEffect(line) ? [at] : []));
  const some = candidates.length > 1000 ? candidates.filter((_, at) => at % 601 === 0) : candidates;
  return some.filter((at) => leftOut(check(lines.toSpliced(at, 1))) === whole);
}

/** Lines with the first line that fits replaced. */
function altered(name: string, fits: (line: Line, at: number, lines: Line[]) => boolean, change: (line: Line) => Line): Line[] {
  const lines = readLines(name);
  const at = lines.findIndex(fits);
  expect(at).toBeGreaterThan(0);
  return lines.with(at, change(lines[at]!));
}

describe.each([...small, 'qemu/random-7.jsonl.gz'])('%s', (name) => {
  const lines = readLines(name);
  const places = compared(lines);

  it('an effect that is missing is reported, whichever it is', () => {
    expect(places.length).toBeGreaterThan(5);
    for (const at of places) expect([at, check(lines.toSpliced(at, 1)).mismatches > 0]).toEqual([at, true]);
  });

  it('an effect that is there twice is reported, whichever it is', () => {
    // Behind a vIOMMU a second unmap of the last section may be the vIOMMU's own.
    const last = lines.findIndex(({ ev }) => ev === 'vfio_listener_region_add_iommu') - 1;
    for (const at of places.filter((place) => place !== last)) expect([at, check(lines.toSpliced(at, 0, lines[at]!)).mismatches > 0]).toEqual([at, true]);
  });

  it('an address that is another one is reported, whichever it is', () => {
    for (const at of places) {
      const line = lines[at]!;
      const field = ['iova', 'gpa', 'off'].find((each) => each in line)!;
      const moved = `0x${(BigInt(line[field] as string) + 0x1000n).toString(16)}`;
      expect([at, check(lines.with(at, { ...line, [field]: moved })).mismatches > 0]).toEqual([at, true]);
    }
  });
});

describe('one change in a recording', () => {
  const RANDOM = 'qemu/random-7.jsonl.gz';
  const OLD = 'qemu-confidential/fail-old-3rd.jsonl.gz';
  const VMEM = 'qemu-confidential/vmem.jsonl.gz';
  const isMark = (resp: string) => (line: Line): boolean => line.resp === resp;

  it.each<[string, string, (line: Line, at: number, lines: Line[]) => boolean, (line: Line) => Line]>([
    ['an ACK that was BUSY', RANDOM, isMark('ACK'), (line) => ({ ...line, resp: 'BUSY' })],
    ['a NACK that was ERROR', RANDOM, isMark('NACK'), (line) => ({ ...line, resp: 'ERROR' })],
    ['an ERROR that was NACK', RANDOM, isMark('ERROR'), (line) => ({ ...line, resp: 'NACK' })],
    ['a refusal that was none', RANDOM, (line) => 'injected' in line, (line) => ({ ...line, injected: 0 })],
    ['a map without write rights', RANDOM, ({ iova, ev }) => ev === 'DMA_MAP' && String(iova).length > 10, (line) => ({ ...line, flags: 1 })],
    ['another offset in the file', RANDOM, ({ offset }) => offset === '0x4e00000', (line) => ({ ...line, offset: '0x0' })],
    ['a map that covers two blocks', RANDOM, ({ size, ev }) => ev === 'DMA_MAP' && size === '0x200000', (line) => ({ ...line, size: '0x400000' })],
    ['another device', RANDOM, ({ src, iova }) => src === 'vu1' && String(iova).length > 10, (line) => ({ ...line, src: 'vu0' })],
    ['another request', RANDOM, ({ ev }) => / PLUG /.test(String(ev)), (line) => ({ ...line, ev: String(line.ev).replace('PLUG', 'UNPLUG') })],
    ['a device that never came', RANDOM, ({ ev }) => / device_add /.test(String(ev)), (line) => ({ ...line, ev: 'op 1 requested=50' })],
    ['attributes of the other side', OLD, ({ ev, attr }) => ev === 'attr' && attr === 'shared', (line) => ({ ...line, attr: 'private' })],
    ['a refusal in the middle', OLD, ({ ev }) => ev === 'DMA_MAP', (line) => ({ ...line, injected: 12 })],
    ['a discard of another guest_memfd', OLD, ({ ev }) => ev === 'punch', (line) => ({ ...line, id: 9 })],
    ['an answer where the VM stopped', OLD, ({ text }) => /internal-error/.test(String(text)), () => ({ src: 'kvm', ev: 'reenter', vcpu: 0, n: 1, ret: 0 })],
    ['an answer that is no 0', VMEM, ({ ev }) => ev === 'reenter', (line) => ({ ...line, ret: -22 })],
    ['a device that answers otherwise', VMEM, ({ ev }) => ev === 'virtio_mem_send_response', (line) => ({ ...line, text: 'type=3' })],
    ['a request for other pages', VMEM, ({ ev }) => ev === 'exit-map', (line) => ({ ...line, pages: 5 })],
    ['a request for the other side', VMEM, ({ ev }) => ev === 'exit-map', (line) => ({ ...line, attr: '0x10' })],
  ])('%s is reported', (_, name, fits, change) => {
    expect(check(altered(name, fits, change)).mismatches).toBeGreaterThan(0);
  });

  it('two messages that changed places are reported, whichever they are', () => {
    const lines = readLines(OLD);
    const places = compared(lines).filter((at) => isEffect(lines[at + 2] ?? {}) && lines[at + 1]!.src === 'trace');
    expect(places.length).toBeGreaterThan(10);
    for (const at of places) {
      const swapped = lines.with(at, lines[at + 2]!).with(at + 2, lines[at]!);
      expect([at, check(swapped).mismatches > 0]).toEqual([at, true]);
    }
  });

  it('a message between requests that nothing explains is reported, with its line', () => {
    const lines = readLines('qemu-confidential/basic.jsonl.gz');
    const at = lines.findIndex(({ ev }) => ev === 'reenter') + 1;
    const stray = { src: 'vu0', ev: 'DMA_UNMAP', flags: 0, iova: '0x1000000', size: '0x1000' };
    const { mismatches, first } = check(lines.toSpliced(at, 0, stray));
    expect(mismatches).toBe(1);
    expect(first[0]).toEqual({
      line: at + 1,
      request: 'between requests',
      expected: 'vu0 DMA_UNMAP iova 0x1000000 size 0x1000 flags 0',
      got: 'nothing',
    });
  });

  it('an unmap behind a vIOMMU is reported: the device has no listener there', () => {
    const lines = readLines('qemu-confidential/viommu.jsonl.gz');
    const last = lines.findLastIndex(({ ev, attr }) => ev === 'attr' && attr === 'private');
    const stray = { src: 'vu0', ev: 'DMA_UNMAP', flags: 0, iova: '0x1001000', size: '0x1000' };
    expect(check(lines.toSpliced(last + 1, 0, stray)).mismatches).toBe(1);
  });

  it('names what QEMU did and what the model does', () => {
    const lines = readLines(OLD);
    const at = lines.findIndex(({ ev, iova }) => ev === 'DMA_MAP' && iova === '0x1001000');
    const { first } = check(lines.toSpliced(at, 1));
    expect(first[0]).toEqual({
      line: lines.slice(at + 1).findIndex(isEffect) + at + 1,
      request: 'exit-map gpa 0x1000000 size 0x4000 to shared',
      expected: 'vu1 DMA_MAP iova 0x1002000 size 0x1000 flags 3 offset 0x0',
      got: 'vu1 DMA_MAP iova 0x1001000 size 0x1000 flags 3 offset 0x0',
    });
  });
});

describe('a device that goes without its unmaps', () => {
  const RANDOM = readLines('qemu/random-7.jsonl.gz');
  const isRegion = ({ ev, iova, size }: Line): boolean => ev === 'DMA_UNMAP' && iova === '0x100000000' && size === '0x8000000';
  const deletions = RANDOM.flatMap(({ ev }, at) => (/ device_del /.test(String(ev)) ? [at] : []));

  it('is reported at each device_del of a stream with answers', () => {
    expect(deletions).toHaveLength(106);
    const unmaps = deletions.map((at) => {
      const name = String(RANDOM[at]!.ev).split(' ').at(-1);
      return RANDOM.findLastIndex((line, before) => before < at && line.src === name && isRegion(line));
    });
    const { mismatches, first } = check(RANDOM.filter((_, at) => !unmaps.includes(at)));
    expect(mismatches).toBe(106);
    expect(first[0]).toMatchObject({ request: 'op 4 device_del vu0', expected: 'nothing more' });
    expect(first[0]!.got).toBe('vu0 DMA_UNMAP iova 0x100000000 size 0x8000000 flags 0');
  });

  const gone = { event: 'DEVICE_DELETED', data: { device: 'vu0' } };
  it.each<[string, (qemu: NaiveTdx) => void]>([
    ['a mark tells of', (qemu) => {
      qemu.mark('device_del vu0');
      qemu.write('vu0', 'disconnect', { sid: 1 });
    }],
    ['an event follows', (qemu) => {
      qemu.write('vu0', 'disconnect', { sid: 1 });
      qemu.write('qmp', 'event', gone);
    }],
    ['an event tells of first', (qemu) => {
      qemu.write('qmp', 'event', gone);
      qemu.write('vu0', 'disconnect', { sid: 1 });
    }],
  ])('is reported of a confidential guest where %s', (_, go) => {
    const qemu = new NaiveTdx([{ name: 'ram', pages: 16, sections: [{ gpa: 0, first: 0, count: 16 }] }]);
    qemu.start([{ name: 'vu0', backend: 'vfio-user' }]);
    qemu.convert(1, 2, 'shared');
    const before = qemu.lines.length;
    go(qemu);
    qemu.write('kvm', 'exit-map', { tid: 2, vcpu: 0, n: 99, gpa: '0x100000', pages: 1, attr: '0x0' });
    qemu.write('kvm', 'reenter', { tid: 2, vcpu: 0, n: 99, ret: 0 });
    const report = check(qemu.lines);
    expect(report).toMatchObject({ mismatches: 1, asked: { device_del: 1 } });
    expect(report.first[0]!.got).toBe('vu0 DMA_UNMAP iova 0x0 size 0x10000 flags 0');
    const unmap = { us: 20 * before, src: 'vu0', ev: 'DMA_UNMAP', flags: 0, iova: '0x0', size: '0x10000' };
    const at = qemu.lines.findIndex((line, index) => index >= before && line.src !== 'mark');
    expect(check(qemu.lines.toSpliced(at, 0, unmap))).toMatchObject({ mismatches: 0, asked: { device_del: 1 } });
  });
});

describe('one change before the guest runs', () => {
  const RESET = 'qemu-confidential/reset-system_reset.jsonl.gz';
  const isStart = ({ ev, gpa }: Line): boolean => ev === 'attr' && gpa === '0xffff0000';
  const isMeasured = ({ ev, gpa }: Line): boolean => ev === 'madvise' && gpa === '0xffff0000';
  it.each<[string, (line: Line) => boolean, (line: Line) => Line[]]>([
    ['attributes of the other side', isStart, (line) => [{ ...line, attr: 'shared' }]],
    ['attributes elsewhere', isStart, (line) => [{ ...line, gpa: '0xfffe0000' }]],
    ['attributes of a part', isStart, (line) => [{ ...line, size: '0xf000' }]],
    ['a slot without attributes', isStart, () => []],
    ['attributes set twice', isStart, (line) => [line, line]],
    ['measured firmware elsewhere', isMeasured, (line) => [{ ...line, gpa: '0xfffe0000' }]],
    ['measured firmware in part', isMeasured, (line) => [{ ...line, len: '0xf000' }]],
  ])('%s: reported', (_, fits, change) => {
    const lines = readLines(RESET);
    const at = lines.findIndex(fits);
    expect(check(lines.toSpliced(at, 1, ...change(lines[at]!))).mismatches).toBeGreaterThan(0);
  });

  it('measured firmware elsewhere after a reset is reported', () => {
    const lines = readLines(RESET);
    const at = lines.findLastIndex(isMeasured);
    expect(at).toBeGreaterThan(lines.findIndex(isMeasured));
    expect(check(lines.with(at, { ...lines[at], len: '0xf000' })).mismatches).toBeGreaterThan(0);
  });
});

describe('streams with answers', () => {
  it.each(['op 5 plug 1+2', 'op 5 UNPLUG 1', 'op 5 migrate'])('the mark %s is no request that is known, and is reported', (ev) => {
    const qemu = new NaiveVirtioMem({ blockCount: 64, requested: 40 });
    qemu.start([]);
    qemu.plug(1, 2);
    const report = check([...(qemu.lines as Line[]), { src: 'mark', ev, resp: 'ACK' }]);
    expect(report).toMatchObject({ requests: 1, mismatches: 1 });
    expect(report.first[0]).toMatchObject({ request: ev, expected: 'answer ACK' });
  });

  /** The same with a stand-in iommufd: each server is an IOAS. */
  function withIommufd(lines: readonly Line[]): Line[] {
    const ids = new Map([['vu0', 1], ['vu1', 2]]);
    return lines.flatMap((line): Line[] => {
      const ioas = ids.get(String(line.src));
      const { us, iova, size } = line;
      if ('cmd' in line) return [{ ...line, cmd: `${String(line.cmd)} -device vfio-pci,id=vu0,iommufd=fd0` }];
      if (ioas === undefined) return [line];
      if (line.ev === 'connect') return [{ us, src: 'kvm', ev: 'ioas', id: ioas }];
      if (line.ev === 'DMA_MAP') return [{ us, src: 'kvm', ev: 'io-map', ioas, iova, len: size, flags: 7, err: line.injected ?? 0 }];
      return line.ev === 'DMA_UNMAP' ? [{ us, src: 'kvm', ev: 'io-unmap', ioas, iova, len: size, err: 0 }] : [];
    });
  }

  function iommufdStream(): Line[] {
    const qemu = new NaiveVirtioMem({ blockCount: 64, requested: 40 });
    qemu.start(['vu0']);
    qemu.plug(1, 2);
    qemu.add('vu1');
    qemu.failAt(3);
    qemu.plug(5, 4);
    qemu.unplug(1, 1);
    qemu.remove('vu0');
    qemu.plug(8, 1);
    qemu.remove('vu1');
    return withIommufd(qemu.lines as Line[]);
  }

  it('an iommufd is compared as servers are', () => {
    const lines = iommufdStream();
    expect(check(lines)).toMatchObject({ mismatches: 0, requests: 7, asked: { device_add: 1, device_del: 2 } });
    const places = compared(lines);
    expect(places.length).toBeGreaterThan(10);
    for (const at of places) expect([at, check(lines.toSpliced(at, 1)).mismatches > 0]).toEqual([at, true]);
  });

  it('a device that joins an IOAS maps nothing, and unmaps nothing while the other is there', () => {
    const lines = iommufdStream();
    const at = lines.findIndex(({ ev }) => / device_add vu1/.test(String(ev)));
    const joins = { src: 'mark', ev: 'op 90 device_add vu2', resp: '-' };
    const leaves = { src: 'mark', ev: 'op 91 device_del vu2', resp: '-' };
    const report = check(lines.toSpliced(at + 1, 0, joins, leaves));
    expect(report).toMatchObject({ mismatches: 0, requests: 9 });
  });
});
