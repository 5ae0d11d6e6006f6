// SPDX-License-Identifier: MIT
/*
 * The ioctl door of iommufd over both storages, pages and bytes, with the same domain: every answer must be equal, for
 * any bytes.
 */
import { statusText } from '@sda-lab/guest-memory';
import {
  createContainer,
  FIXED_IOVA,
  type IommuContainer,
  type IommufdDoor,
  READABLE,
  VTD_48,
  WRITEABLE,
} from '@sda-lab/vfio-mock';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TestMemory } from './support/test-memory.ts';

const LAST = (1n << 64n) - 1n;
const PAGES = 14;
const bytes = (pages: number): fc.Arbitrary<bigint> =>
  fc.oneof(
    { weight: 20, arbitrary: fc.nat(pages).map((page) => BigInt(page) << 12n) },
    { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: BigInt(pages) << 12n }) },
    { weight: 1, arbitrary: fc.constantFrom(0n, 1n, LAST, LAST - 1n, LAST - 0xfffn, 1n << 63n) },
  );
const near = (base: bigint): fc.Arbitrary<bigint> =>
  bytes(PAGES).map((offset) => (offset > 1n << 32n ? offset : base + offset));
const iovas = fc.oneof({ weight: 6, arbitrary: near(0x1000n) }, { weight: 1, arbitrary: near(0xfedfa000n) });
const BOTH = READABLE | WRITEABLE;
const rights = fc.constantFrom(BOTH, BOTH, BOTH, READABLE, WRITEABLE, 0);
const flags = fc.tuple(rights, fc.nat(3).map((at) => at > 0)).map(([bits, fixed]) => bits | (fixed ? FIXED_IOVA : 0));

type Call = (door: IommufdDoor) => string;

const answer = (result: { readonly status: number; readonly iova?: bigint; readonly length?: bigint }): string =>
  `${statusText(result.status)} ${result.iova ?? ''} ${result.length ?? ''}`;

const call: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({ flags, userVa: bytes(PAGES + 2), iova: iovas, length: bytes(5) })
      .map((map) => (door: IommufdDoor) => answer(door.ioasMap(map))),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ flags, fd: fc.constantFrom(3, 4), start: bytes(PAGES + 2), iova: iovas, length: bytes(5) })
      .map((map) => (door: IommufdDoor) => answer(door.ioasMapFile(map))),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(iovas, bytes(10))
      .map(([iova, length]) => (door: IommufdDoor) => answer(door.ioasUnmap(iova, length))),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ flags, srcIova: iovas, dstIova: iovas, length: bytes(5) })
      .map((copy) => (door: IommufdDoor) => answer(door.ioasCopy({ ...copy, source: door }))),
  },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.record({ start: iovas, last: iovas }), { maxLength: 2 })
      .map((ranges) => (door: IommufdDoor) => statusText(door.allowIovas(ranges))),
  },
);

function open(backend: 'iommufd' | 'iommufd-mock-domain', limitPages: number): [IommuContainer, TestMemory] {
  const memory = new TestMemory(PAGES, [13]);
  const memlock = { limitPages, capIpcLock: false };
  return [createContainer(backend, { memory, geometry: VTD_48, memlock }), memory];
}

test('pages and bytes answer alike, pin alike and lead to the same frames', () => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 25 }), fc.constantFrom(4, 12, Infinity), (calls, limitPages) => {
      const [paged, pagedMemory] = open('iommufd', limitPages);
      const [byted, bytedMemory] = open('iommufd-mock-domain', limitPages);
      for (const each of calls) {
        expect(each(byted.ioctl as IommufdDoor)).toBe(each(paged.ioctl as IommufdDoor));
        expect(byted.mappingCount).toBe(paged.mappingCount);
        expect(byted.account).toEqual(paged.account);
        expect(bytedMemory.frames.pinCount).toBe(pagedMemory.frames.pinCount);
        expect(byted.unmappedPages).toBe(paged.unmappedPages);
        paged.forEachMapping((page, count) => {
          for (let at = page; at < page + count; at += 1) {
            expect([byted.translate(at), byted.isWritable(at)]).toEqual([paged.translate(at), paged.isWritable(at)]);
          }
        });
      }
      for (const container of [paged, byted]) container.close();
      expect([pagedMemory.frames.pinCount, bytedMemory.frames.pinCount]).toEqual([0, 0]);
      expect(paged.account).toEqual(byted.account);
    }),
  );
});
