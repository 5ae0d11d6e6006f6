// SPDX-License-Identifier: MIT
import { historyToJsonLines, parseHistory } from '@sda-lab/conformance';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type ReplayDocument, replaySchema } from '../src/index.ts';
import { runInside } from './support/run-inside.ts';
import { runProgram } from './support/run-program.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const SIX_STEPS =
  'world(); attach(c0); convert(0+1,shared); touch(0); convert(0+1,private); convert(0+1,shared); touch(0); dma(c0,0,read)';
const RETRY_HOLE = 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+2,shared); heal';

function replayed(history: string, strategy: string, ...more: string[]): { code: number; document: ReplayDocument } {
  const { code, out, err } = runInside(['replay', history, '--strategy', strategy, '--json', ...more]);
  expect(err).toBe('');
  return { code, document: v.parse(replaySchema, JSON.parse(out)) };
}

/** `invariant reach` of all that fell. */
function fallen({ broken }: ReplayDocument): string[] {
  return broken.map(({ invariant, reach }) => `${invariant} ${reach}`);
}

describe('replay', () => {
  it('shows the six steps: the device reads the page that was discarded', () => {
    const { code, document } = replayed(SIX_STEPS, 'uncoordinated');
    expect([code, document.verdict, document.history]).toEqual([1, 'broken', SIX_STEPS]);
    expect(document.steps.map(({ answer }) => answer)).toEqual(['0', '0', '0 0xa1', '0', '0', '0 0xa2', '0 0xa1']);
    expect(document.steps[3]!.events.map(({ text }) => text)).toEqual([
      'KVM attributes gfn [0x0, 0x1) private',
      'discard shared side of ram [0x0, 0x1)',
    ]);
    const coherent = document.broken.find(({ invariant }) => invariant === 'coherent')!;
    expect([coherent.reach, coherent.step]).toEqual(['live', 5]);
    expect(coherent.explanation).toMatch(/^Let .* Then .* However, /);
  });

  it.each(['extended-rdm', 'notifier-list'])('shows that %s holds through the six steps', (id) => {
    const { code, document } = replayed(SIX_STEPS, id);
    expect([code, document.verdict, document.broken, document.steps.at(-1)!.answer]).toEqual([0, 'holds', [], '0 0xa2']);
  });

  it('the retry hole of ram-block-attributes is latent while the VMM stops the VM', () => {
    const { code, document } = replayed(RETRY_HOLE, 'ram-block-attributes');
    expect([code, document.stopped]).toEqual([1, true]);
    expect(fallen(document)).toContain('atomic latent');
    expect(document.broken.find(({ invariant }) => invariant === 'atomic')!.step).toBe(4);
  });

  it('the retry hole of ram-block-attributes is live once the guest may retry', () => {
    const { document } = replayed(`world(onRefusal=retry); ${RETRY_HOLE}`, 'ram-block-attributes');
    expect(document.stopped).toBe(false);
    expect(fallen(document)).toContain('atomic live');
  });

  it('rdm-private-as-discarded reports a refused map as success, live', () => {
    const { document } = replayed(RETRY_HOLE, 'rdm-private-as-discarded');
    expect(document.steps[2]!.answer).toBe('0');
    expect(fallen(document)).toEqual(expect.arrayContaining(['complete live', 'atomic live']));
  });

  it('leaves a part of a design out', () => {
    const history = 'convert(1+2,shared); attach(c0)';
    expect(replayed(history, 'notifier-list').code).toBe(0);
    const { code, document } = replayed(history, 'notifier-list', '--without', 'replay');
    expect([code, document.without, fallen(document)]).toEqual([1, ['replay'], expect.arrayContaining(['hotplug live'])]);
  });

  it('does not call a history without operations good', () => {
    const { code, document } = replayed('world(pages=4)', 'blocked');
    expect([code, document.verdict]).toEqual([2, 'unknown']);
  });

  it('reads the same history from a text file and from JSON Lines', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'six.txt'), `${SIX_STEPS.replaceAll('; ', '\r\n').replace('0+1,', '0+1,\n')}\n`);
    writeFileSync(join(folder, 'six.jsonl'), historyToJsonLines(parseHistory(SIX_STEPS)));
    const inline = runInside(['replay', SIX_STEPS, '--strategy', 'uncoordinated', '--json'], folder);
    for (const file of ['six.txt', 'six.jsonl', join(folder, 'six.txt')]) {
      expect(runInside(['replay', file, '--strategy', 'uncoordinated', '--json'], folder)).toEqual(inline);
    }
  });

  it('prints steps, answers, events and verdict for people', async () => {
    const { code, stdout, stderr } = await runProgram(['replay', RETRY_HOLE, '--strategy', 'ram-block-attributes']);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toContain('3. convert(0+2,shared)  ->  -ENOMEM\n     KVM attributes gfn [0x0, 0x2) shared\n');
    expect(stdout).toContain('Verdict: broken: atomic, complete. A refused conversion stopped the VM; what follows it is latent.');
    expect(stdout).toContain('atomic: latent, seen in step 4');
  });
});
