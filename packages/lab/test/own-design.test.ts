// SPDX-License-Identifier: MIT
// A design of one's own, run by the built program. Whatever it does, it gets a verdict; a lab that crashes, hangs or
// prints anything but its document on standard output would show here.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type ConformDocument, conformSchema, type ReplayDocument, replaySchema } from '../src/index.ts';
import { conformBlocks } from '../src/conform/conform-blocks.ts';
import { toTerminal } from '../src/text/to-terminal.ts';
import { type DesignParts, writeDesign } from './support/design-file.ts';
import { runProgram } from './support/run-program.ts';
import { suiteFolders } from './support/suite-folders.ts';

const FEW = ['--backend', 'type1v2', '--runs', '20', '--json'];
const SHORT = 'attach(c0); convert(0+1,shared); detach(c0)';
const LONG = 60_000;
const newFolder = suiteFolders();

function designFolder(parts: DesignParts, name?: string): string {
  const folder = newFolder();
  writeDesign(folder, parts, name);
  return folder;
}

async function conformed(folder: string, ...args: string[]) {
  const { code, stdout, stderr } = await runProgram(['conform', ...args, ...FEW], { cwd: folder });
  const document: ConformDocument = v.parse(conformSchema, JSON.parse(stdout));
  return { code, stderr, document, design: document.strategies.at(-1)! };
}

async function replayed(parts: DesignParts, ...args: string[]) {
  const given = ['replay', SHORT, '--strategy', './design.js', '--json', ...args];
  const { code, stdout, stderr } = await runProgram(given, { cwd: designFolder(parts) });
  const document: ReplayDocument = v.parse(replaySchema, JSON.parse(stdout));
  return { code, stderr, document, words: document.broken.map(({ explanation }) => explanation).join('\n') };
}

/** The one line that a design gets which cannot be run. */
async function refusal(folder: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(args, { cwd: folder });
  expect([code, stdout]).toEqual([64, '']);
  expect(stderr).toMatch(/^sda-lab: [^\n]+\n$/);
  return stderr;
}

describe.concurrent('a strategy given as a file', () => {
  it('is judged as one of the lab is, beside one of the lab', async () => {
    const { code, document, stderr } = await conformed(designFolder({}), './design.js', 'blocked');
    expect([code, stderr]).toEqual([0, '']);
    expect(document.strategies.map(({ id, verdict, own }) => [id, verdict, own?.file])).toEqual([
      ['blocked', 'holds', undefined],
      ['my-design', 'holds', './design.js'],
    ]);
    expect(document.strategies[1]!.own).toEqual({ file: './design.js', limits: { seconds: 120, heapMiB: 1024 }, ended: null });
    expect(document.matchesExpectations).toBe(true);
  }, LONG);

  it('in TypeScript runs where Node strips types, and is refused elsewhere', async () => {
    const folder = newFolder();
    const text = "export default { id: 'typed', title: 't' as string, create: (_host: unknown) => ({}) };\n";
    writeFileSync(join(folder, 'design.mts'), text);
    const run = await runProgram(['replay', SHORT, '--strategy', './design.mts', '--json'], { cwd: folder });
    const strips = 'typescript' in process.features && process.features.typescript !== false;
    const refused = `sda-lab: ./design.mts: Node ${process.versions.node} does not run TypeScript; use Node 22.18, 23.6 or newer, or give the compiled .js\n`;
    expect([run.code, strips ? run.stdout.includes('"strategy": "typed"') : run.stderr]).toEqual(strips ? [1, true] : [64, refused]);
  });
});

