// SPDX-License-Identifier: MIT
import { parseHistory, runHistory } from '@sda-lab/conformance';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { Instance, Strategy } from '@sda-lab/guest-memory';
import { STRATEGIES } from '../src/index.ts';
import { MODELS } from '../src/search/models.ts';
import { progressText } from '../src/search/progress-text.ts';
import { runHere } from '../src/search/run-here.ts';
import { searchBlocks } from '../src/search/search-blocks.ts';
import { SEARCH_SCHEMA_ID, type SearchDocument, type SearchedStrategy, searchSchema } from '../src/search/search-document.ts';
import type { SearchJob, SearchRequest, SymmetryName } from '../src/search/search-request.ts';
import { searchStrategies } from '../src/search/search-strategies.ts';
import { toTerminal } from '../src/text/to-terminal.ts';
import { runSearch } from './support/run-search.ts';

const REQUEST: SearchRequest = {
  model: 'per-page',
  named: true,
  pages: 1,
  containers: null,
  blocks: null,
  faults: null,
  regime: 'two-backend',
  races: false,
  symmetry: [],
  everyStep: false,
  without: [],
  depth: 3,
  memoryMiB: 256,
};

const CLEAR_LINE = '\r\u001B[K';
const quiet = { isStopped: () => false, onProgress: () => undefined };

async function documentOf(args: readonly string[]): Promise<SearchDocument> {
  const { out } = await runSearch(['search', '--model', 'per-page', '--json', ...args]);
  return v.parse(searchSchema, JSON.parse(out));
}

describe('search --json', () => {
  it('tells a broken strategy, to the end of its bound, with counterexamples that a replay shows', async () => {
    const { strategies } = await documentOf(['rdm-private-as-discarded', '--pages', '1', '--depth', '3']);
    const [found] = strategies;
    expect(found).toMatchObject({ id: 'rdm-private-as-discarded', verdict: 'broken', complete: false, cut: 'depth', depth: 3, isShortest: true });
    const [{ invariant, reach, depth, history, explanation, replay }] = found!.counterexamples as [(typeof strategies)[0]['counterexamples'][0]];
    expect([invariant, reach, depth]).toEqual(['complete', 'live', 2]);
    expect(explanation).toContain('However, a page that is due is not mapped.');
    expect(replay).toBe(`npm run lab -- replay '${history}' --strategy rdm-private-as-discarded`);
    const strategy = STRATEGIES.find(({ id }) => id === 'rdm-private-as-discarded')!;
    expect(runHistory(strategy, parseHistory(history)).violations.map((one) => one.invariant)).toContain('complete');
  });

  it.each([
    ['uncoordinated', 'broken', 1],
    ['extended-rdm', 'unknown', 2],
  ])('of %s alone: %s, exit code %i', async (id, verdict, exitCode) => {
    const args = ['search', id, '--model', 'per-page', '--pages', '1', '--depth', '2', '--json'];
    const { code, out } = await runSearch(args);
    expect(code).toBe(exitCode);
    expect((JSON.parse(out) as SearchDocument).strategies.map((one) => [one.id, one.verdict])).toEqual([[id, verdict]]);
  });

  it('takes the bounds into the document, and searches what the model is for without a name', async () => {
    const { request, strategies } = await documentOf(['--pages', '2', '--depth', '1', '--memory', '64']);
    expect(request).toEqual({ ...REQUEST, named: false, pages: 2, depth: 1, memoryMiB: 64 });
    expect(strategies.map(({ id }) => id)).toEqual(['extended-rdm']);
  });

  it('leaves additions out', async () => {
    const { strategies } = await documentOf(['extended-rdm', '--without', 'replay', '--pages', '1', '--depth', '3']);
    expect(strategies[0]!.counterexamples.map(({ invariant, depth }) => [invariant, depth])).toEqual([['complete', 3]]);
    expect(strategies[0]!.counterexamples[0]!.replay).toMatch(/ --strategy extended-rdm --without replay$/);
  });

  it('says the same twice, but for the time', async () => {
    const args = ['notifier-list', 'dma-mapping-tracker', '--pages', '1', '--depth', '3'];
    const timeless = ({ strategies }: SearchDocument) => strategies.map((one) => ({ ...one, seconds: 0, transitionsPerSecond: 0 }));
    expect(timeless(await documentOf(args))).toEqual(timeless(await documentOf(args)));
  });
});

