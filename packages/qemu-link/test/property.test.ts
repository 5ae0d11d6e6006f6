// SPDX-License-Identifier: MIT
// Recordings of two naive QEMUs, which share no line with the models: what they do in any order of requests, the check
// finds equal. Guards the reading of recordings as much as the models.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkQemuRecording } from '../src/index.ts';
import { NaiveTdx } from './support/naive-tdx.ts';
import { NaiveVirtioMem } from './support/naive-virtio-mem.ts';
import { settings } from './support/settings.ts';

const names = ['vu0', 'vu1', 'vu2'];

describe('a QEMU with a virtio-mem device', () => {
  type Step = (qemu: NaiveVirtioMem) => void;
  /** Around the borders of memslots, where they have any. */
  const around = (borders: readonly number[]): fc.Arbitrary<number> =>
    fc.tuple(fc.constantFrom(...borders), fc.nat({ max: 40 })).map(([border, off]) => Math.max(0, border + off - 20));
  const steps = (borders: readonly number[], blocks: number): fc.Arbitrary<Step[]> => {
    const count = fc.nat({ max: 30 });
    const step = fc.oneof(
      fc.tuple(around(borders), count, fc.nat({ max: 60 })).map(([at, plugged, fail]): Step => (qemu) => {
        qemu.failAt(fail);
        qemu.plug(at, plugged);
      }),
      fc.tuple(around(borders), count).map(([at, plugged]): Step => (qemu) => qemu.plug(at, plugged)),
      fc.tuple(around(borders), count).map(([at, plugged]): Step => (qemu) => qemu.unplug(at, plugged)),
      fc.tuple(fc.nat(), fc.boolean()).map(([pick, isWhole]): Step => (qemu) => {
        const [at, plugged] = qemu.pluggedRuns[pick % Math.max(1, qemu.pluggedRuns.length)] ?? [0, 1];
        qemu.unplug(at, isWhole ? plugged : Math.ceil(plugged / 2));
      }),
      fc.constantFrom<Step>((qemu) => qemu.unplugAll(), (qemu) => qemu.reset()),
      fc.nat({ max: blocks }).map((requested): Step => (qemu) => qemu.request(requested)),
      fc.constantFrom(...names).map((name): Step => (qemu) => {
        if (qemu.devices.includes(name)) qemu.remove(name);
        else qemu.add(name);
      }),
    );
    return fc.array(step, { minLength: 15, maxLength: 40 });
  };

  it.each<[string, number, readonly number[], { blocksPerSlot?: number; memory?: 'ram' }]>([
    ['one section', 64, [20, 60], {}],
    ['memory that is no file', 64, [20, 60], { memory: 'ram' }],
    ['dynamic memslots', 1300, [512, 1024, 1300], { blocksPerSlot: 512 }],
  ])('does what the models do, with %s', (_, blocks, borders, options) => {
    const seen = { activated: 0 };
    const property = fc.property(steps(borders, blocks), fc.nat({ max: 2 }), (list, cold) => {
      const qemu = new NaiveVirtioMem({ blockCount: blocks, requested: Math.ceil(blocks * 0.7), ...options });
      qemu.start(names.slice(0, cold));
      for (const step of list) step(qemu);
      const report = checkQemuRecording(qemu.text);
      expect(report.first).toEqual([]);
      expect(report.requests).toBe(qemu.lines.filter((line) => 'resp' in line).length);
      seen.activated += report.messages;
    });
    fc.assert(property, settings(60));
    expect(seen.activated).toBeGreaterThan(1000);
  });
});

describe('a confidential QEMU', () => {
  type Step = (qemu: NaiveTdx) => void;
  const kinds = ['map', 'unmap', 'attr', 'punch', 'madvise'] as const;
  // Low RAM of 24 pages, its other 8 above a hole, firmware behind it, a virtio-mem device of 1 MiB blocks.
  const layout = (isFile: boolean): ConstructorParameters<typeof NaiveTdx>[0] => [
    { name: 'ram', pages: 32, sections: [{ gpa: 0, first: 0, count: 24 }, { gpa: 64, first: 24, count: 8 }], isFile },
    { name: 'firmware', pages: 4, sections: [{ gpa: 50, first: 0, count: 4 }] },
    { name: 'vmem', pages: 1024, sections: [{ gpa: 2 ** 20, first: 0, count: 1024 }], perBlock: 256 },
  ];
  const place = fc.oneof(fc.nat({ max: 75 }), fc.nat({ max: 40 }).map((off) => 2 ** 20 + 236 + off), fc.nat({ max: 30 }).map((off) => 2 ** 20 + off));
  const to = fc.constantFrom('shared' as const, 'private' as const);
  const how = fc.constantFrom('map' as const, 'fault' as const);
  const convert = fc.tuple(place, fc.integer({ min: 1, max: 12 }), to, how).map(([gpa, pages, side, exit]): Step => (qemu) => {
    qemu.convert(gpa, pages, side, exit);
  });
  const step = fc.oneof(
    { weight: 6, arbitrary: convert },
    fc.tuple(fc.constantFrom(...kinds), fc.integer({ min: 1, max: 6 })).map(([kind, nth]): Step => (qemu) => qemu.refuse(kind, nth, 12)),
    fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 2 })).map(([at, count]): Step => (qemu) => qemu.plug(at, count)),
    fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 2 })).map(([at, count]): Step => (qemu) => qemu.unplug(at, count)),
    fc.nat().map((pick): Step => (qemu) => qemu.unplug(qemu.pluggedBlocks[pick % Math.max(1, qemu.pluggedBlocks.length)] ?? 0, 1)),
    fc.constantFrom<Step>((qemu) => qemu.unplugAll(), (qemu) => qemu.reset()),
    fc.integer({ min: 1, max: 4 }).map((blocks): Step => (qemu) => qemu.request(blocks)),
    fc.tuple(fc.nat({ max: 2 }), fc.boolean()).map(([at, isIoas]): Step => (qemu) => {
      const there = qemu.devices.find(({ name }) => name.endsWith(String(at)));
      if (there !== undefined) qemu.detach(there);
      else qemu.attach(isIoas ? { name: `ioas${at}`, backend: 'iommufd' } : { name: `vu${at}`, backend: 'vfio-user' });
    }),
  );

  it.each([['anonymous memory', false], ['a file behind its RAM', true]])('does what the models do, with %s', (_, isFile) => {
    const seen = { messages: 0, stops: 0 };
    const property = fc.property(fc.array(step, { minLength: 15, maxLength: 40 }), (list) => {
      const qemu = new NaiveTdx(layout(isFile));
      qemu.start([{ name: 'vu0', backend: 'vfio-user' }]);
      for (const each of list) {
        each(qemu);
        if (!qemu.isStopped) continue;
        seen.stops += 1;
        qemu.reset();
      }
      qemu.end();
      const report = checkQemuRecording(qemu.text);
      const exits = qemu.lines.filter(({ ev }) => String(ev).startsWith('exit-'));
      expect(report.first).toEqual([]);
      expect(report.asked.conversion ?? 0).toBe(exits.length);
      seen.messages += report.messages;
    });
    fc.assert(property, settings(150));
    expect(seen.messages).toBeGreaterThan(5000);
    expect(seen.stops).toBeGreaterThan(50);
  });
});
