// SPDX-License-Identifier: MIT
/** Kind of the Worker's first message: it is about to load the design, so the clock starts. Handed on to nobody. */
export const READY = 'ready';
