// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { virtioMemOf } from '../src/recording/marks/command-line.ts';

const BACKEND = '-object memory-backend-memfd,share=on,id=vm0,size=4G';
const DEVICE = '-device virtio-mem-pci,id=vmem0,memdev=vm0,block-size=2097152,requested-size=64M';

describe('the virtio-mem device of a command line', () => {
  it('lies at 4 GiB beside a small RAM, with its sizes in pages', () => {
    expect(virtioMemOf(`-machine pc -m 64M,maxmem=8G,slots=2 ${BACKEND} ${DEVICE}`)).toEqual({
      baseBytes: 2n ** 32n,
      regionPages: 2 ** 20,
      blockPages: 512,
      requestedPages: 16384,
      isFile: true,
    });
  });

  it.each<[string, string, bigint]>([
    ['pc, 3 GiB', '-machine pc -m 3G,maxmem=16G', 4n],
    ['pc, 3.5 GiB: what is above 3 GiB moves up', '-machine pc -m 3584M,maxmem=16G', 5n],
    ['pc, 8 GiB', '-machine pc -m 8G,maxmem=16G', 9n],
    ['q35, 2.5 GiB', '-machine q35,accel=qtest -m 2560M,maxmem=16G', 4n],
    ['q35, 3 GiB: what is above 2 GiB moves up', '-machine q35,accel=qtest -m 3G,maxmem=16G', 5n],
    ['a size in MiB without a unit', '-machine pc -m 8192,maxmem=16G', 9n],
  ])('lies on the GiB after the RAM: %s', (_, machine, gib) => {
    expect(virtioMemOf(`${machine} ${BACKEND} ${DEVICE}`)!.baseBytes).toBe(gib << 30n);
  });

  it('takes an address, defaults, and properties as JSON', () => {
    const json = '-device {"driver":"virtio-mem-pci","id":"vmem0","memdev":"vm0","memaddr":8589934592}';
    expect(virtioMemOf(`-m 1G,maxmem=8G -object memory-backend-ram,id=vm0,size=1073741824 ${json}`)).toEqual({
      baseBytes: 2n ** 33n,
      regionPages: 2 ** 18,
      blockPages: 512,
      requestedPages: 0,
      isFile: false,
    });
  });

  it.each<[string, string, number]>([
    ['memslots have a GiB at least', '64M,maxmem=8G', 512],
    ['a small share of the device memory leaves one', '64M,maxmem=2T', 2048],
    ['the share of few memslots is larger', '64M,maxmem=400G', 1024],
  ])('is cut into dynamic memslots: %s', (_, memory, blocks) => {
    expect(virtioMemOf(`-machine pc -m ${memory} ${BACKEND} ${DEVICE},dynamic-memslots=on`)!.blocksPerMemslot).toBe(blocks);
  });

  it.each([
    ['no device', `-m 1G ${BACKEND}`],
    ['two', `-m 1G ${BACKEND} ${DEVICE} ${DEVICE}`],
    ['a backend that is not there', `-m 1G ${DEVICE}`],
    ['no memory', `${BACKEND} ${DEVICE}`],
    ['properties that are no JSON', `-m 1G ${BACKEND} -device {"driver":`],
  ])('is none: %s', (_, commandLine) => {
    expect(virtioMemOf(commandLine)).toBeUndefined();
  });
});
