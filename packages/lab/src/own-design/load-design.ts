// SPDX-License-Identifier: MIT
/**
 * A design of one's own from its file. Runs in the Worker, since loading runs the design's code already. Every refusal
 * is a `UsageError`: which file, what is wrong, what would be right.
 */
import { checkStrategy, StrategyError, thrownText } from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../usage-error.ts';
import type { Job } from './protocol.ts';

export interface DesignFile {
  /** Absolute. */
  readonly file: string;
  /** As the user gave it. */
  readonly name: string;
}

export async function loadDesign({ file, name }: DesignFile, taken: Job['taken']): Promise<Strategy> {
  const strategy = check(pickExport(await importModule(file, name), name), name);
  const owner = taken[strategy.id];
  if (owner !== undefined) throw new UsageError(`${name}: the id '${strategy.id}' is taken by ${owner}; choose another`);
  return strategy;
}

async function importModule(file: string, name: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    throw new UsageError(`${name} cannot be loaded: ${loadFailure(error, name)}`);
  }
}

function loadFailure(error: unknown, name: string): string {
  const text = thrownText(error);
  if (!(error instanceof SyntaxError)) return text;
  // Node tells the place of a syntax error to nobody who catches it.
  return `${text}; ${isModuleSyntax(error) ? MODULE_HINT : `node --check ${name} shows where`}`;
}

const MODULE_HINT = 'a module needs "type": "module" in the package.json above it, or the ending .mjs';

function isModuleSyntax({ message }: SyntaxError): boolean {
  return /token 'export'|import statement|import\.meta/.test(message);
}

/** The default export; without one, the only export that could be a strategy. */
function pickExport(module: Readonly<Record<string, unknown>>, name: string): unknown {
  if (module['default'] !== undefined) return module['default'];
  const names = Object.keys(module);
  const likely = names.filter((one) => isObject(module[one]) && 'create' in module[one]);
  const only = likely.length === 1 ? likely[0] : names.length === 1 ? names[0] : undefined;
  if (only !== undefined) return module[only];
  if (names.length === 0) throw new UsageError(`${name} exports nothing; export the strategy: export default { id, title, create }`);
  const those = (likely.length > 1 ? likely : names).join(', ');
  throw new UsageError(`${name} exports ${those}; make the strategy its default export`);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function check(value: unknown, name: string): Strategy {
  try {
    return checkStrategy(value);
  } catch (error) {
    if (!(error instanceof StrategyError)) throw error;
    throw new UsageError(`${name} is no strategy: ${error.message}`);
  }
}
