// SPDX-License-Identifier: MIT
import { checkUnitCases, UnitCaseError } from '@sda-lab/rdm-manager';
import type { RecordingFile } from '../check-kernel/read-recording.ts';
import { UsageError } from '../usage-error.ts';
import { CHECK_RDM_SCHEMA_ID, type CheckRdmDocument } from './check-rdm-document.ts';

/** Unit cases against the manager of `multi-source-rdm`, as the document of `check rdm --json`. */
export function checkRdm(cases: readonly RecordingFile[]): CheckRdmDocument {
  const files = cases.map(checkFile);
  const sum = (key: 'cases' | 'operations' | 'mismatches'): number => files.reduce((total, file) => total + file[key], 0);
  return {
    schema: CHECK_RDM_SCHEMA_ID,
    files,
    cases: sum('cases'),
    operations: sum('operations'),
    mismatches: sum('mismatches'),
  };
}

function checkFile({ file, text }: RecordingFile): CheckRdmDocument['files'][number] {
  try {
    const { cases, operations, mismatches, first } = checkUnitCases(text);
    return {
      file,
      cases,
      operations,
      mismatches,
      first: first.map((one) => ({ ...one, expected: { ...one.expected }, got: { ...one.got }, before: [...one.before] })),
    };
  } catch (error) {
    if (!(error instanceof UnitCaseError)) throw error;
    throw new UsageError(`${file}: ${error.message}`);
  }
}
