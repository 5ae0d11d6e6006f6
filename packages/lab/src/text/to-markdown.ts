// SPDX-License-Identifier: MIT
import type { Block, TableBlock } from './block.ts';

/** Blocks as Markdown. */
export function toMarkdown(blocks: readonly Block[]): string {
  return `${blocks.map(textOf).join('\n\n')}\n`;
}

function textOf(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${block.text}`;
    case 'text':
      return block.text;
    case 'code':
      return ['```', ...block.lines, '```'].join('\n');
    case 'table':
      return tableText(block);
  }
}

function tableText({ head, rows, numeric = [] }: TableBlock): string {
  const rule = head.map((_, at) => (numeric.includes(at) ? '---:' : '---'));
  return [head, rule, ...rows].map((row) => `| ${row.map(cellText).join(' | ')} |`).join('\n');
}

/** A cell is one line without divided words, and a bar in it is no border. */
function cellText(text: string): string {
  return text.replaceAll('-\n', '').replaceAll('\n', ' ').replaceAll('|', '\\|');
}
