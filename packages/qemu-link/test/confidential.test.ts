// SPDX-License-Identifier: MIT
// What happens to a confidential guest beside plain conversions: odd ranges, servers that do not answer, devices that
// share an IOAS, are refused or race, a vIOMMU, sizes nobody wrote down. Facts observed on QEMU 11.1.3 where not said.
import { describe, expect, it } from 'vitest';
import { checkQemuRecording, type QemuRecordingReport } from '../src/index.ts';
import { type NaiveDevice, NaiveTdx } from './support/naive-tdx.ts';

const RAM = { name: 'ram', pages: 32, sections: [{ gpa: 0, first: 0, count: 24 }, { gpa: 64, first: 24, count: 8 }] };
const FIRMWARE = { name: 'firmware', pages: 4, sections: [{ gpa: 50, first: 0, count: 4 }] };
const VMEM = { name: 'vmem', pages: 2048, sections: [{ gpa: 2 ** 20, first: 0, count: 2048 }], perBlock: 512 };
const VU0: NaiveDevice = { name: 'vu0', backend: 'vfio-user' };
const VU1: NaiveDevice = { name: 'vu1', backend: 'vfio-user' };
const IOAS1: NaiveDevice = { name: 'ioas1', backend: 'iommufd' };

function started(devices: readonly NaiveDevice[] = [VU0], layout = [RAM, FIRMWARE]): NaiveTdx {
  const qemu = new NaiveTdx(layout);
  qemu.start(devices);
  return qemu;
}

function check(qemu: NaiveTdx): QemuRecordingReport {
  const report = checkQemuRecording(qemu.text);
  expect(report.first).toEqual([]);
  return report;
}

/** Messages of the recording, as `device what page+count`. */
function messages(qemu: NaiveTdx): string[] {
  return qemu.lines.flatMap(({ src, ev, iova, size }) => {
    if (typeof iova !== 'string' || typeof size !== 'string') return [];
    return [`${String(src)} ${String(ev)} ${Number(iova) / 4096}+${Number(size) / 4096}`];
  });
}

const exit = (qemu: NaiveTdx, n: number, fields: object): void => qemu.write('kvm', 'exit-map', { tid: 2, vcpu: 0, n, ...fields });
const attributes = (qemu: NaiveTdx, gpa: string, size: string, attr: string): void => qemu.write('kvm', 'attr', { tid: 2, gpa, size, attr, err: 0 });
const map = (qemu: NaiveTdx, src: string, iova: string): void => {
  qemu.write(src, 'DMA_MAP', { flags: 3, offset: '0x0', iova, size: '0x1000' });
};
const unmap = (qemu: NaiveTdx, src: string, iova: string, size: string): void => qemu.write(src, 'DMA_UNMAP', { flags: 0, iova, size });
const stopped = (qemu: NaiveTdx): void => qemu.trace('runstate_set', 'current_run_state 9 (running) new_state 2 (internal-error)');

