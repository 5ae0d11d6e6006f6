// SPDX-License-Identifier: MIT
// Which export of a module is the design, and what is told where there is none.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isDesignFile } from '../src/own-design/is-design-file.ts';
import { loadDesign } from '../src/own-design/load-design.ts';
import { UsageError } from '../src/usage-error.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const load = (text: string, name = 'design.mjs') => {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, text);
  return loadDesign({ file, name: `./${name}` }, { taken: './first.js' });
};

const strategy = (id: string) => `{ id: '${id}', title: 't', create: () => ({}) }`;

describe('a name given for a strategy', () => {
  it.each([['./a', true], ['a/b', true], ['a.js', true], ['a.mjs', true], ['a.cts', true], [String.raw`C:\a`, true], ['extended-rdm', false], ['a.json', false]])('%s means a file: %s', (name, isFile) => {
    expect(isDesignFile(name)).toBe(isFile);
  });
});

describe('the design in a module', () => {
  it.each<[string, string, string?]>([
    ['is the default export', `export default ${strategy('it')}; export const other = ${strategy('other')};`],
    ['is the only export', `export const one = ${strategy('it')};`],
    ['is the only export that could be one', `export const one = ${strategy('it')}; export const VERSION = 3; export const make = () => ({});`],
    ['is module.exports', `module.exports = ${strategy('it')};`, 'design.cjs'],
  ])('%s', async (_, text, name) => {
    expect((await load(text, name)).id).toBe('it');
  });

  it.each<[string, string, string]>([
    ['nothing', 'export {};', './design.mjs exports nothing; export the strategy: export default { id, title, create }'],
    ['several things', 'export const a = 1, b = 2;', './design.mjs exports a, b; make the strategy its default export'],
    ['two designs', `export const a = ${strategy('a')}, b = ${strategy('b')}, c = 3;`, './design.mjs exports a, b; make the strategy its default export'],
    ['something else', 'export const a = { name: 3 };', './design.mjs is no strategy: id is missing (its name in tables, as text); title is missing'],
    ['a factory', 'export default () => ({});', './design.mjs is no strategy: a strategy is an object with id, title and create; this is a function'],
    ['an id of the lab', `export default ${strategy('taken')};`, "./design.mjs: the id 'taken' is taken by ./first.js; choose another"],
  ])('is missed in a module with %s', async (_, text, message) => {
    const failure = await load(text).then(() => undefined, (error: unknown) => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect((failure as Error).message).toContain(message);
  });

});