describe.concurrent('a file that cannot be run', () => {
  it.each<[string, string, string]>([
    ['no strategy', 'export default { id: "a", capabilities: { reset: 1 } };', './design.js is no strategy: title is missing'],
    ['a syntax error', 'const = 3;', "./design.js cannot be loaded: SyntaxError: Unexpected token '='; node --check ./design.js shows where"],
    ['a throw', 'throw new Error("bad day");', './design.js cannot be loaded: Error: bad day'],
    ['an exit', 'process.exit(0);', './design.js cannot be loaded: Error: the design called process.exit(0)'],
    ['a rejection', 'Promise.reject(new Error("nobody")); export default { id: "a", title: "a", create: () => ({}) };', './design.js cannot be loaded: it throws outside of any call: Error: nobody'],
    ['a timer that throws', 'setTimeout(() => { throw new Error("late"); }, 0); export default { id: "a", title: "a", create: () => ({}) };', './design.js cannot be loaded: it throws outside of any call: Error: late'],
    ['an endless wait', 'await new Promise(() => {});', './design.js did not finish loading: the thread it ran in ended'],
    ['a change of the language', 'Array.prototype.push = () => 0;', "./design.js cannot be loaded: TypeError: Cannot assign to read only property 'push'"],
  ])('%s', async (_, text, words) => {
    const folder = newFolder();
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'design.js'), text);
    expect(await refusal(folder, 'conform', './design.js')).toContain(words);
  });

  it('an endless loop', async () => {
    const folder = designFolder({ before: 'for (;;);' });
    expect(await refusal(folder, 'replay', SHORT, '--strategy', './design.js', '--time-limit', '1')).toContain('./design.js did not finish loading: no answer within 1 s');
  });

  it('a module in a folder of scripts', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }');
    writeFileSync(join(folder, 'design.js'), 'export default {};\n');
    const { code, stderr } = await runProgram(['conform', './design.js'], { cwd: folder });
    expect([code, stderr.includes('a module needs "type": "module" in the package.json above it, or the ending .mjs')]).toEqual([64, true]);
  });

  it('a regime or a switch it does not have', async () => {
    const folder = designFolder({ before: 'right.capabilities.regimes.pop();' });
    const line = await refusal(folder, 'replay', 'world(regime=in-place); attach(c0)', '--strategy', './design.js');
    expect(line).toContain('my-design has no in-place regime; it has two-backend');
    expect(await refusal(folder, 'conform', './design.js', '--without', 'replay')).toContain("my-design has no switch 'replay'");
  });

  it('the id of another', async () => {
    const folder = designFolder({ change: 'for (;;);' });
    writeFileSync(join(folder, 'again.js'), "export { default } from './design.js';\n");
    const line = await refusal(folder, 'conform', './design.js', './again.js', '--time-limit', '2');
    expect(line).toContain("./again.js: the id 'my-design' is taken by ./design.js; choose another");
  });

  it.each<[string, string[], string]>([
    ['no file', ['conform', './nope.js'], 'there is no file ./nope.js'],
    ['a folder', ['conform', '../'], '../ is a folder; give the path of the module in it, such as ../my-strategy.js, or an id'],
    ['limits for a design of the lab', ['conform', 'blocked', '--time-limit', '2'], 'are for a design of your own'],
    ['limits for a replay of one', ['replay', SHORT, '--strategy', 'blocked', '--memory-limit', '64'], 'are for a design of your own'],
    ['no time at all', ['conform', './a.js', '--time-limit', '0'], 'Give a whole number from 1 to 86400'],
    ['no memory at all', ['conform', './a.js', '--memory-limit', '1'], 'Give a whole number from 64 to 1048576'],
  ])('%s', async (_, args, words) => {
    expect(await refusal('.', ...args)).toContain(words);
  });
});

/** Tries what must not work, each attempt by itself, and throws what came of them. */
const ATTEMPTS = `design.convert = () => {
    const told = [];
    for (const attempt of [
      () => process.exit(0),
      () => process.kill(process.pid),
      () => { Array.prototype.map = () => []; },
      () => { Object.prototype.status = 0; },
      () => { globalThis.Map = Set; },
      () => { Object.getPrototypeOf([].values()).next = () => ({ done: true }); },
      () => { Object.getPrototypeOf(Uint8Array.prototype).fill = () => 0; },
    ]) try { attempt(); told.push('worked'); } catch ({ message }) { told.push(message.slice(0, 22)); }
    throw new Error(told.join(', '));
  };`;
