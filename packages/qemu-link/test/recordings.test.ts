// SPDX-License-Identifier: MIT
// Recordings of QEMU 11.1.3: everything that can be compared is, and is equal.
import { describe, expect, it } from 'vitest';
import { checkQemuRecording, RecordingError } from '../src/index.ts';
import { COMPARED, type Line, readLines, readText, recordingNames, toText, withAnswers } from './support/recordings.ts';

const DMA = /^DMA_(?:MAP|UNMAP)$/;

describe('recordings of QEMU 11.1.3 do what the models do', () => {
  it.each<[string, number, number]>([
    ['qemu/random-7.jsonl.gz', 2924, 5185],
    ['qemu-confidential/balloon-plain.jsonl.gz', 3, 7],
    ['qemu-confidential/basic.jsonl.gz', 14, 577],
    ['qemu-confidential/dev-unmap-refused.jsonl.gz', 3, 11],
    ['qemu-confidential/fail-mixture-2nd.jsonl.gz', 5, 22],
    ['qemu-confidential/fail-old-3rd.jsonl.gz', 4, 19],
    ['qemu-confidential/replayfail-iommufd.jsonl.gz', 5, 12],
    ['qemu-confidential/replayfail-vfio-user.jsonl.gz', 5, 13],
    ['qemu-confidential/reset-system_reset.jsonl.gz', 5, 16],
    ['qemu-confidential/viommu.jsonl.gz', 4, 48],
    ['qemu-confidential/vmem.jsonl.gz', 13, 50],
  ])('%s: %i requests, %i messages', (name, requests, messages) => {
    const report = checkQemuRecording(readText(name));
    expect(report.first).toEqual([]);
    expect(report).toMatchObject({ requests, messages, mismatches: 0 });
    expect(report.skipped).toBeUndefined();
  });

  it('compares every request of a stream with answers', () => {
    const lines = readLines('qemu/random-7.jsonl.gz');
    const { asked, messages, leftOut } = checkQemuRecording(toText(lines));
    expect(asked).toEqual({ PLUG: 1352, UNPLUG: 1025, UNPLUG_ALL: 64, device_add: 106, device_del: 106, requested: 243, reset: 28 });
    expect(Object.values(asked).reduce((sum, count) => sum + count, 0)).toBe(lines.filter((line) => 'resp' in line).length);
    expect(leftOut).toEqual({ 'outside the device': 1065 });
    expect(messages + 1065).toBe(lines.filter(({ ev }) => DMA.test(String(ev))).length);
  });

  it.each(recordingNames('qemu-confidential'))('%s: every exit is a request, and every effect is compared or left out by kind', (name) => {
    const lines = readLines(name);
    const { asked, messages, leftOut } = checkQemuRecording(toText(lines));
    expect(asked.conversion).toBe(lines.filter(({ ev }) => String(ev).startsWith('exit-')).length);
    const isEffect = ({ ev }: Line): boolean => DMA.test(String(ev)) || /^(?:attr|punch|madvise|io-map|io-unmap)$/.test(String(ev));
    const left = Object.values(leftOut).reduce((sum, count) => sum + count, 0);
    expect(messages + left).toBe(lines.filter(isEffect).length);
  });

  it('counts what is between the exits as requests too', () => {
    const { asked } = checkQemuRecording(readText('qemu-confidential/vmem.jsonl.gz'));
    expect(asked).toEqual({ PLUG: 4, UNPLUG: 1, UNPLUG_ALL: 1, conversion: 5, device_add: 1, reset: 1 });
  });

  it('leaves a vIOMMU, a balloon and the measured firmware out by name', () => {
    expect(checkQemuRecording(readText('qemu-confidential/viommu.jsonl.gz')).leftOut).toEqual({ 'firmware measured': 1, start: 2, vIOMMU: 64 });
    expect(checkQemuRecording(readText('qemu-confidential/balloon-plain.jsonl.gz')).leftOut).toMatchObject({ balloon: 4 });
  });
});

