// SPDX-License-Identifier: MIT
import type { Block } from '../text/block.ts';
import type { ReplayDocument } from './replay-document.ts';

/** What `replay` prints for people: each step with its answer, below it what happened inside; then the verdict. */
export function replayBlocks(document: ReplayDocument): Block[] {
  const { strategy, without, history, steps, broken } = document;
  const variant = without.length === 0 ? '' : ` without ${without.join(', ')}`;
  return [
    { kind: 'heading', level: 1, text: `${strategy}${variant}` },
    { kind: 'code', lines: [history] },
    ...steps.map(({ number, operation, answer, events }): Block => {
      const lines = [`${number}. ${operation}  ->  ${answer}`, ...events.map(({ text }) => `     ${text}`)];
      return { kind: 'text', text: lines.join('\n') };
    }),
    { kind: 'text', text: verdictText(document) },
    ...broken.flatMap(({ invariant, reach, step, explanation }): Block[] => [
      { kind: 'heading', level: 3, text: `${invariant}: ${reach}, seen ${seenAt(step, steps.length)}` },
      { kind: 'text', text: explanation },
    ]),
  ];
}

function seenAt(step: number, stepCount: number): string {
  if (step === 0) return 'when the world was built';
  return step > stepCount ? 'after the last step, when everything was detached' : `in step ${step}`;
}

function verdictText({ verdict, stopped, broken, cost, ended }: ReplayDocument): string {
  const stop = stopped ? ' A refused conversion stopped the VM; what follows it is latent.' : '';
  const names = broken.map(({ invariant }) => invariant).join(', ');
  const why = verdict === 'unknown' ? (ended ?? 'the history has no operations') : names;
  const what = why === '' ? '' : `: ${why}`;
  return [
    `Verdict: ${verdict}${what}.${stop}`,
    `Map calls ${cost.mapCalls}, unmap calls ${cost.unmapCalls}, notifications ${cost.notifications}, ` +
      `peak mappings ${cost.peakMappings}, peak frames (4 KiB) ${cost.peakFrames}.`,
  ].join('\n');
}
