// SPDX-License-Identifier: MIT
// FC_SEED repeats a run of the properties, FC_RUNS sets how many runs each property makes.
import fc from 'fast-check';

function wholeNumber(name) {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`${name}=${text} is not a whole number`);
  return value;
}

const seed = wholeNumber('FC_SEED');
const numRuns = wholeNumber('FC_RUNS');
fc.configureGlobal({ ...(seed === undefined ? {} : { seed }), ...(numRuns === undefined ? {} : { numRuns }) });
