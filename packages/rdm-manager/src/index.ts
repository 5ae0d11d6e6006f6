// SPDX-License-Identifier: MIT
export { extendedRdm } from './extended-rdm.ts';
export { ramBlockAttributes } from './ram-block-attributes.ts';
export { rdmPrivateAsDiscarded } from './rdm-private-as-discarded.ts';
