// SPDX-License-Identifier: MIT
// The rules of the house, checked over all packages. Each check also runs on planted samples that break
// its rule, so that a check that cannot fire is seen, and on look-alikes that keep it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkImports, checkManifest, checkReferences, ROOMS, type Manifest } from './guards/arrows.ts';
import { checkPurity } from './guards/purity.ts';
import { checkFileLength, checkFunctionLengths, checkLicence, LICENCE } from './guards/shape.ts';
import { parse, readSources, type Finding, type Source, type Tree } from './guards/source.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const sources = readSources(root, ['packages', 'benchmarks', 'config']);
const trees = sources.map(parse);
const packageSources = trees.filter((tree) => /^packages\/[^/]+\/src\//.test(tree.source.file));
const belowLab = packageSources.filter((tree) => !tree.source.file.startsWith('packages/lab/'));

const readJson = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));
const show = (found: readonly Finding[]): string[] => found.map(({ file, line, what }) => `${file}:${line} ${what}`);
const sample = (text: string, file = 'packages/guest-memory/src/sample.ts'): Source => ({ file, text });
const tree = (text: string, file?: string): Tree => parse(sample(text, file));

describe('the repository keeps its rules', () => {
  it('finds the sources of every package', () => {
    const folders = readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'package.json')));
    expect(folders.toSorted()).toEqual(Object.keys(ROOMS).toSorted());
    for (const name of folders) expect(packageSources.map((one) => one.source.file)).toContain(`packages/${name}/src/index.ts`);
  });

  it('imports follow the arrows', () => {
    expect(show(packageSources.flatMap(checkImports))).toEqual([]);
  });

  it.each(Object.keys(ROOMS))('%s: the manifest and the project references follow the arrows', (name) => {
    const manifest = readJson(`packages/${name}/package.json`) as Manifest;
    const project = readJson(`packages/${name}/tsconfig.json`) as { references?: { path: string }[] };
    expect(show([...checkManifest(name, manifest), ...checkReferences(name, project.references ?? [])])).toEqual([]);
  });

  it('nothing below the lab uses chance, the clock or Node', () => {
    expect(show(belowLab.flatMap(checkPurity))).toEqual([]);
  });

  it('every source starts with the licence line', () => {
    expect(show(sources.flatMap(checkLicence))).toEqual([]);
  });

  it('files and functions are short', () => {
    expect(show([...sources.flatMap(checkFileLength), ...trees.flatMap(checkFunctionLengths)])).toEqual([]);
  });
});

describe('the check of imports', () => {
  it.each([
    ['a package above', `import { a } from '@sda-lab/conformance';`],
    ['a neighbour', `import type { A } from '@sda-lab/vfio-mock';`],
    ['a re-export', `export * from '@sda-lab/lab';`],
    ['a named re-export', `export { a } from '@sda-lab/lab';`],
    ['a dynamic import', `const a = await import('@sda-lab/lab');`],
    ['a computed dynamic import', `const a = await import('@sda-lab/' + 'lab');`],
    ['a type import in place', `export type A = import('@sda-lab/lab').A;`],
    ['a file of another package', `import { a } from '../../lab/src/index.ts';`],
    ['the tests of the same package', `import { a } from '../test/a.ts';`],
    ['the entry of another package inside itself', `import { a } from '@sda-lab/core-bitmap/src/runs.ts';`],
    ['a registry package', `import * as v from 'valibot';`],
    ['Node with its prefix', `import { readFileSync } from 'node:fs';`],
    ['Node without its prefix', `import { readFileSync } from 'fs';`],
    ['a part of a Node module', `import { readFile } from 'fs/promises';`],
  ])('fires on %s', (_, text) => {
    expect(checkImports(tree(text))).toHaveLength(1);
  });

  it('opens only the stock entry of rdm-manager to notifier-list', () => {
    const file = 'packages/notifier-list/src/sample.ts';
    expect(checkImports(tree(`import { a } from '@sda-lab/rdm-manager/stock';`, file))).toEqual([]);
    expect(checkImports(tree(`import { a } from '@sda-lab/rdm-manager';`, file))).toHaveLength(1);
  });

  it('opens vitest to one folder of conformance', () => {
    const text = `import { it } from 'vitest';`;
    expect(checkImports(tree(text, 'packages/conformance/src/vitest/sample.ts'))).toEqual([]);
    expect(checkImports(tree(text, 'packages/conformance/src/suite.ts'))).toHaveLength(1);
  });

  it('fires on a package without a row', () => {
    expect(checkImports(tree('export const a = 1;', 'packages/new-room/src/index.ts'))).toHaveLength(1);
  });

  it.each([
    ['a lower package', `import { a } from '@sda-lab/core-bitmap';`],
    ['a file beside', `import { a } from './page.ts';`],
    ['a file above in the same sources', `import { a } from '../src/page.ts';`],
    ['a comment', `// import { a } from 'node:fs';\n/* import('@sda-lab/lab') */`],
    ['a string', `export const a = "import { b } from 'node:fs'";`],
  ])('is quiet about %s', (_, text) => {
    expect(show(checkImports(tree(text)))).toEqual([]);
  });

  it('lets one file of the lab import what a user names', () => {
    const text = 'export const load = (file: string) => import(file);';
    expect(checkImports(tree(text, 'packages/lab/src/own-design/load-design.ts'))).toEqual([]);
    expect(checkImports(tree(text, 'packages/lab/src/own-design/worker.ts'))).toHaveLength(1);
  });

  it('lets the lab use Node', () => {
    expect(checkImports(tree(`import { readFileSync } from 'node:fs';`, 'packages/lab/src/sample.ts'))).toEqual([]);
  });
});