describe('search for people', () => {
  it('shows counts, and each counterexample with its replay', async () => {
    const { out } = await runSearch(['search', 'dma-mapping-tracker', '--model', 'per-page', '--pages', '1', '--depth', '2']);
    expect(out).toContain('Model per-page: 1 page one by one, two devices, every refusal of one map; within 2 operations.');
    expect(out).toMatch(/dma-mapping-tracker +broken +no +/);
    expect(out).toContain('Not complete: the depth bound was reached');
    expect(out).toContain('complete: live, 2 operations');
    expect(out).toContain("npm run lab -- replay 'world(");
  });

  it('says what keeps a search from holding, what its states stand for, and what it cannot know', () => {
    const strategy: SearchedStrategy = {
      id: 'design',
      verdict: 'broken',
      notApplicable: false,
      complete: false,
      cut: 'memory',
      by: 're-execution',
      states: 1234,
      transitions: 1_234_567,
      covers: { states: 20_000, transitions: 3_000_000 },
      depth: 7,
      seconds: 1.5,
      transitionsPerSecond: 823_045,
      isShortest: false,
      counterexamples: [{ invariant: 'bounded', reach: 'latent', depth: 1, history: 'attach(c0)', explanation: 'why', replay: 'how' }],
      unwitnessed: ['atomic'],
      excluded: [],
      part: null,
    };
    const request = { ...REQUEST, depth: null, symmetry: ['pages' as const], without: ['replay'] };
    const document: SearchDocument = {
      schema: SEARCH_SCHEMA_ID,
      request,
      strategies: [strategy],
      differences: [],
      notFound: [],
      matchesExpectations: null,
    };
    expect(toTerminal(searchBlocks(document))).toBe(`\
Model per-page: 1 page one by one, two devices, every refusal of one map; without replay; one state for all that differ by pages only.

strategy  verdict  complete  states  transitions  depth  seconds  transitions/s
design    broken   no         1,234    1,234,567      7     1.50        823,045

design

Not complete: the memory bound was reached, and states that did not fit are lost.
By re-execution: its state cannot be stored, so every way that it can tell apart is a state of its own.
The states kept stand for 20,000 states and 3,000,000 transitions.
Nothing came near to breaking atomic.
Shorter counterexamples may exist: refusals are shortcuts here; a search in one piece tells.

bounded: latent, 1 operation, refusals not counted

why

    attach(c0)
    how

There are no expectations of a design without replay.
`);
  });

  it('keeps one line of progress where somebody watches, and takes it away', async () => {
    let err = '';
    const io = { showsProgress: true, err: (text: string) => (err += text) };
    await runSearch(['search', 'extended-rdm', '--model', 'per-page', '--pages', '2', '--depth', '4'], io);
    expect(err.startsWith(`${CLEAR_LINE}extended-rdm: 0 states met, 0 explored, depth 0, 0.00 M transitions/s`)).toBe(true);
    expect(err.endsWith(CLEAR_LINE)).toBe(true);
  });

  it('estimates what is left from the states met and not explored yet', () => {
    const job: SearchJob = { request: REQUEST, strategyId: 'blocked', shard: { index: 1, of: 4 }, maxBytes: 1, number: 2, jobCount: 11 };
    const progress = { states: 10_000, expanded: 4000, transitions: 3_000_000, depth: 5 };
    expect(progressText(job, progress, 2)).toBe(
      '2 of 11, blocked, shard 2/4: 10,000 states met, 4,000 explored, depth 5, 1.50 M transitions/s; at least 3 s left',
    );
  });
});

describe('a search that is interrupted', () => {
  it('says what is known, and is unknown', async () => {
    const { strategies } = await searchStrategies(
      { request: { ...REQUEST, pages: 10, depth: null }, strategyIds: ['extended-rdm'], workers: 1, shard: null },
      { ...quiet, isStopped: stopAfter(3) },
    );
    expect(strategies[0]).toMatchObject({ verdict: 'unknown', complete: false, cut: 'interrupt' });
    expect(strategies[0]!.states).toBeGreaterThan(10);
  });

  it('does not begin what comes after', async () => {
    const jobs = ['extended-rdm', 'notifier-list'].map((strategyId): SearchJob => {
      return { request: { ...REQUEST, pages: 10, depth: null }, strategyId, shard: null, maxBytes: 2 ** 26, number: 1, jobCount: 2 };
    });
    const results = await runHere(jobs, { ...quiet, isStopped: stopAfter(2) });
    expect(results.map(({ result }) => [result.cut, result.states > 0])).toEqual([
      ['interrupt', true],
      ['interrupt', false],
    ]);
  });

  it('goes by a signal', async () => {
    const run = runSearch(['search', 'extended-rdm', '--model', 'per-page', '--pages', '10', '--json']);
    setTimeout(() => process.emit('SIGINT'), 200);
    const { code, out } = await run;
    expect(code).toBe(2);
    expect((JSON.parse(out) as SearchDocument).strategies[0]!.cut).toBe('interrupt');
    expect(process.listenerCount('SIGINT')).toBe(0);
  });
});

it('a symmetry that a design does not have is wrong use', () => {
  const strategy = STRATEGIES.find(({ id }) => id === 'extended-rdm')!;
  const create: Strategy['create'] = (host, without) => ({ ...(strategy.create(host, without) as object), words: undefined }) as unknown as Instance;
  const prepare = (name: SymmetryName) => () => MODELS['per-page'].prepare({ ...strategy, create }, { ...REQUEST, symmetry: [name] });
  const whyNot = 'its state cannot be stored in words; search it without';
  expect(prepare('pages')).toThrow(`--symmetry pages cannot be used with extended-rdm: ${whyNot}`);
  expect(prepare('containers')).toThrow(`--symmetry containers cannot be used with extended-rdm: ${whyNot}`);
});

function stopAfter(looks: number): () => boolean {
  let left = looks;
  return () => (left -= 1) < 0;
}
