// SPDX-License-Identifier: MIT
// Reads the sources of all packages and gives each as a syntax tree, so that comments and the text
// inside strings cannot trip a check. Covers reading and walking; what is wrong is decided elsewhere.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { parseSync } from 'vite';

/** One source file; `file` is relative to the repository, with forward slashes. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/** A node of the syntax tree, as loose as the walk needs it. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export interface Tree {
  readonly source: Source;
  readonly program: SyntaxNode;
  readonly comments: readonly { readonly value: string; readonly start: number }[];
}

/** Something a check found; `line` counts from 1. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

const skippedFolders = new Set(['node_modules', 'dist', 'out', 'coverage', '.turbo', '.stryker-tmp']);

export function readSources(root: string, folders: readonly string[]): Source[] {
  const sources: Source[] = [];
  for (const folder of folders) collect(join(root, folder), root, sources);
  return sources;
}

function collect(path: string, root: string, into: Source[]): void {
  for (const name of readdirSync(path).toSorted()) {
    const full = join(path, name);
    if (statSync(full).isDirectory()) {
      if (!skippedFolders.has(name)) collect(full, root, into);
    } else if (/\.(ts|mts|mjs)$/.test(name)) {
      into.push({ file: relative(root, full).split(sep).join('/'), text: readFileSync(full, 'utf8') });
    }
  }
}

export function parse(source: Source): Tree {
  const result = parseSync(source.file, source.text);
  const first = result.errors[0];
  if (first !== undefined) throw new Error(`${source.file} cannot be parsed: ${first.message}`);
  return { source, program: result.program as unknown as SyntaxNode, comments: result.comments };
}

export function finding(tree: Tree, at: number, what: string): Finding {
  return { file: tree.source.file, line: lineOf(tree.source.text, at), what };
}

/** The line, from 1, of the character at `offset`. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** Calls `visit` for every node, parents first, with the chain of its ancestors (the nearest last). */
export function walk(node: SyntaxNode, visit: (node: SyntaxNode, ancestors: readonly SyntaxNode[]) => void): void {
  step(node, [], visit);
}

function step(
  node: SyntaxNode,
  ancestors: readonly SyntaxNode[],
  visit: (node: SyntaxNode, ancestors: readonly SyntaxNode[]) => void,
): void {
  visit(node, ancestors);
  const below = [...ancestors, node];
  for (const value of Object.values(node)) {
    if (isNode(value)) step(value, below, visit);
    else if (Array.isArray(value)) for (const item of value) if (isNode(item)) step(item, below, visit);
  }
}
