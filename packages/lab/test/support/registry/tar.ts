// SPDX-License-Identifier: MIT
// A package folder as an npm tarball: ustar, uncompressed (npm takes either), files only, below `package/`.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const BLOCK_BYTES = 512;
const NAME_BYTES = 100;

export function packFolder(folder: string): Buffer {
  const files = filesBelow(folder, '');
  return Buffer.concat([...files.flatMap((path) => entry(`package/${path}`, join(folder, path))), Buffer.alloc(2 * BLOCK_BYTES)]);
}

/** Paths with slashes, relative; what a package has installed for itself is not a part of it. */
function filesBelow(root: string, below: string): string[] {
  return readdirSync(join(root, below), { withFileTypes: true }).flatMap((one) => {
    const path = below === '' ? one.name : `${below}/${one.name}`;
    if (one.isDirectory()) return one.name === 'node_modules' ? [] : filesBelow(root, path);
    return one.isFile() ? [path] : [];
  });
}

function entry(path: string, file: string): Buffer[] {
  const content = readFileSync(file);
  const padding = Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES);
  return [header(path, content.length, statSync(file).mode), content, padding];
}

function header(path: string, sizeBytes: number, mode: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const { name, prefix } = splitPath(path);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  const isExecutable = (mode & 0o111) !== 0;
  block.write(name, 0);
  block.write(octal(isExecutable ? 0o755 : 0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(sizeBytes, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(' '.repeat(8), 148);
  block.write('0', 156);
  block.write('ustar\u000000', 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** A long path goes into two fields, divided at a slash. */
function splitPath(path: string): { name: string; prefix: string } {
  if (path.length <= NAME_BYTES) return { name: path, prefix: '' };
  const at = path.indexOf('/', path.length - NAME_BYTES - 1);
  if (at === -1) throw new Error(`${path} is too long for a ustar header`);
  return { name: path.slice(at + 1), prefix: path.slice(0, at) };
}