describe('odd ranges', () => {
  it('a request over the end of the low RAM goes on in the block, not in the address space', () => {
    const qemu = started();
    qemu.convert(23, 2, 'shared');
    expect(messages(qemu)).toEqual(['vu0 DMA_MAP 64+1', 'vu0 DMA_MAP 23+1']);
    expect(check(qemu)).toMatchObject({ requests: 1, messages: 4 });
  });

  it('a request that begins in the hole below the firmware is shifted', () => {
    const qemu = started();
    qemu.convert(49, 2, 'shared');
    expect(messages(qemu)).toEqual(['vu0 DMA_MAP 50+1', 'vu0 DMA_MAP 51+1']);
    check(qemu);
  });

  it.each<[string, (qemu: NaiveTdx) => void, boolean]>([
    ['past the end of the block, after the attributes were set', (qemu) => qemu.convert(53, 2, 'shared'), true],
    ['a hole to private', (qemu) => qemu.convert(30, 2, 'private'), true],
    ['a hole to shared', (qemu) => qemu.convert(30, 2, 'shared'), false],
    ['unaligned', (qemu) => qemu.convert(1, 1, 'shared', 'map', 0x800), true],
    ['of no page', (qemu) => qemu.convert(1, 0, 'shared'), true],
  ])('%s', (_, ask, stops) => {
    const qemu = started();
    ask(qemu);
    expect(qemu.isStopped).toBe(stops);
    expect(messages(qemu)).toEqual([]);
    expect(check(qemu).asked).toEqual({ conversion: 1 });
  });

  it('flags that QEMU does not know, and other hypercalls, stop the VM', () => {
    const qemu = started();
    qemu.write('kvm', 'exit-fault', { tid: 2, vcpu: 0, n: 1, gpa: '0x1000', size: '0x1000', flags: '0x10' });
    stopped(qemu);
    qemu.reset();
    qemu.write('kvm', 'exit-hc', { tid: 2, vcpu: 0, n: 2, nr: 99 });
    stopped(qemu);
    expect(check(qemu).asked).toEqual({ conversion: 2, reset: 1 });
  });

  it('MMIO below the RAM that a request reaches answers as a hole does', () => {
    const qemu = started();
    qemu.trace('vfio_listener_region_skip', 'SKIPPING region_add 0x30000 - 0x303ff');
    exit(qemu, 1, { gpa: '0x2f000', pages: 8, attr: '0x0' });
    qemu.write('kvm', 'reenter', { tid: 2, vcpu: 0, n: 1, ret: 0 });
    exit(qemu, 2, { gpa: '0x30000', pages: 8, attr: '0x10' });
    stopped(qemu);
    expect(check(qemu).messages).toBe(0);
  });
});

describe('servers that do not answer', () => {
  it('a map without an answer in time is a refused one, and so are the unmaps that follow, unheard', () => {
    const qemu = started([VU0, VU1]);
    exit(qemu, 1, { gpa: '0x1000', pages: 2, attr: '0x0' });
    attributes(qemu, '0x1000', '0x2000', 'shared');
    map(qemu, 'vu1', '0x1000');
    map(qemu, 'vu1', '0x2000');
    map(qemu, 'vu0', '0x1000');
    for (const src of ['vu0', 'vu1', 'vu0']) {
      qemu.wait(200_000);
      unmap(qemu, src, '0x1000', '0x2000');
    }
    qemu.wait(200_000);
    stopped(qemu);
    expect(check(qemu).messages).toBe(7);
  });

  it('a slow server that answers is no refusal', () => {
    const qemu = started();
    exit(qemu, 1, { gpa: '0x1000', pages: 2, attr: '0x0' });
    attributes(qemu, '0x1000', '0x2000', 'shared');
    for (const iova of ['0x1000', '0x2000']) {
      map(qemu, 'vu0', iova);
      qemu.wait(300_000);
    }
    qemu.write('kvm', 'punch', { tid: 2, what: 'guest_memfd', id: 1, off: '0x1000', len: '0x2000', err: 0 });
    qemu.write('kvm', 'reenter', { tid: 2, vcpu: 0, n: 1, ret: 0 });
    expect(check(qemu).messages).toBe(4);
  });

  it('without silence, the same messages are a difference', () => {
    const qemu = started();
    exit(qemu, 1, { gpa: '0x1000', pages: 1, attr: '0x0' });
    attributes(qemu, '0x1000', '0x1000', 'shared');
    map(qemu, 'vu0', '0x1000');
    unmap(qemu, 'vu0', '0x1000', '0x1000');
    unmap(qemu, 'vu0', '0x1000', '0x1000');
    stopped(qemu);
    expect(checkQemuRecording(qemu.text).mismatches).toBe(1);
  });

  it.each<[string, (qemu: NaiveTdx) => void]>([
    ['its end is recorded', (qemu) => qemu.write('vu0', 'disconnect', { sid: 1 })],
    ['QEMU says so', (qemu) => qemu.write('qemu', 'stderr', { text: 'vfio_user_recv_one: server disconnected' })],
  ])('a server that is gone hears nothing: to private goes on, to shared stops (%s)', (_, end) => {
    const qemu = started();
    qemu.convert(1, 1, 'shared');
    end(qemu);
    exit(qemu, 2, { gpa: '0x1000', pages: 1, attr: '0x10' });
    attributes(qemu, '0x1000', '0x1000', 'private');
    qemu.write('kvm', 'madvise', { tid: 2, adv: 'DONTNEED', gpa: '0x1000', len: '0x1000', err: 0 });
    qemu.write('kvm', 'reenter', { tid: 2, vcpu: 0, n: 2, ret: 0 });
    exit(qemu, 3, { gpa: '0x1000', pages: 1, attr: '0x0' });
    attributes(qemu, '0x1000', '0x1000', 'shared');
    stopped(qemu);
    expect(check(qemu).asked.conversion).toBe(3);
  });

  it('a server that dies with a map in its hands refused it', () => {
    const qemu = started();
    exit(qemu, 1, { gpa: '0x1000', pages: 1, attr: '0x0' });
    attributes(qemu, '0x1000', '0x1000', 'shared');
    map(qemu, 'vu0', '0x1000');
    qemu.write('vu0', 'disconnect', { sid: 1 });
    stopped(qemu);
    expect(check(qemu).messages).toBe(2);
  });

  it('a recorder may write less of a message that was refused, and name the errno', () => {
    const qemu = started();
    exit(qemu, 1, { gpa: '0x1000', pages: 1, attr: '0x0' });
    attributes(qemu, '0x1000', '0x1000', 'shared');
    qemu.write('vu0', 'DMA_MAP', { iova: '0x1000', size: '0x1000', errno: 'EEXIST' });
    for (let count = 0; count < 2; count += 1) unmap(qemu, 'vu0', '0x1000', '0x1000');
    stopped(qemu);
    expect(check(qemu).messages).toBe(4);
  });
});

