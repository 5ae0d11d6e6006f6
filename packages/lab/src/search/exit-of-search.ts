// SPDX-License-Identifier: MIT
import { exitOfVerdicts } from '../conform/exit-of-verdicts.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import type { SearchDocument } from './search-document.ts';

/**
 * Named strategies by their verdicts, as is whatever nothing is expected of. Else by the comparison; a shard is right as
 * far as nothing in it is unexpected and all of it was searched, and the join tells the rest.
 */
export function exitOfSearch(document: SearchDocument): ExitCode {
  const { request, strategies, differences, matchesExpectations } = document;
  const isShard = strategies.some(({ part }) => part !== null);
  if (request.named || (matchesExpectations === null && !isShard)) return exitOfVerdicts(document);
  if (differences.length > 0) return EXIT.broken;
  const isRight = isShard ? strategies.every(({ complete }) => complete) : matchesExpectations === true;
  return isRight ? EXIT.holds : EXIT.unknown;
}
