// SPDX-License-Identifier: MIT
/**
 * Containers of a random guest: the first is a plain one of the backend under test, the second may be of any backend,
 * and a third may be of another kind. What a strategy's capabilities exclude is not drawn.
 */
import type { Strategy } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { type ContainerSpec, WORLD_BACKENDS, type WorldBackend, type WorldSpec } from '../world/world-spec.ts';

export interface ContainerDraw {
  readonly count: number;
  /** The second container's backend; undefined: the one under test. */
  readonly second: WorldBackend | undefined;
  readonly third: 'plain' | 'viommu' | 'tdisp' | 'iommu-page';
  readonly tee: 'none' | 'tdx' | 'snp';
}

export const containerDraws: fc.Arbitrary<ContainerDraw> = fc.record({
  count: fc.constantFrom(1, 1, 2, 2, 3, 3),
  second: fc.oneof(fc.constant(undefined), fc.constantFrom(...WORLD_BACKENDS)),
  third: fc.constantFrom('viommu', 'tdisp', 'iommu-page', 'plain', 'viommu'),
  tee: fc.constantFrom('none', 'tdx', 'snp', 'snp'),
});

export function containersOf(
  strategy: Strategy,
  backend: WorldBackend,
  { count, second = backend, third, tee }: ContainerDraw,
): Pick<WorldSpec, 'containers' | 'tee'> {
  const containers = [
    { name: 'c0', backend },
    { name: 'c1', backend: second },
    thirdContainer(strategy, backend, third, tee),
  ];
  return { containers: containers.slice(0, count), tee };
}

function thirdContainer(
  { capabilities, listener }: Strategy,
  backend: WorldBackend,
  third: ContainerDraw['third'],
  tee: ContainerDraw['tee'],
): ContainerSpec {
  const plain = { name: 'c2', backend };
  if (!capabilities.views) return plain;
  if (third === 'viommu') return { ...plain, kind: 'viommu' };
  if (third === 'tdisp' && tee !== 'none' && backend === 'iommufd') return { ...plain, kind: 'tdisp' };
  // A listener that asserts ends the VMM there, and a named case says so.
  if (third === 'iommu-page' && listener.fineGranule !== 'assert') return { ...plain, iommuPages: 2 };
  return plain;
}