describe('devices', () => {
  it('a second device of an IOAS maps nothing; another IOAS gets everything', () => {
    const qemu = started([]);
    qemu.convert(1, 2, 'shared');
    qemu.attach(IOAS1);
    qemu.write('kvm', 'bind', { tid: 1, dev: 2 });
    qemu.write('kvm', 'attach', { tid: 1, dev: 2, pt: 102 });
    qemu.attach({ name: 'ioas2', backend: 'iommufd' });
    qemu.convert(5, 1, 'shared');
    qemu.detach(IOAS1);
    expect(check(qemu).asked).toEqual({ conversion: 2, device_add: 3, device_del: 1 });
  });

  it('a device that QEMU refuses gets everything and loses it again', () => {
    const qemu = started([]);
    qemu.convert(1, 2, 'shared');
    qemu.write('vu0', 'connect', { sid: 1 });
    for (const iova of ['0x1000', '0x2000']) map(qemu, 'vu0', iova);
    for (const [first, size] of [['0x0', '0x18000'], ['0x32000', '0x4000'], ['0x40000', '0x8000']] as const) unmap(qemu, 'vu0', first, size);
    qemu.write('vu0', 'disconnect', { sid: 1 });
    qemu.convert(5, 1, 'shared');
    expect(check(qemu)).toMatchObject({ asked: { conversion: 2, device_add: 1 }, messages: 9 });
  });

  it('a device that comes during a conversion is left out as a race; the conversion is not', () => {
    const qemu = started();
    qemu.convert(1, 1, 'shared');
    exit(qemu, 2, { gpa: '0x5000', pages: 1, attr: '0x0' });
    qemu.write('vu1', 'connect', { sid: 1 });
    attributes(qemu, '0x5000', '0x1000', 'shared');
    for (const iova of ['0x1000', '0x5000', '0x5000']) map(qemu, 'vu1', iova);
    map(qemu, 'vu0', '0x5000');
    qemu.write('kvm', 'punch', { tid: 2, what: 'guest_memfd', id: 1, off: '0x5000', len: '0x1000', err: 0 });
    qemu.write('kvm', 'reenter', { tid: 2, vcpu: 0, n: 2, ret: 0 });
    qemu.write('vu1', 'GET_INFO', {});
    exit(qemu, 3, { gpa: '0x7000', pages: 1, attr: '0x0' });
    attributes(qemu, '0x7000', '0x1000', 'shared');
    map(qemu, 'vu1', '0x7000');
    map(qemu, 'vu0', '0x7000');
    qemu.write('kvm', 'punch', { tid: 2, what: 'guest_memfd', id: 1, off: '0x7000', len: '0x1000', err: 0 });
    qemu.write('kvm', 'reenter', { tid: 2, vcpu: 0, n: 3, ret: 0 });
    expect(check(qemu)).toMatchObject({ requests: 4, messages: 10, leftOut: { race: 3 } });
  });

  it('two vCPUs may convert at the same time', () => {
    const qemu = started();
    exit(qemu, 1, { gpa: '0x1000', pages: 1, attr: '0x0' });
    qemu.write('kvm', 'exit-map', { tid: 3, vcpu: 1, n: 1, gpa: '0x2000', pages: 1, attr: '0x0' });
    attributes(qemu, '0x1000', '0x1000', 'shared');
    qemu.write('kvm', 'attr', { tid: 3, gpa: '0x2000', size: '0x1000', attr: 'shared', err: 0 });
    map(qemu, 'vu0', '0x2000');
    map(qemu, 'vu0', '0x1000');
    for (const [tid, vcpu, off] of [[3, 1, '0x2000'], [2, 0, '0x1000']] as const) {
      qemu.write('kvm', 'punch', { tid, what: 'guest_memfd', id: 1, off, len: '0x1000', err: 0 });
      qemu.write('kvm', 'reenter', { tid, vcpu, n: 1, ret: 0 });
    }
    expect(check(qemu)).toMatchObject({ requests: 2, messages: 6 });
  });

  it('behind a vIOMMU no device follows anything; all of them follow everything again afterwards', () => {
    const qemu = started([VU0, VU1]);
    qemu.convert(1, 1, 'shared');
    qemu.mark('enable translation');
    const sections = [['0x0', '0x18000'], ['0x32000', '0x4000'], ['0x40000', '0x8000']] as const;
    for (const src of ['vu1', 'vu0']) for (const [first, size] of sections) unmap(qemu, src, first, size);
    qemu.trace('vfio_listener_region_add_iommu', 'region_add [iommu] vtd-06.0-dmar 0x0 - 0xfedfffff');
    for (const src of ['vu0', 'vu1']) map(qemu, src, '0x7000');
    exit(qemu, 2, { gpa: '0x1000', pages: 2, attr: '0x0' });
    attributes(qemu, '0x1000', '0x2000', 'shared');
    qemu.write('kvm', 'punch', { tid: 2, what: 'guest_memfd', id: 1, off: '0x1000', len: '0x2000', err: 0 });
    qemu.write('kvm', 'reenter', { tid: 2, vcpu: 0, n: 2, ret: 0 });
    qemu.mark('translation off');
    qemu.trace('vfio_listener_region_del_iommu', 'region_del [iommu] vtd-06.0-dmar');
    qemu.trace('vfio_listener_region_del', 'region_del 0x0 - 0xfedfffff');
    for (const src of ['vu0', 'vu1']) unmap(qemu, src, '0x0', '0xfee00000');
    for (const src of ['vu0', 'vu1']) for (const iova of ['0x1000', '0x2000']) map(qemu, src, iova);
    const report = check(qemu);
    expect(report.leftOut).toEqual({ start: 3, vIOMMU: 4 });
    expect(report).toMatchObject({ requests: 2, messages: 4 + 6 + 2 + 4 });
  });
});

