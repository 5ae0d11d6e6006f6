// SPDX-License-Identifier: MIT
import { parseHistory, runHistory } from '@sda-lab/conformance';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { Instance, Strategy } from '@sda-lab/guest-memory';
import { STRATEGIES } from '../src/index.ts';
import { MODELS } from '../src/search/models.ts';
import { runHere } from '../src/search/run-here.ts';
import { searchBlocks } from '../src/search/search-blocks.ts';
import { SEARCH_SCHEMA_ID, type SearchDocument, type SearchedStrategy, searchSchema } from '../src/search/search-document.ts';
import type { SearchJob, SearchRequest } from '../src/search/search-request.ts';
import { searchStrategies } from '../src/search/search-strategies.ts';
import { toTerminal } from '../src/text/to-terminal.ts';
import { runSearch } from './support/run-search.ts';

const REQUEST: SearchRequest = {
  model: 'per-page',
  pages: 1,
  containers: null,
  blocks: null,
  faults: null,
  races: false,
  symmetry: [],
  without: [],
  depth: 3,
  memoryMiB: 256,
};

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
    expect(request).toEqual({ ...REQUEST, pages: 2, depth: 1, memoryMiB: 64 });
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
    expect(out).toContain('Model per-page: pages one by one, two devices, every refusal of one map; pages 1.');
    expect(out).toMatch(/dma-mapping-tracker +broken +no +/);
    expect(out).toContain('Not complete: the depth bound was reached');
    expect(out).toContain('complete: live, 2 operations');
    expect(out).toContain("npm run lab -- replay 'world(");
  });

  it('says what keeps a search from holding, what its states stand for, and what it cannot know', () => {
    const strategy: SearchedStrategy = {
      id: 'design',
      verdict: 'broken',
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
    const request = { ...REQUEST, symmetry: ['pages' as const], without: ['replay'] };
    expect(toTerminal(searchBlocks({ schema: SEARCH_SCHEMA_ID, request, strategies: [strategy] }))).toBe(`\
Model per-page: pages one by one, two devices, every refusal of one map; pages 1; without replay; one state for all that differ by pages only.

strategy  verdict  complete  states  transitions  depth  seconds  transitions/s
design    broken   no         1,234    1,234,567      7     1.50        823,045

design

Not complete: the memory bound was reached, and states that did not fit are lost.
By re-execution: its state cannot be stored, so every way that it can tell apart is a state of its own.
The states kept stand for 20,000 states and 3,000,000 transitions.
Nothing came near to breaking atomic.
Shorter counterexamples may exist: refusals are shortcuts here; a search in one piece tells.

bounded: latent, 1 operation

why

    attach(c0)
    how
`);
  });

  it('keeps one line of progress where somebody watches, and takes it away', async () => {
    let err = '';
    const io = { showsProgress: true, err: (text: string) => (err += text) };
    await runSearch(['search', 'extended-rdm', '--model', 'per-page', '--pages', '2', '--depth', '4'], io);
    expect(err).toMatch(/extended-rdm: [\d,]+ states met, [\d,]+ explored, depth \d, \d+\.\d\d M transitions\/s; at least \d+ s left/);
    expect(err.endsWith('\r\u001B[K')).toBe(true);
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
      return { request: { ...REQUEST, pages: 10, depth: null }, strategyId, shard: null, maxBytes: 2 ** 26 };
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
  const prepare = () => MODELS['per-page'].prepare({ ...strategy, create }, { ...REQUEST, symmetry: ['pages'] });
  expect(prepare).toThrow('--symmetry pages cannot be used with extended-rdm: its state cannot be stored in words');
});

describe('wrong use of search', () => {
  it.each<[string, string[], string]>([
    ['no model', ['search'], "required option '--model <model>' not specified"],
    ['an unknown model', ['search', '--model', 'x'], 'Allowed choices are per-page'],
    ['an unknown strategy', ['search', 'x', '--model', 'per-page'], "no strategy 'x'"],
    ['an unknown switch', ['search', 'extended-rdm', '--model', 'per-page', '--without', 'x'], "extended-rdm has no switch 'x'"],
    ['a switch without a strategy', ['search', '--model', 'per-page', '--without', 'replay'], '--without needs a strategy by name'],
    ['no pages', ['search', '--model', 'per-page', '--pages', '0'], 'Give a whole number from 1'],
    ['too many pages', ['search', '--model', 'per-page', '--pages', '31'], '--model per-page takes at most 30 pages'],
    ['a bound the model has not', ['search', '--model', 'per-page', '--races'], '--model per-page has no --races'],
    ['a symmetry the model has not', ['search', '--model', 'per-page', '--symmetry', 'containers'], 'has no --symmetry containers; it has pages'],
    ['a shard that is none', ['search', '--model', 'per-page', '--shard', '0/2'], 'Give I/N, from 1/N to N/N.'],
    ['a shard beyond the last', ['search', '--model', 'per-page', '--shard', '3/2'], 'Give I/N, from 1/N to N/N.'],
    ['a shard with a depth', ['search', '--model', 'per-page', '--shard', '1/2', '--depth', '3'], '--shard cannot be used with --depth'],
    ['no workers', ['search', '--model', 'per-page', '--workers', '0'], 'Give a whole number from 1'],
  ])('%s', async (_, args, why) => {
    await expect(runSearch(args)).rejects.toThrow(why);
  });
});

function stopAfter(looks: number): () => boolean {
  let left = looks;
  return () => (left -= 1) < 0;
}
