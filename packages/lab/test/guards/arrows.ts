// SPDX-License-Identifier: MIT
// The arrows between the packages: who may import whom.
//
//     core-bitmap <- guest-memory <- vfio-mock, virtio-mem, rdm-manager
//     rdm-manager (entry `stock`) <- notifier-list
//     guest-memory, vfio-mock, virtio-mem <- conformance
//     all of these <- mutants
//     vfio-mock, virtio-mem, rdm-manager <- qemu-link
//     all of these <- lab
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { finding, walk, type Finding, type SyntaxNode, type Tree } from './source.ts';

interface Room {
  /** Specifiers of other packages of this repository that the sources may import. */
  readonly imports: readonly string[];
  /** Packages from the registry that the sources may import. */
  readonly external: readonly string[];
  /** Packages of this repository that the tests need on top. */
  readonly testsNeed?: readonly string[];
  /** Node's own modules are for the command line only. */
  readonly node?: boolean;
}

const memory = ['@sda-lab/core-bitmap', '@sda-lab/guest-memory'];
const models = [...memory, '@sda-lab/vfio-mock', '@sda-lab/virtio-mem'];
const designs = ['@sda-lab/rdm-manager', '@sda-lab/notifier-list'];

export const ROOMS: Readonly<Record<string, Room>> = {
  'core-bitmap': { imports: [], external: [] },
  'guest-memory': { imports: ['@sda-lab/core-bitmap'], external: [] },
  'vfio-mock': { imports: memory, external: [] },
  'virtio-mem': { imports: memory, external: [] },
  'rdm-manager': { imports: memory, external: [], testsNeed: ['@sda-lab/conformance'] },
  // The two designs never meet: only the stock manager, which stands beside this one in QEMU, is open to it.
  'notifier-list': { imports: [...memory, '@sda-lab/rdm-manager/stock'], external: [], testsNeed: ['@sda-lab/conformance'] },
  conformance: { imports: models, external: ['fast-check', 'valibot'] },
  mutants: { imports: [...models, ...designs, '@sda-lab/conformance'], external: ['fast-check'] },
  'qemu-link': {
    imports: ['@sda-lab/guest-memory', '@sda-lab/vfio-mock', '@sda-lab/virtio-mem', '@sda-lab/rdm-manager'],
    external: [],
  },
  lab: {
    imports: [
      ...models,
      ...designs,
      '@sda-lab/rdm-manager/stock',
      '@sda-lab/conformance',
      '@sda-lab/mutants',
      '@sda-lab/qemu-link',
    ],
    external: ['@commander-js/extra-typings', 'ansis', 'cli-table3', 'commander', 'valibot'],
    node: true,
  },
};

/** The one folder that may import a package its manifest names as an optional peer: the entry of that name. */
const peers: Readonly<Record<string, string>> = { 'packages/conformance/src/vitest': 'vitest' };

/** The one file that imports what a user names on the command line. */
const LOADER = 'packages/lab/src/own-design/load-design.ts';

interface Import {
  /** Undefined when the specifier is computed, so that nobody can check it. */
  readonly specifier: string | undefined;
  readonly at: number;
}

const importTypes = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
  'TSExternalModuleReference',
]);

export function importsOf(tree: Tree): Import[] {
  const found: Import[] = [];
  walk(tree.program, (node) => {
    if (!importTypes.has(node.type)) return;
    const from = (node['source'] ?? node['argument'] ?? node['expression']) as SyntaxNode | null | undefined;
    if (from === null || from === undefined) return;
    const value = from.type === 'TSLiteralType' ? (from['literal'] as SyntaxNode)['value'] : from['value'];
    found.push({ specifier: typeof value === 'string' ? value : undefined, at: node.start });
  });
  return found;
}

/** Checks every import of one file in `packages/<name>/src`. */
export function checkImports(tree: Tree): Finding[] {
  const [, name = ''] = tree.source.file.split('/');
  const room = ROOMS[name];
  if (room === undefined) return [finding(tree, 0, `the package ${name} has no row in the table of arrows`)];
  return importsOf(tree).flatMap(({ specifier, at }) => {
    const why = whyNot(tree.source.file, name, room, specifier);
    return why === undefined ? [] : [finding(tree, at, why)];
  });
}

function whyNot(file: string, name: string, room: Room, specifier: string | undefined): string | undefined {
  if (specifier === undefined) return file === LOADER ? undefined : 'an import with a computed specifier cannot be checked';
  if (specifier.startsWith('.')) {
    const target = posix.normalize(posix.join(posix.dirname(file), specifier));
    return target.startsWith(`packages/${name}/src/`) ? undefined : `${specifier} leaves the sources of ${name}`;
  }
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) {
    return room.node === true ? undefined : `${specifier} is a part of Node; ${name} runs in a browser as it is`;
  }
  const allowed = [...room.imports, ...room.external];
  return allowed.includes(specifier) || peers[posix.dirname(file)] === specifier ? undefined : `${name} may not import ${specifier}`;
}

export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** The settings of the tools; every package needs them for its tests and they import none of the others. */
const settings = '@sda-lab/config';

const ownScope = (names: readonly string[]): string[] => names.filter((name) => name.startsWith('@sda-lab/') && name !== settings);

/** `@sda-lab/rdm-manager/stock` is an entry of `@sda-lab/rdm-manager`. */
const packageOf = (specifier: string): string => specifier.split('/').slice(0, 2).join('/');

const differences = (file: string, kind: string, actual: readonly string[], expected: readonly string[]): Finding[] => [
  ...actual.filter((name) => !expected.includes(name)).map((name) => ({ file, line: 1, what: `${kind} has ${name}, the table of arrows does not` })),
  ...expected.filter((name) => !actual.includes(name)).map((name) => ({ file, line: 1, what: `${kind} lacks ${name}, the table of arrows has it` })),
];

/** Checks that the package.json of `name` says what the table says. */
export function checkManifest(name: string, manifest: Manifest): Finding[] {
  const file = `packages/${name}/package.json`;
  const room = ROOMS[name];
  if (room === undefined) return [{ file, line: 1, what: `the package ${name} has no row in the table of arrows` }];
  const expected = [...new Set([...room.imports.map(packageOf), ...room.external])];
  return [
    ...differences(file, 'dependencies', Object.keys(manifest.dependencies ?? {}), expected),
    ...differences(file, 'devDependencies', ownScope(Object.keys(manifest.devDependencies ?? {})), room.testsNeed ?? []),
  ];
}

/** Checks that the compiler's project references of `name` are the arrows of the table. */
export function checkReferences(name: string, references: readonly { readonly path: string }[]): Finding[] {
  const expected = [...new Set((ROOMS[name]?.imports ?? []).map((specifier) => `../${packageOf(specifier).slice('@sda-lab/'.length)}`))];
  return differences(`packages/${name}/tsconfig.json`, 'references', references.map((one) => one.path), expected);
}