describe('sizes and guests', () => {
  /** Recordings without a conversion are skipped. */
  const withDevice = (): NaiveTdx => {
    const qemu = started([VU0], [RAM, VMEM]);
    qemu.convert(1, 1, 'shared');
    return qemu;
  };

  it('what the host asks for is known from the config, and from marks', () => {
    const qemu = withDevice();
    qemu.plug(0, 3);
    for (const mark of ['qom-set requested-size 6M', 'SAY {"requested-size":6291456}', 'requested=3', 'requested-size 3 blocks']) {
      qemu.unplugAll();
      qemu.request(2);
      qemu.plug(0, 3);
      qemu.request(3, mark);
      qemu.plug(0, 3);
    }
    expect(check(qemu)).toMatchObject({ asked: { PLUG: 9, UNPLUG_ALL: 4 }, leftOut: { start: 3 } });
  });

  it('a NACK is a difference where the size is known, and taken where a mark hides it', () => {
    const refused = (qemu: NaiveTdx): NaiveTdx => {
      qemu.trace('virtio_mem_plug_request', 'addr=0x100000000 nb_blocks=3');
      qemu.trace('virtio_mem_send_response', 'type=1');
      return qemu;
    };
    expect(checkQemuRecording(refused(withDevice()).text).first).toMatchObject([{ expected: 'answer NACK', got: 'answer ACK' }]);
    const hidden = withDevice();
    hidden.mark('qom-set requested-size');
    expect(check(refused(hidden)).leftOut).toMatchObject({ 'size the host asks for': 1 });
  });

  it('a STATE request is answered with its state', () => {
    const qemu = withDevice();
    qemu.plug(0, 1);
    const state = (value: number): void => {
      qemu.trace('virtio_mem_state_request', 'addr=0x100000000 nb_blocks=2');
      qemu.trace('virtio_mem_state_response', `state=${value}`);
      qemu.trace('virtio_mem_send_response', 'type=0');
    };
    state(2);
    check(qemu);
    state(1);
    expect(checkQemuRecording(qemu.text).first).toMatchObject([{ expected: 'answer ACK UNPLUGGED', got: 'answer ACK MIXED' }]);
  });

  it('a device without a config is known by what it did when it was realized', () => {
    const qemu = withDevice();
    qemu.plug(0, 2);
    qemu.unplug(1, 1);
    qemu.convert(2 ** 20 + 5, 1, 'shared');
    const config = qemu.lines.findIndex(({ ev }) => String(ev).includes('config'));
    qemu.lines.splice(config, 1);
    expect(check(qemu).asked).toEqual({ PLUG: 1, UNPLUG: 1, conversion: 2 });
    qemu.lines.splice(qemu.lines.findIndex(({ ev }) => ev === 'virtio_mem_resized_usable_region'), 1);
    check(qemu);
  });

  it('a file may hold several guests, one after the other', () => {
    const [one, other] = [started(), started([IOAS1])];
    for (const qemu of [one, other]) {
      qemu.convert(1, 2, 'shared');
      qemu.end();
    }
    expect(checkQemuRecording(one.text + other.text)).toMatchObject({ requests: 2, messages: 8, mismatches: 0 });
  });

  it('what comes after the shutdown, and a request in the middle of which a recording ends, are left out', () => {
    const qemu = started();
    exit(qemu, 1, { gpa: '0x1000', pages: 1, attr: '0x0' });
    qemu.end();
    unmap(qemu, 'vu0', '0x0', '0x18000');
    expect(check(qemu)).toMatchObject({ requests: 0, leftOut: { 'after the shutdown': 1, 'unfinished request': 1 } });
  });

  it('a slot of another address space is none of the guest', () => {
    const qemu = started();
    const slot = qemu.lines.find(({ ev }) => ev === 'slot')!;
    const at = qemu.lines.indexOf(slot);
    qemu.lines.splice(at, 0, { ...slot, as: 1 });
    qemu.convert(1, 1, 'shared');
    expect(check(qemu).requests).toBe(1);
  });

  it('a guest that no model can be built of is a difference', () => {
    const qemu = started();
    const slot = qemu.lines.find(({ ev }) => ev === 'slot')!;
    qemu.lines.splice(qemu.lines.indexOf(slot), 0, { ...slot, slot: 77 });
    qemu.convert(1, 1, 'shared');
    expect(checkQemuRecording(qemu.text)).toMatchObject({ requests: 0, mismatches: 1, first: [{ request: 'start of the guest' }] });
  });
});