const OUTCOMES = [
  'the design called proc',
  'the design called proc',
  'Cannot assign to read ',
  'Cannot add property st',
  'Cannot assign to read ',
  'Cannot assign to read ',
  'Cannot assign to read ',
].join(', ');

describe.concurrent('a design that misbehaves in its thread', () => {
  it.each<[string, DesignParts, string]>([
    ['answers nonsense', { change: 'design.convert = async () => 0;' }, 'PortError: convert answered a promise'],
    ['recurses without end', { change: 'design.convert = function again() { return again(); };' }, 'RangeError: Maximum call stack size exceeded'],
    ['leaves, or changes what it shares with the suite', { change: ATTEMPTS }, `Error: ${OUTCOMES}`],
  ])('%s', async (_, parts, words) => {
    const { code, document, words: told, stderr } = await replayed(parts);
    expect([code, document.verdict, document.broken.map(({ invariant }) => invariant), stderr]).toEqual([1, 'broken', ['nonfatal'], '']);
    expect(told).toContain(`However, it ended: ${words}`);
  });

  it.each<[string, DesignParts, string[], RegExp]>([
    ['loops over what it is told', { change: 'design.convert = () => { for (;;) try { host.discard(); } catch {} };' }, ['--time-limit', '2'], /^no answer within 2 s$/],
    ['fills its heap', { change: 'design.convert = () => { const all = []; for (;;) all.push(new Array(1000).fill({})); };' }, ['--memory-limit', '64'], /^it used (up its heap of 64 MiB|more than 384 MiB of memory)$/],
    ['fills typed arrays', { change: 'design.convert = () => { const all = []; for (;;) all.push(new Uint8Array(1 << 22).fill(1)); };' }, ['--memory-limit', '64'], /^it used more than 384 MiB of memory$/],
    ['fills one array', { change: 'design.convert = () => { const all = []; for (;;) all.push(all.length); };' }, ['--memory-limit', '64'], /^(the process it ran in died|it used up its heap|it used more than)/],
  ])('%s, and is ended', async (_, parts, limits, reason) => {
    const { code, document } = await replayed(parts, ...limits);
    expect([code, document.verdict, document.steps, document.broken]).toEqual([2, 'unknown', [], []]);
    expect(document.ended).toMatch(reason);
  });

  it('what it prints goes to standard error, up to a limit', async () => {
    const change = 'design.convert = () => { for (let at = 0; at < 10_000; at += 1) console.log("hello", { at }); return 0; };';
    const { stderr } = await replayed({ change, before: 'console.error("loading");' });
    expect(stderr.startsWith('loading\nhello { at: 0 }\nhello { at: 1 }\n')).toBe(true);
    expect(stderr.endsWith('(what it prints from here on is left out)\n')).toBe(true);
    expect(stderr.length).toBeLessThan(25_000);
  });

  it.each<[string, string, string]>([
    ['a rejected promise', 'Promise.reject(new Error("nobody"))', 'Error: nobody'],
    ['a rejection some awaits later', '(async () => { await 0; await 0; throw new Error("later"); })()', 'Error: later'],
    ['a microtask', 'queueMicrotask(() => { throw new Error("micro"); })', 'Error: micro'],
    ['a timer', 'setTimeout(() => { throw new Error("timer"); }, 0)', 'Error: timer'],
  ])('%s that nobody waits for ends the VMM', async (_, statement, words) => {
    const change = `const { convert } = design; design.convert = (...request) => { ${statement}; return convert.apply(design, request); };`;
    const { code, document, words: told } = await replayed({ change });
    expect([code, document.verdict, document.broken.map(({ invariant }) => invariant)]).toEqual([1, 'broken', ['nonfatal']]);
    expect(told).toMatch(new RegExp(`However, an error outside of any call ends it: ${words}\\.$`));
  });
});

