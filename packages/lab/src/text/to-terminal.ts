// SPDX-License-Identifier: MIT
/**
 * Blocks as text for a terminal. Colours only where standard output takes them (and NO_COLOR is not set); nothing in
 * a report depends on them.
 */
import ansis from 'ansis';
import Table from 'cli-table3';
import type { Block, TableBlock } from './block.ts';

const CHARS = {
  top: '', 'top-mid': '', 'top-left': '', 'top-right': '',
  bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
  left: '', 'left-mid': '', right: '', 'right-mid': '',
  mid: '', 'mid-mid': '', middle: '  ',
};

export function toTerminal(blocks: readonly Block[]): string {
  return `${blocks.map(textOf).join('\n\n')}\n`;
}

function textOf(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return block.level === 1 ? ansis.bold.underline(block.text) : ansis.bold(block.text);
    case 'text':
      return block.text;
    case 'code':
      return block.lines.map((line) => `    ${line}`).join('\n');
    case 'table':
      return tableText(block);
  }
}

function tableText({ head, rows, numeric = [] }: TableBlock): string {
  const table = new Table({
    chars: CHARS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_, at) => (numeric.includes(at) ? 'right' : 'left')),
  });
  table.push(head.map((name) => ansis.bold(name)), ...rows.map((row) => row.map(paint)));
  const lines = table.toString().split('\n');
  return lines.map((line) => line.trimEnd()).join('\n');
}

const PAINTS: Readonly<Record<string, (text: string) => string>> = {
  holds: (text) => ansis.green(text),
  broken: (text) => ansis.red(text),
  stops: (text) => ansis.yellow(text),
  unknown: (text) => ansis.yellow(text),
};

function paint(cell: string): string {
  return PAINTS[cell]?.(cell) ?? cell;
}
