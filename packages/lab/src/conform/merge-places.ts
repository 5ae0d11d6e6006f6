// SPDX-License-Identifier: MIT
import type { ConformFailure } from './conform-document.ts';

/** A failure with all backends and regimes that show it. */
export interface MergedFailure {
  /** The first one; its history is the one shown. */
  readonly failure: ConformFailure;
  /** `type1v2 and iommufd, two-backend` */
  readonly where: string;
}

/** Findings that differ only in backend and history are told once. */
export function mergePlaces(failures: readonly ConformFailure[]): MergedFailure[] {
  const groups = new Map<string, ConformFailure[]>();
  for (const failure of failures) {
    const key = [failure.invariant, failure.reach, failure.onRefusal, failure.case, failure.regime, failure.basis].join(' ');
    groups.set(key, [...(groups.get(key) ?? []), failure]);
  }
  return [...groups.values()].map((group) => {
    const failure = group[0]!;
    return { failure, where: `${group.map(({ backend }) => backend).join(' and ')}, ${failure.regime}` };
  });
}
