// SPDX-License-Identifier: MIT
import { ERRNO } from '@sda-lab/guest-memory';
import {
  ascendingUntilCut,
  type BackendId,
  BACKEND_TRAITS,
  type BackendTraits,
  checkRecording,
  kernelOfName,
  type UnmapRule,
} from '@sda-lab/vfio-mock';
import { describe, expect, test } from 'vitest';
import { fixture, FIXTURES, MEMORY_FIXTURES } from './support/fixtures.ts';

/** Operations every recording must still have, so that a comparison that skips shows. */
const OPERATIONS: Readonly<Record<string, number>> = {
  'edge-iommufd-7.2own.jsonl.gz': 198,
  'edge-type1-7.2.jsonl.gz': 198,
  'fuzz-all-7.2own.jsonl.gz': 15050,
  'kvm-7.2own.jsonl.gz': 35,
  'lockorder-mock-7.2own.jsonl.gz': 363,
  'mock-mapf-7.2own.jsonl.gz': 42,
  'selftest-iommufd-7.2own.jsonl.gz': 373,
  'stale-compat-7.2own.jsonl.gz': 131,
  'stale-iommufd-7.2own.jsonl.gz': 131,
  'stale-type1-6.1.jsonl.gz': 131,
  'stale-type1-7.2.jsonl.gz': 131,
};

describe('recordings of real kernels', () => {
  test.each(FIXTURES)('$fileName: every operation is answered alike', ({ fileName, text }) => {
    const report = checkRecording(text, { fileName });
    expect(report.first).toEqual([]);
    expect(report).toEqual({
      kernel: kernelOfName(fileName),
      operations: OPERATIONS[fileName],
      mismatches: 0,
      first: [],
    });
  });

  test.each(FIXTURES)('$fileName: without a name, a kernel without mismatches is found', ({ text }) => {
    expect(checkRecording(text).mismatches).toBe(0);
  });

  test('an old kernel is recognised by how it refuses a wrap', () => {
    const text = fixture('edge-type1-7.2').text.replaceAll('EOVERFLOW', 'EINVAL');
    expect(checkRecording(text)).toMatchObject({ kernel: '6.12', mismatches: 0 });
    expect(checkRecording(text, { kernel: '7.2' }).mismatches).toBe(4);
  });
});

describe('offsets a recorder may add to its region', () => {
  test('one before the region wraps to the address before it', () => {
    const lines = [
      '{"op":"mem","kind":"shared","size":16384,"errno":"0"}',
      '{"op":"backend","kind":"mock","errno":"0"}',
      '{"op":"map","iova":"0x1000000","size":"0x1000","off":"0xfffffffffffff000","prot":"rw","errno":"EFAULT"}',
      '{"op":"check","iova":"0x1000000","size":"0x800","off":"0xfffffffffffff800","errno":"EFAULT"}',
      '{"op":"kvm","errno":"0"}',
      '{"op":"gpunch","off":"0xfffffffffffff000","size":"0x1000","errno":"EINVAL"}',
    ];
    expect(checkRecording(lines.join('\n'), { kernel: '7.2' }).first).toEqual([]);
  });
});

describe('recordings of memory operations alone', () => {
  test.each(MEMORY_FIXTURES)('$fileName: faults, discards and frames are those of the kernel', ({ text }) => {
    const { first, operations } = checkRecording(text, { kernel: '7.2' });
    expect(first).toEqual([]);
    expect(operations).toBeGreaterThan(2000);
  });
});

/** The atomic refusal of type1 with iommufd's errno. */
const atomicEnoent: UnmapRule = (view, request) => {
  const decision = ascendingUntilCut(view, request);
  return decision.status === 0 ? decision : { status: decision.status, first: decision.first, end: decision.first };
};

const everywhere = (traits: Partial<BackendTraits>) => (): Partial<BackendTraits> => traits;

const on =
  (part: string, traits: Partial<BackendTraits>) =>
  (backend: BackendId): Partial<BackendTraits> =>
    backend.startsWith(part) ? traits : {};

const statusWith = (check: keyof BackendTraits['mapStatus'], errno: number): BackendTraits['mapStatus'] => ({
  ...BACKEND_TRAITS.type1v2.mapStatus,
  [check]: -errno,
});

