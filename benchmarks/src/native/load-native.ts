// SPDX-License-Identifier: MIT
/**
 * Compiles a baseline of `native/` with the C or C++ compiler that is there and loads it into this process, so that it runs
 * on the same memory as what it is compared with. Without a compiler there is a reason instead, and the baseline is left out.
 *
 * The compiled file is kept in `benchmarks/out`, named after what it was made from and with what.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export type Native<T> = { readonly functions: T; readonly compiler: string } | { readonly reason: string };

const FLAGS = ['-O2', '-shared', '-fPIC', '-Wall', '-Wextra', '-Werror'];
const HEADER = 'node-api.h';
const folder = fileURLToPath(new URL('../../native/', import.meta.url));
const outFolder = fileURLToPath(new URL('../../out/', import.meta.url));

/** `source`: a file of `native/`, `.c` or `.cc`. `T` is what it gives to its exports. */
export function loadNative<T>(source: string): Native<T> {
  const command = source.endsWith('.cc') ? 'c++' : 'cc';
  const version = spawnSync(command, ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) return { reason: `no compiler (${command}) to be found` };
  const compiler = `${version.stdout.split('\n')[0]!} ${FLAGS[0]!}`;
  const made = compile(command, source, compiler);
  if ('reason' in made) return made;
  const loaded: { exports: object } = { exports: {} };
  try {
    process.dlopen(loaded, made.file, constants.dlopen.RTLD_NOW);
  } catch (error) {
    return { reason: `${source} does not load: ${(error as Error).message.replaceAll(outFolder, '')}` };
  }
  return { functions: loaded.exports as T, compiler };
}

function compile(command: string, source: string, compiler: string): { readonly file: string } | { readonly reason: string } {
  const text = [HEADER, source].map((name) => readFileSync(path.join(folder, name), 'utf8')).join('\n');
  const mark = createHash('sha256').update(text).update(compiler).update(FLAGS.join(' ')).digest('hex').slice(0, 16);
  const file = path.join(outFolder, `${source}.${mark}.node`);
  if (existsSync(file)) return { file };
  mkdirSync(outFolder, { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  const { status, stderr } = spawnSync(command, [...FLAGS, '-o', unfinished, path.join(folder, source)], { encoding: 'utf8' });
  if (status !== 0) return { reason: `${source} does not compile: ${(stderr.split('\n')[0] ?? '').replaceAll(folder, '')}` };
  renameSync(unfinished, file);
  return { file };
}
