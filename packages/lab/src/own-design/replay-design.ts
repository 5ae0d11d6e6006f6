// SPDX-License-Identifier: MIT
/** `replay` with a design of one's own: the same document as for a design of the lab, made in a Worker. */
import { printHistory } from '@sda-lab/conformance';
import type { Io } from '../command-line/io.ts';
import { documentText } from '../document-text.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { readHistory } from '../replay/read-history.ts';
import { replayBlocks } from '../replay/replay-blocks.ts';
import { REPLAY_SCHEMA_ID, type ReplayDocument } from '../replay/replay-document.ts';
import { toTerminal } from '../text/to-terminal.ts';
import { UsageError } from '../usage-error.ts';
import { designOf } from './design-of.ts';
import { type Limits, limitsOf } from './limits.ts';
import type { Message, ReplayJob } from './protocol.ts';
import { runApart } from './run-apart.ts';

export interface ReplayDesignOptions {
  readonly without?: readonly string[] | undefined;
  readonly timeLimit?: number | undefined;
  readonly memoryLimit?: number | undefined;
  readonly json?: true | undefined;
}

export async function replayDesign(name: string, given: string, options: ReplayDesignOptions, io: Io): Promise<ExitCode> {
  const { without = [] } = options;
  const design = designOf(name, io.folder);
  const history = printHistory(readHistory(given, io.folder));
  const document = await replayInWorker({ kind: 'replay', ...design, history, without }, limitsOf(options), (text) => io.err(text));
  io.out(options.json === true ? documentText(document) : toTerminal(replayBlocks(document)));
  return EXIT[document.verdict];
}

export async function replayInWorker(job: ReplayJob, limits: Limits, say: (text: string) => void): Promise<ReplayDocument> {
  const heard = new Map<Message['kind'], Message>();
  const ended = await runApart({ job, limits }, (message) => {
    if (message.kind === 'said') say(message.text);
    else heard.set(message.kind, message);
  });
  const of = <K extends Message['kind']>(kind: K) => heard.get(kind) as Extract<Message, { kind: K }> | undefined;
  const refused = of('refused');
  if (refused !== undefined) throw new UsageError(refused.reason);
  const loaded = of('loaded');
  if (loaded === undefined) throw new UsageError(`${job.name} did not finish loading: ${ended?.reason ?? 'it says nothing'}`);
  const failed = of('failed');
  const reason = ended?.reason ?? `the replay failed beside it: ${failed?.reason ?? ''}`;
  return of('replayed')?.document ?? endedDocument(job, loaded.id, reason);
}

function endedDocument({ history, without }: ReplayJob, strategy: string, ended: string): ReplayDocument {
  return {
    schema: REPLAY_SCHEMA_ID,
    strategy,
    without: [...without],
    history,
    steps: [],
    stopped: false,
    verdict: 'unknown',
    broken: [],
    cost: { mapCalls: 0, unmapCalls: 0, notifications: 0, peakMappings: 0, peakFrames: 0 },
    ended,
  };
}