describe('planted behaviour is caught by the recordings', () => {
  test.each([
    { name: 'atomic unmap of iommufd', file: 'fuzz-all', traits: on('iommufd', { unmapRule: atomicEnoent }) },
    { name: 'atomic unmap of iommufd', file: 'edge-iommufd', traits: on('iommufd', { unmapRule: atomicEnoent }) },
    { name: 'EBUSY for an overlap', file: 'fuzz-all', traits: everywhere({ mapStatus: statusWith('overlap', ERRNO.EBUSY) }) },
    { name: 'ENOENT for a hole in type1', file: 'edge-type1', traits: on('type1', { holeStatus: -ERRNO.ENOENT }) },
    { name: 'success for a hole in iommufd', file: 'edge-iommufd', traits: on('iommufd', { holeStatus: 0 }) },
    { name: 'no unwind after EFAULT in type1', file: 'edge-type1', traits: everywhere({ unwindsFailedMap: false }) },
    { name: 'no unwind after EFAULT in iommufd', file: 'edge-iommufd', traits: everywhere({ unwindsFailedMap: false }) },
    { name: 'no unwind after EFAULT in the mock domain', file: 'lockorder-mock', traits: everywhere({ unwindsFailedMap: false }) },
    { name: 'reserved before overlap in type1', file: 'edge-type1', traits: on('type1', { mapOrder: ['alignment', 'range', 'overlap', 'limit'] }) },
    { name: 'overlap before reserved in iommufd', file: 'edge-iommufd', traits: on('iommufd', { mapOrder: ['overlap', 'range', 'alignment', 'limit'] }) },
    { name: 'overlap before alignment in type1', file: 'fuzz-all', traits: on('type1', { mapOrder: ['overlap', 'alignment', 'limit', 'range'] }) },
    { name: 'address alignment before overlap in iommufd', file: 'fuzz-all', traits: on('iommufd', { mapOrder: ['alignment', 'range', 'overlap', 'limit'] }) },
    { name: 'the limit before overlap in type1', file: 'edge-type1', traits: on('type1', { mapOrder: ['alignment', 'limit', 'overlap', 'range'] }) },
    { name: 'charging before pinning in iommufd', file: 'lockorder-mock', traits: on('iommufd', { accounting: 'mm-batched' }) },
    { name: 'VmPin for type1', file: 'stale-type1-7.2', traits: on('type1', { accounting: 'user-whole' }) },
    { name: 'no entry limit', file: 'edge-type1', traits: everywhere({ entryLimit: Infinity }) },
  ] as const)('$name ($file)', ({ file, traits }) => {
    const { fileName, text } = fixture(file);
    const report = checkRecording(text, { fileName, traits });
    expect(report.mismatches).toBeGreaterThan(0);
    expect(report.first[0]!.before.length).toBeGreaterThan(0);
  });

  test('a mismatch tells both answers and what led up to it', () => {
    const { fileName, text } = fixture('edge-type1');
    const { first } = checkRecording(text, { fileName, traits: on('type1', { holeStatus: -ERRNO.ENOENT }) });
    expect(first[0]).toEqual({
      line: 49,
      op: 'unmap',
      expected: { errno: '0', unmapped: '0x0' },
      got: { errno: 'ENOENT', unmapped: null },
      before: text.split('\n').slice(43, 48),
    });
  });
});

