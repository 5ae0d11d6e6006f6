// SPDX-License-Identifier: MIT
/**
 * Our bitmap twice. In the first copy, the package as it is, every walk has met five other listeners before, as in a process that
 * maps, counts and checks; V8 then calls each through its general door. In the second, the same built code loaded a second time,
 * the walks only ever see one listener, which V8 puts into the walk. A copy under another path is what makes it a second one.
 */
import { cpSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as core from '@sda-lab/core-bitmap';
import type { LeftOut } from '../../harness/table.ts';
import { PATTERNS } from './patterns.ts';

export const ONE_CALLBACK = 'core-bitmap, one kind of callback';

const built = fileURLToPath(new URL('../../../../packages/core-bitmap/dist/', import.meta.url));
const folder = fileURLToPath(new URL(`../../../out/one-callback-${process.pid}/`, import.meta.url));

async function loadSecond(): Promise<typeof core | LeftOut> {
  if (!existsSync(built)) return { name: ONE_CALLBACK, reason: 'core-bitmap is not built, so there is no second copy to load' };
  try {
    cpSync(built, folder, { recursive: true });
    return (await import(pathToFileURL(`${folder}index.js`).href)) as typeof core;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const second: typeof core | LeftOut = await loadSecond();

/** Five listeners of different code, as many as make a call site megamorphic. */
let bits = 0;
const LISTENERS: readonly core.EmitBits[] = [
  () => 0,
  (firstBit, endBit) => {
    bits += endBit - firstBit;
    return 0;
  },
  (firstBit) => (firstBit < 0 ? 1 : 0),
  (firstBit, endBit) => (firstBit > endBit ? 2 : 0),
  (_firstBit, endBit) => {
    bits ^= endBit;
    return 0;
  },
];

const WARM_BITS = 65_536;
const WARM_ROUNDS = 30;
let isWarm = false;

export function meetManyListeners(): void {
  if (isWarm) return;
  isWarm = true;
  const one = new core.Bitmap(WARM_BITS);
  const other = new core.Bitmap(WARM_BITS);
  PATTERNS['random mean 16'](WARM_BITS, (firstBit, endBit) => one.set(firstBit, endBit));
  PATTERNS['virtio-mem 50 %'](WARM_BITS, (firstBit, endBit) => other.set(firstBit, endBit));
  for (let round = 0; round < WARM_ROUNDS; round += 1) {
    for (const listener of LISTENERS) {
      for (const map of [one, other]) {
        map.forEachSetRun(0, WARM_BITS, listener);
        map.forEachClearRun(0, WARM_BITS, listener);
      }
      core.forEachRunOfBoth(one, other, 0, WARM_BITS, listener);
    }
  }
}
