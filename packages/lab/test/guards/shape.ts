// SPDX-License-Identifier: MIT
// The shape of a source file: its licence line, its length, the length of its functions.
import { finding, lineOf, walk, type Finding, type Source, type SyntaxNode, type Tree } from './source.ts';

export const LICENCE = '// SPDX-License-Identifier: MIT';
export const MOST_FUNCTION_LINES = 70;
export const MOST_FILE_LINES = 500;

export function checkLicence(source: Source): Finding[] {
  const lines = source.text.split('\n');
  // The system reads a program's first line, so there the licence comes second.
  const first = lines[0]?.startsWith('#!') === true ? lines[1] : lines[0];
  return first === LICENCE ? [] : [{ file: source.file, line: 1, what: `the first line is not "${LICENCE}"` }];
}

const isFixture = (source: Source): boolean => source.file.includes('/fixtures/');

export function checkFileLength(source: Source): Finding[] {
  const lines = source.text.trimEnd().split('\n').length;
  if (isFixture(source) || lines <= MOST_FILE_LINES) return [];
  return [{ file: source.file, line: 1, what: `${lines} lines; at most ${MOST_FILE_LINES} are allowed` }];
}

const functions = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

/** The callback of `describe` groups tests, like a chapter; it is no function that somebody has to hold in mind. */
function isGroup(parent: SyntaxNode | undefined): boolean {
  if (parent?.type !== 'CallExpression') return false;
  let callee = parent['callee'] as SyntaxNode;
  while (callee.type === 'MemberExpression' || callee.type === 'CallExpression') {
    callee = (callee['object'] ?? callee['callee']) as SyntaxNode;
  }
  return callee.type === 'Identifier' && callee['name'] === 'describe';
}

export function checkFunctionLengths(tree: Tree): Finding[] {
  if (isFixture(tree.source)) return [];
  const found: Finding[] = [];
  walk(tree.program, (node, ancestors) => {
    if (!functions.has(node.type) || isGroup(ancestors.at(-1))) return;
    const lines = lineOf(tree.source.text, node.end) - lineOf(tree.source.text, node.start) + 1;
    if (lines <= MOST_FUNCTION_LINES) return;
    found.push(finding(tree, node.start, `a function of ${lines} lines; at most ${MOST_FUNCTION_LINES} are allowed`));
  });
  return found;
}
