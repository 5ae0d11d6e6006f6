// SPDX-License-Identifier: MIT
import { type Expectations, expectationsSchema } from '@sda-lab/conformance';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as v from 'valibot';

/** The file of expected outcomes, validated. It is a part of the conformance package. */
export function loadExpectations(): Expectations {
  const file = createRequire(import.meta.url).resolve('@sda-lab/conformance/expectations.json');
  return v.parse(expectationsSchema, JSON.parse(readFileSync(file, 'utf8')));
}