describe('streams whose marks carry no answer', () => {
  const others = recordingNames('qemu').filter((name) => !COMPARED.includes(name));

  it.each(others)('%s is skipped, and says why', (name) => {
    const report = checkQemuRecording(readText(name));
    expect(report).toMatchObject({ requests: 0, messages: 0, mismatches: 0, first: [], leftOut: {} });
    expect(report.skipped).toBe('no mark carries an answer and no exit of a vCPU is in it');
  });

  // Dynamic memslots, a refusal by the older of two devices, a refused unmap, everything a driver can ask.
  it.each<[string, number, number]>([
    ['qemu/fault-dyn-memslots.jsonl.gz', 4, 9],
    ['qemu/fault-rollback-2dev.jsonl.gz', 2, 8],
    ['qemu/fault-unmap-error.jsonl.gz', 3, 4],
    ['qemu/qtest-basic.jsonl.gz', 21, 33],
  ])('%s with its answers in marks: %i requests, %i messages', (name, requests, messages) => {
    const report = checkQemuRecording(toText(withAnswers(readLines(name))));
    expect(report.first).toEqual([]);
    expect(report).toMatchObject({ requests, messages, mismatches: 0 });
  });

  it.each<[string, (cmd: string) => string | undefined, RegExp]>([
    ['without a command line', () => undefined, /^line 12, column 1: marks carry answers, but no line of "qemu" has the command line/],
    ['without a virtio-mem device', (cmd) => cmd.replace('virtio-mem-pci', 'virtio-rng-pci'), /"cmd" must have one virtio-mem-pci device/],
    ['with two virtio-mem devices', (cmd) => `${cmd} -device virtio-mem-pci,id=vmem1,memdev=vm1`, /marks do not say which device they ask/],
  ])('a stream with answers %s is refused: nothing of it could be compared', (_, change, reason) => {
    const lines = readLines('qemu/random-7.jsonl.gz').map((line) => ('cmd' in line ? { ...line, cmd: change(String(line.cmd)) } : line));
    expect(() => checkQemuRecording(toText(lines))).toThrow(RecordingError);
    expect(() => checkQemuRecording(toText(lines))).toThrow(reason);
  });

  it('a byte order mark before the first line changes nothing', () => {
    const text = readText('qemu-confidential/vmem.jsonl.gz');
    expect(checkQemuRecording(`\uFEFF${text}`)).toEqual(checkQemuRecording(text));
  });
});

describe('what is no recording', () => {
  it.each<[string, string, number]>([
    ['nothing', '', 1],
    ['a line cut off', '{"src":"mark","ev":"START"}\n{"src":"vu0","ev":"DMA', 2],
    ['a list', '[1]', 1],
    ['a line without a source', '{"ev":"START"}', 1],
    ['a recording of a kernel', '{"op":"hello"}', 1],
    ['a trace log', 'virtio_mem_send_response type=0', 1],
    ['an empty line inside', '{"src":"mark","ev":"a"}\n\n{"src":"mark","ev":"b"}', 2],
  ])('%s: says where', (_, text, line) => {
    expect(() => checkQemuRecording(text)).toThrow(RecordingError);
    expect(() => checkQemuRecording(text)).toThrow(`line ${line}, column 1: `);
  });

  it.each<[string, string, unknown]>([
    ['an address that is none', 'iova', 'here'],
    ['an address of more than 64 bits', 'iova', '0x10000000000000000'],
    ['a size that is missing', 'size', undefined],
    ['flags that are no number', 'flags', 'rw'],
  ])('%s: says line and field', (_, field, value) => {
    const lines = readLines('qemu/random-7.jsonl.gz');
    const at = lines.findIndex(({ ev }) => ev === 'DMA_MAP');
    const text = toText(lines.with(at, { ...lines[at], [field]: value }));
    expect(() => checkQemuRecording(text)).toThrow(new RegExp(`line ${at + 1}, column 1: "${field}" must be`));
  });
});