describe('a changed recording', () => {
  const changes = [
    { field: 'errno', from: /"errno":"(0|E[A-Z]+)"/, to: '"errno":"EXDEV"' },
    { field: 'val', from: /(?<="op":"(?:r|dmar)".*)"val":"0x[0-9a-f]+"/, to: '"val":"0x5a5a5a5a5a"' },
    { field: 'unmapped', from: /"unmapped":"0x[0-9a-f]+"/, to: '"unmapped":"0x123000"' },
    { field: 'size_after', from: /"size_after":"0x[0-9a-f]+"/, to: '"size_after":"0x123000"' },
    { field: 'out_iova', from: /"out_iova":"0x[0-9a-f]+"/, to: '"out_iova":"0x123000"' },
    { field: 'VmLck_kB', from: /"VmLck_kB":\d+/, to: '"VmLck_kB":77' },
    { field: 'VmPin_kB', from: /"VmPin_kB":\d+/, to: '"VmPin_kB":77' },
    { field: 'dma_avail', from: /"dma_avail":\d+/, to: '"dma_avail":77' },
    { field: 'present', from: /"present":1/, to: '"present":0' },
  ];
  const compared = new Set(
    ['map', 'mapv', 'mapf', 'unmap', 'unmapall', 'punch', 'madv', 'r', 'pfn', 'locked', 'dmar', 'dmaw', 'check'].concat(
      ['attr', 'galloc', 'gpunch', 'gmapf', 'info'],
    ),
  );

  test.each(changes)('in $field of any operation is a mismatch', ({ from, to }) => {
    let tried = 0;
    for (const { fileName, text } of FIXTURES.filter((each) => !each.fileName.startsWith('fuzz'))) {
      const lines = text.trimEnd().split('\n');
      const candidates = lines.flatMap((line, at) => {
        const { op } = JSON.parse(line) as { op: string };
        return compared.has(op) && from.test(line) ? [at] : [];
      });
      const stride = Math.max(1, Math.floor(candidates.length / 8));
      for (const at of candidates.filter((_, index) => index % stride === 0)) {
        const changed = lines.with(at, lines[at]!.replace(from, to));
        const { mismatches } = checkRecording(changed.join('\n'), { fileName });
        expect({ mismatches, line: changed[at] }).not.toMatchObject({ mismatches: 0 });
        tried += 1;
      }
    }
    expect(tried).toBeGreaterThan(0);
  });

  test('with two live pages of one frame number is a mismatch', () => {
    const text = fixture('stale-type1-7.2').text.replace('"off":"0x0","present":1,"pfn":"0x19dc6"', '"off":"0x0","present":1,"pfn":"0x19dd8"');
    expect(checkRecording(text, { kernel: '7.2' }).mismatches).toBeGreaterThan(0);
  });
});

describe('recordings of backends no real kernel was asked about', () => {
  const map = (iova: string, size: string): string =>
    `{"op":"map","iova":"${iova}","size":"${size}","off":"0x0","prot":"rw","errno":"0"}`;
  const unmap = (answer: string): string => `{"op":"unmap","iova":"0x101000","size":"0x1000",${answer}}`;

  test.each([
    { kind: 'type1-v1', answer: '"errno":"0","unmapped":"0x0"' },
    { kind: 'compat-v1', answer: '"errno":"0","unmapped":"0x1000"' },
    { kind: 'vfio-user', answer: '"errno":"EINVAL","size_after":"0x1000"' },
    { kind: 'vfio-user-strict', answer: '"errno":"ENOENT","size_after":"0x1000"' },
  ])('$kind: an unmap in the middle of a mapping', ({ kind, answer }) => {
    const lines = [
      '{"op":"mem","kind":"shared","size":65536,"errno":"0"}',
      `{"op":"backend","kind":"${kind}","errno":"0"}`,
      map('0x100000', '0x4000'),
      unmap(answer),
      '{"op":"unmapall","errno":"0"}',
      '{"op":"info","errno":"0"}',
      '{"op":"mapf","iova":"0x0","size":"0x1000","off":"0x0","prot":"rw","errno":"ENOTTY"}',
      '{"op":"close"}',
    ];
    expect(checkRecording(lines.join('\n'), { kernel: '7.2' })).toMatchObject({ operations: 5, first: [] });
  });
});

describe('a recorder whose bounce page was unmapped', () => {
  const before = [
    '{"op":"mem","kind":"shared","size":65536,"errno":"0"}',
    '{"op":"backend","kind":"type1","errno":"0"}',
    '{"op":"w","off":"0x0","val":"0xa1"}',
    '{"op":"map","iova":"0x100000","size":"0x1000","off":"0x0","prot":"rw","errno":"0"}',
    '{"op":"dmar","iova":"0x100000","val":"0xa1","errno":"0"}',
    '{"op":"unmapall","errno":"0","unmapped":"0x2000"}',
  ];

  test.each([
    { name: 'reads what was left there', val: '0xa1', locked: 0 },
    { name: 'reads zero when it clears it first', val: '0x0', locked: 0 },
    { name: 'reads zero and locks a page when it maps it again', val: '0x0', locked: 4 },
  ])('$name', ({ val, locked }) => {
    const after = [
      `{"op":"dmar","iova":"0x100000","val":"${val}","errno":"0"}`,
      `{"op":"locked","VmLck_kB":${locked},"VmPin_kB":0}`,
    ];
    expect(checkRecording([...before, ...after].join('\n'), { kernel: '7.2' }).first).toEqual([]);
  });
});
