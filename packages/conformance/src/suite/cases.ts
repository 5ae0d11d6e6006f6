// SPDX-License-Identifier: MIT
import { CONVERT } from './cases/convert.ts';
import { HOTPLUG } from './cases/hotplug.ts';
import { MACHINE } from './cases/machine.ts';
import { REFUSE } from './cases/refuse.ts';
import { SIX_STEPS } from './cases/six-steps.ts';
import { VIRTIO_MEM } from './cases/virtio-mem.ts';
import type { ConformanceCase } from './conformance-case.ts';

/** Every named case, in the order failures are reported. */
export const CASES: readonly ConformanceCase[] = [
  ...SIX_STEPS,
  ...CONVERT,
  ...HOTPLUG,
  ...REFUSE,
  ...VIRTIO_MEM,
  ...MACHINE,
];
