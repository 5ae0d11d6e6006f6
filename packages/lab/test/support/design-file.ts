// SPDX-License-Identifier: MIT
// A design of one's own in a file, right but for what a test gives: code before it, and members of its instance.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const example = readFileSync(new URL('../../../../docs/examples/my-strategy.js', import.meta.url), 'utf8');

export interface DesignParts {
  /** @defaultValue my-design */
  readonly id?: string;
  /** Runs when the module is loaded. */
  readonly before?: string;
  /** Body of a function of `design` (the right instance) and `host`; changes it. */
  readonly change?: string;
}

/** Writes a design, by default design.js, into an empty folder. */
export function writeDesign(folder: string, { id = 'my-design', before = '', change = '' }: DesignParts, name = 'design.js'): void {
  writeFileSync(join(folder, 'right.js'), example);
  const lines = [
    "import right from './right.js';",
    before,
    `export default { ...right, id: '${id}', create(host) {`,
    '  const design = right.create(host);',
    `  ${change}`,
    '  return design;',
    '} };',
  ];
  writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
}