describe.concurrent('the suite over a design that is ended', () => {
  it('says why, with the history under way, and calls what was not run unknown', async () => {
    const folder = designFolder({ change: 'design.convert = () => { for (;;); };' }, "it's mine.js");
    const { code, design, document, stderr } = await conformed(folder, "./it's mine.js", '--time-limit', '2');
    expect([code, design.verdict, stderr]).toEqual([2, 'unknown', '']);
    expect(design.own!.ended!.reason).toBe('no answer within 2 s');
    expect(design.own!.ended!.underWay).toMatch(/^world\(.*\); .*convert\(/);
    expect(design.cells.map(({ outcome, regime }) => [regime, outcome])).toEqual([['two-backend', 'unknown'], ['in-place', 'unknown']]);
    const lines = [
      "From ./it's mine.js, in a Worker with a time limit of 2 s and 1024 MiB of heap.",
      'Ended before the suite was through: no answer within 2 s. What was not run is unknown. Under way was',
      '',
      `    ${design.own!.ended!.underWay!}`,
      `    npm run lab -- replay '${design.own!.ended!.underWay!}' --strategy './it'\\''s mine.js'`,
    ];
    expect(toTerminal(conformBlocks(document))).toContain(lines.join('\n'));
  }, LONG);

  it('keeps what was found by then: broken stays broken', async () => {
    const parts: DesignParts = {
      before: "let worlds = 0; right.capabilities.regimes = ['in-place'];",
      change: 'design.unsubscribe = () => {}; worlds += 1; if (worlds === 20) for (;;);',
    };
    const { code, design } = await conformed(designFolder(parts), './design.js', '--time-limit', '3');
    expect([code, design.verdict, design.own!.ended!.reason]).toEqual([1, 'broken', 'no answer within 3 s']);
    expect(design.cells.map(({ outcome }) => outcome)).toEqual(['n-a', 'broken']);
    expect(design.failures.map(({ invariant }) => invariant)).toContain('hotplug');
  }, LONG);
});

describe.concurrent('the suite over a design that works by halves', () => {
  it('finds an error outside of any call under the history that set it off', async () => {
    const change = `const { convert } = design;
      design.convert = (request, to) => { if (to === 'private') Promise.reject(new Error('nobody')); return convert.call(design, request, to); };`;
    const { code, design } = await conformed(designFolder({ change }), './design.js');
    expect([code, design.verdict]).toEqual([1, 'broken']);
    expect(design.failures.map(({ invariant, regime }) => [regime, invariant])).toEqual([['two-backend', 'nonfatal'], ['in-place', 'nonfatal']]);
    for (const { history, regime, explanation } of design.failures) {
      expect(history).toMatch(/,private\)/);
      expect(history.includes('regime=in-place')).toBe(regime === 'in-place');
      expect(explanation).toMatch(/an error outside of any call ends it: Error: nobody\.$/);
    }
  }, LONG);

  it('says so plainly where no history is known to have set it off', async () => {
    const { design } = await conformed(designFolder({ before: "setTimeout(() => { throw new Error('old'); }, 30);" }), './design.js');
    expect([design.verdict, design.failures.length]).toEqual(['broken', 1]);
    expect(design.failures[0]!.explanation).toContain('ends it: Error: old. It is not known which history set it off; this one was the last.');
  }, LONG);

  it('says that a finding does not show again which came of what the module remembers', async () => {
    const parts: DesignParts = {
      before: 'let worlds = 0;',
      change: "worlds += 1; if (worlds >= 30) design.convert = () => { throw new Error('worn out'); };",
    };
    const folder = designFolder(parts);
    const { code, design } = await conformed(folder, './design.js');
    const [first] = design.failures;
    expect([code, design.verdict]).toEqual([1, 'broken']);
    expect(first!.explanation).toMatch(/worn out\. A second run of this history did not show it: the design keeps state outside of what create\(\) answers/);
    const again = await runProgram(['replay', first!.history, '--strategy', './design.js'], { cwd: folder });
    expect([again.code, again.stdout.includes('Verdict: holds')]).toEqual([0, true]);
  }, LONG);
});