describe('the check of manifests and references', () => {
  const good = { dependencies: { '@sda-lab/core-bitmap': 'workspace:*' } };

  it('is quiet about a manifest that follows the table', () => {
    expect(checkManifest('guest-memory', good)).toEqual([]);
    expect(checkReferences('guest-memory', [{ path: '../core-bitmap' }])).toEqual([]);
  });

  it.each<[string, string, Manifest]>([
    ['a dependency too many', 'guest-memory', { dependencies: { ...good.dependencies, '@sda-lab/lab': 'workspace:*' } }],
    ['a registry package too many', 'guest-memory', { dependencies: { ...good.dependencies, valibot: '1.5.0' } }],
    ['a missing dependency', 'guest-memory', {}],
    ['a dev-dependency upwards', 'guest-memory', { ...good, devDependencies: { '@sda-lab/conformance': 'workspace:*' } }],
    ['a package without a row', 'new-room', {}],
  ])('fires on %s', (_, name, manifest) => {
    expect(checkManifest(name, manifest)).toHaveLength(1);
  });

  it('fires on a reference too many and on a missing one', () => {
    expect(checkReferences('guest-memory', [{ path: '../core-bitmap' }, { path: '../lab' }])).toHaveLength(1);
    expect(checkReferences('guest-memory', [])).toHaveLength(1);
  });
});

describe('the check of purity', () => {
  it.each([
    'const a = Math.random();',
    `const a = Math['random']();`,
    'const { random } = Math;',
    'const key = "random"; const a = Math[key]();',
    'const a = Date.now();',
    'const a = new Date();',
    'const a = performance.now();',
    'const a = process.env;',
    'const a = { process };',
    'const a = globalThis.process;',
    'setTimeout(() => {}, 1);',
    `const fs = require('fs');`,
    'let a: ReturnType<typeof setTimeout>;',
    'const a = [Date];',
    'const a = `${Date.now()}`;',
    'const a = crypto.getRandomValues(b);',
    '/// <reference types="node" />',
  ])('fires on %s', (text) => {
    expect(checkPurity(tree(text)).length).toBeGreaterThan(0);
  });

  it.each([
    'const a = Math.floor(1.5);',
    '// Math.random() and new Date() are not used\n/* process.exit() */',
    'const a = "process.exit()"; const b = `Date.now()`;',
    'const a = queue.process(1);',
    'const a = { process: 1, require() {} };',
    'class A { process(): void {} readonly performance = 1; }',
    'interface A { readonly process: number; setTimeout(): void }',
    'const a = /Math.random/;',
  ])('is quiet about %s', (text) => {
    expect(show(checkPurity(tree(text)))).toEqual([]);
  });
});

describe('the checks of shape', () => {
  const lines = (count: number): string => '\n'.repeat(count);

  it('fires on a missing, late or different licence line', () => {
    for (const text of ['', 'export {};', `\n${LICENCE}`, '// SPDX-License-Identifier: Apache-2.0']) {
      expect(checkLicence(sample(text))).toHaveLength(1);
    }
    expect(checkLicence(sample(`${LICENCE}\nexport {};`))).toEqual([]);
    expect(checkLicence(sample(`#!/usr/bin/env node\n${LICENCE}\n`))).toEqual([]);
  });

  it('fires on line 501 of a file, except in fixtures', () => {
    const text = (count: number): string => 'x;\n'.repeat(count);
    expect(checkFileLength(sample(text(500)))).toEqual([]);
    expect(checkFileLength(sample(text(501)))).toHaveLength(1);
    expect(checkFileLength(sample(text(501), 'packages/lab/test/fixtures/table.ts'))).toEqual([]);
  });

  it.each([
    ['a function', (count: number) => `function a() {${lines(count - 1)}}`],
    ['an arrow function', (count: number) => `const a = () => {${lines(count - 1)}};`],
    ['a method', (count: number) => `class A { b() {${lines(count - 1)}} }`],
    ['a method of an object', (count: number) => `const a = { b() {${lines(count - 1)}} };`],
    ['the body of a test', (count: number) => `it('a', () => {${lines(count - 1)}});`],
  ])('fires on line 71 of %s', (_, text) => {
    expect(checkFunctionLengths(tree(text(70)))).toEqual([]);
    expect(checkFunctionLengths(tree(text(71)))).toHaveLength(1);
  });

  it('counts the tests of a group, not the group', () => {
    expect(checkFunctionLengths(tree(`describe('a', () => {${lines(90)}});`))).toEqual([]);
    expect(checkFunctionLengths(tree(`describe.each([1])('a', () => {${lines(90)}});`))).toEqual([]);
  });
});
