// SPDX-License-Identifier: MIT
/**
 * What the exit code says. `holds` also stands for "equals the expectations" where no strategy is named, `broken` for
 * "differs from them".
 */
export const EXIT = { holds: 0, broken: 1, unknown: 2, wrongUse: 64, ownFault: 70 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
