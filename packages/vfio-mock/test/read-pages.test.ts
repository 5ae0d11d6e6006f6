// SPDX-License-Identifier: MIT
import { GuestMemory } from '@sda-lab/guest-memory';
import { BACKEND_IDS, createContainer, type IommuContainer } from '@sda-lab/vfio-mock';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const PAGES = 12;
/** Far from the others, and across a border of whatever the frames are kept in. */
const FAR = 4096 * 5 - 3;

const calls = fc.array(
  fc.record({
    isMap: fc.boolean(),
    isFar: fc.boolean(),
    first: fc.nat(PAGES - 1),
    count: fc.integer({ min: 1, max: 4 }),
    granule: fc.integer({ min: 1, max: 3 }),
  }),
  { maxLength: 15 },
);

function perform(container: IommuContainer, hostPage: number, list: typeof calls extends fc.Arbitrary<infer T> ? T : never): void {
  for (const { isMap, isFar, first, count, granule } of list) {
    const iovaPage = (isFar ? FAR : 0) + first;
    const pageCount = Math.min(count, PAGES - first);
    if (isMap) container.mapPages(iovaPage, hostPage + first, pageCount, granule, true);
    else container.unmapPages(iovaPage, pageCount);
  }
}

describe.each(BACKEND_IDS)('pages of %s read together', (backend) => {
  test('are what each of them is by itself', () => {
    fc.assert(
      fc.property(calls, (list) => {
        const memory = new GuestMemory({ regime: 'two-backend', gfnCount: 2 ** 20 });
        const block = memory.addBlock('ram', PAGES, false);
        const container = createContainer(backend, { memory });
        perform(container, block.hostFirstPage, list);
        const pages = [...Array.from({ length: PAGES }, (_, at) => at), ...Array.from({ length: PAGES }, (_, at) => FAR + at)];
        const { pins } = container.traits;
        const expected = pages.map((page) => [container.isMapped(page) ? 1 : 0, pins ? container.translate(page) : 0]);
        const [mapped, frames] = [new Uint8Array(pages.length), new Int32Array(pins ? pages.length : 0)];
        const read = (): number[][] => pages.map((_, at) => [mapped[at]!, frames[at] ?? 0]);
        container.readPages(0, PAGES, mapped, frames, 0);
        container.readPages(FAR, PAGES, mapped, frames, PAGES);
        expect(read()).toEqual(expected);
        mapped.fill(7);
        const places = pages.map((_, at) => (at * 5) % pages.length);
        container.readEach(pages, mapped, frames, places);
        expect(places.map((place) => read()[place])).toEqual(expected);
      }),
      { seed: 1, numRuns: 60 },
    );
  });
});
