// SPDX-License-Identifier: MIT
// An npm registry that has what this repository has installed, on a socket in the file system: npm runs as it always
// does, and no test needs a network, not even the loopback interface. reach-registry.cjs leads npm to it.
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { installedPackages, type InstalledPackage } from './installed-packages.ts';
import { packFolder } from './tar.ts';

/** A name that resolves nowhere, so whatever went past the socket would fail. */
const URL_OF_REGISTRY = 'http://registry.invalid';

export interface Registry {
  /** What npm needs in its environment to use it. */
  readonly environment: Readonly<Record<string, string>>;
  /** What was asked for and is not here. */
  readonly missing: readonly string[];
  close(): Promise<void>;
}

export async function openRegistry(root: string, socket: string): Promise<Registry> {
  const packages = installedPackages(root);
  const missing: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1);
    const answer = answerTo(path, packages);
    if (answer === undefined) missing.push(path);
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': typeof answer === 'string' ? 'application/json' : 'application/octet-stream' });
    response.end(answer ?? '{}');
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve));
  return { environment: environmentFor(socket), missing, close: () => closed(server) };
}

/** `NAME` is its packument, `NAME/-/VERSION.tgz` a tarball. */
function answerTo(path: string, packages: ReadonlyMap<string, readonly InstalledPackage[]>): string | Buffer | undefined {
  const [name = '', file] = path.split('/-/');
  const known = packages.get(name);
  if (known === undefined) return undefined;
  if (file === undefined) return JSON.stringify(packument(name, known));
  const wanted = known.find(({ manifest }) => `${manifest.version}.tgz` === file);
  return wanted === undefined ? undefined : packFolder(wanted.folder);
}

function packument(name: string, known: readonly InstalledPackage[]): object {
  const versions = known.map(({ manifest }) => {
    return [manifest.version, { ...manifest, dist: { tarball: `${URL_OF_REGISTRY}/${name}/-/${manifest.version}.tgz` } }];
  });
  return { name, 'dist-tags': { latest: known.at(-1)!.manifest.version }, versions: Object.fromEntries(versions) as object };
}

function environmentFor(socket: string): Record<string, string> {
  const preload = fileURLToPath(new URL('./reach-registry.cjs', import.meta.url));
  return {
    npm_config_registry: `${URL_OF_REGISTRY}/`,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    NODE_OPTIONS: `--require ${JSON.stringify(preload)}`,
    SDA_LAB_TEST_REGISTRY: socket,
  };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
