// SPDX-License-Identifier: MIT
export { extendedRdm } from './extended-rdm.ts';
export { extendedRdmAsPosted } from './extended-rdm-as-posted.ts';
export { type Ask, type ManagerSteps, type Occasion, QEMU_11_1_STEPS } from './multi-source/manager-steps.ts';
export { MultiSourceManager } from './multi-source/multi-source-manager.ts';
export type { RamDiscardSource } from './multi-source/ram-discard-source.ts';
export type { SourceListener, Window } from './multi-source/source-listener.ts';
export { createMultiSourceRdm, multiSourceRdm } from './multi-source-rdm.ts';
export { ramBlockAttributes } from './ram-block-attributes.ts';
export { rdmPrivateAsDiscarded } from './rdm-private-as-discarded.ts';
export { checkUnitCases, type UnitCaseMismatch, type UnitCaseReport } from './unit-cases/check-unit-cases.ts';
export { UnitCaseError } from './unit-cases/unit-case-error.ts';
