// SPDX-License-Identifier: MIT
// The packages from the registry that this repository has installed, as pnpm lays them out: each once, in
// node_modules/.pnpm/ID/node_modules/NAME; links beside it lead to what it needs.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface InstalledPackage {
  readonly folder: string;
  readonly manifest: { readonly name: string; readonly version: string };
}

/** By name; a package may be there in several versions. */
export function installedPackages(root: string): ReadonlyMap<string, readonly InstalledPackage[]> {
  const store = join(root, 'node_modules', '.pnpm');
  const found = new Map<string, InstalledPackage[]>();
  for (const id of foldersIn(store)) {
    if (id === 'node_modules') continue;
    for (const folder of packageFolders(join(store, id, 'node_modules'))) {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as InstalledPackage['manifest'];
      found.set(manifest.name, [...(found.get(manifest.name) ?? []), { folder, manifest }]);
    }
  }
  return found;
}

function packageFolders(modules: string): string[] {
  return foldersIn(modules).flatMap((name) =>
    name.startsWith('@') ? foldersIn(join(modules, name)).map((part) => join(modules, name, part)) : [join(modules, name)],
  );
}

/** Folders of their own, not links; none where there is no such folder. */
function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((one) => one.isDirectory() && one.name !== '.bin')
    .map(({ name }) => name);
}
