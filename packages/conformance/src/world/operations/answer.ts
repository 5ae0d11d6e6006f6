// SPDX-License-Identifier: MIT

/** What an operation answered: a status as text (`0`, `-EAGAIN`), a virtio-mem answer, or why it was not done. */
export type Answer = string;

/** QEMU refuses device_add and device_del until a migration is over. */
export const NOT_WHILE_MIGRATING: Answer = 'not while migrating';

export const NO_DEVICE: Answer = 'no such device in this design';
