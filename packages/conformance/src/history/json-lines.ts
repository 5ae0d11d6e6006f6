// SPDX-License-Identifier: MIT
/**
 * Histories as JSON Lines: the first line `{"schema":"sda-lab/history@1","world":{...}}`, then one operation a line.
 */
import * as v from 'valibot';
import { worldSchema } from '../world/world-spec.ts';
import { checkHistory } from './check-history.ts';
import { HistoryError } from './history-error.ts';
import type { History } from './history.ts';
import { operationSchema } from './operation.ts';

export const HISTORY_SCHEMA_ID = 'sda-lab/history@1';

export const historyHeadSchema = v.strictObject({
  schema: v.literal(HISTORY_SCHEMA_ID),
  world: v.optional(worldSchema, {}),
});

export function historyToJsonLines(history: History): string {
  const head = JSON.stringify({ schema: HISTORY_SCHEMA_ID, world: history.world });
  return [head, ...history.operations.map((operation) => JSON.stringify(operation))].join('\n') + '\n';
}

export function historyFromJsonLines(text: string): History {
  const lines = text.split('\n').map((line, at) => ({ line: line.trim(), number: at + 1 }));
  const [head, ...rest] = lines.filter(({ line }) => line !== '');
  if (head === undefined) throw new HistoryError('history: the file is empty; the first line names the schema');
  const { world } = readLine(head, historyHeadSchema);
  return checkHistory({ world, operations: rest.map((line) => readLine(line, operationSchema)) });
}

function readLine<Schema extends v.GenericSchema>(
  { line, number }: { line: string; number: number },
  schema: Schema,
): v.InferOutput<Schema> {
  let data: unknown;
  try {
    data = JSON.parse(line);
  } catch (error) {
    throw new HistoryError(`history: line ${number} is no JSON: ${(error as Error).message}`);
  }
  const parsed = v.safeParse(schema, data);
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  throw new HistoryError(`history: line ${number}, ${v.getDotPath(issue) ?? 'line'}: ${issue.message}`);
}
