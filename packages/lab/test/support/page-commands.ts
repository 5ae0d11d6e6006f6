// SPDX-License-Identifier: MIT
// The commands a page tells its reader to type, and what it says they print. A fence `sh PLACE` holds commands, one per
// line, an expected exit code as `# exit code N` behind it; a fence `text` right after it is what the last one prints.
// There `...` stands for any text, and a line `...` for any lines.
import { readFileSync } from 'node:fs';

export interface CommandBlock {
  readonly place: string;
  readonly commands: readonly { readonly line: string; readonly exitCode: number }[];
  readonly prints: string | undefined;
}

export function commandBlocks(page: URL): CommandBlock[] {
  const fences = [...readFileSync(page, 'utf8').matchAll(/^```(\w+) ?(\w*)\n([\s\S]*?)^```$/gm)];
  return fences.flatMap(([, kind, place, body], at): CommandBlock[] => {
    if (kind !== 'sh') return [];
    const next = fences[at + 1];
    const commands = body!.trim().split('\n').map((line) => ({ line, exitCode: Number(/# exit code (\d+)$/.exec(line)?.[1] ?? 0) }));
    return [{ place: place!, commands, prints: next?.[1] === 'text' ? next[3] : undefined }];
  });
}

/** Whether a text is what a page says; how many spaces pad a column is not compared. */
export function isAsPrinted(text: string, pattern: string): boolean {
  const lines = pattern.trim().split('\n').map((line) => (line === '...' ? '(?:.*\n)*?' : `${lineExpression(line)}\n`));
  return new RegExp(`^${lines.join('')}$`).test(`${squeezed(text.trim())}\n`);
}

function lineExpression(line: string): string {
  return squeezed(line).split('...').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('.*');
}

function squeezed(text: string): string {
  return text.replaceAll(/ +/g, ' ').replaceAll(/ $/gm, '');
}
