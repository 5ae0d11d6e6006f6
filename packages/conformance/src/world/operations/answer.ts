// SPDX-License-Identifier: MIT

/** What an operation answered: a status as text (`0`, `-EAGAIN`), a virtio-mem answer, or why it was not done. */
export type Answer = string;

export const NO_DEVICE: Answer = 'no such device in this design';
