// SPDX-License-Identifier: MIT
import { CONSUMERS } from './cases/consumers.ts';
import { COPIES } from './cases/consumers-copies.ts';
import { COEXISTENCE } from './cases/coexistence.ts';
import { CONVERT } from './cases/convert.ts';
import { HOTPLUG } from './cases/hotplug.ts';
import { MACHINE } from './cases/machine.ts';
import { MUTANTS } from './cases/mutants.ts';
import { NESTED } from './cases/nested.ts';
import { REFUSE } from './cases/refuse.ts';
import { REGIMES } from './cases/regimes.ts';
import { REQUESTS } from './cases/requests.ts';
import { SHAPES } from './cases/shapes.ts';
import { SERVERS } from './cases/servers.ts';
import { SIX_STEPS } from './cases/six-steps.ts';
import { SOURCES } from './cases/sources.ts';
import { VIRTIO_MEM } from './cases/virtio-mem.ts';
import type { ConformanceCase } from './conformance-case.ts';

/** Every named case, in the order failures are reported. */
export const CASES: readonly ConformanceCase[] = [
  ...SIX_STEPS,
  ...CONVERT,
  ...HOTPLUG,
  ...REFUSE,
  ...SERVERS,
  ...VIRTIO_MEM,
  ...MACHINE,
  ...CONSUMERS,
  ...COPIES,
  ...COEXISTENCE,
  ...REQUESTS,
  ...REGIMES,
  ...SOURCES,
  ...SHAPES,
  ...MUTANTS,
  ...NESTED,
];
