// SPDX-License-Identifier: MIT

/**
 * What a non-empty range of bits looks like: none set, all set, or both kinds present.
 * @public
 */
export type Occupancy = 'clear' | 'set' | 'mixed';
