// SPDX-License-Identifier: MIT
// Everything below the lab is synchronous, deterministic and runs in a browser: seeds come in, time is a
// parameter. This check finds the names through which chance, the clock or the machine would get in.
// It does not see a name reached through a value (`const m = Math`), so it refuses to hand out `Math` itself.
import { finding, walk, type Finding, type SyntaxNode, type Tree } from './source.ts';

const BANNED: ReadonlyMap<string, string> = new Map([
  ['Date', 'reads the wall clock; time comes in as a parameter'],
  ['performance', 'reads the clock; time comes in as a parameter'],
  ['crypto', 'gives chance without a seed'],
  ['process', 'is a part of Node'],
  ['require', 'is a part of Node'],
  ['Buffer', 'is a part of Node'],
  ['__dirname', 'is a part of Node'],
  ['__filename', 'is a part of Node'],
  ['globalThis', 'reaches every name this check bans'],
  ['global', 'is a part of Node'],
  ['setTimeout', 'waits on the clock'],
  ['setInterval', 'waits on the clock'],
  ['setImmediate', 'waits on the event loop'],
  ['queueMicrotask', 'waits on the event loop'],
]);

/** Fields whose identifier is a mere name: a property of something else, not a variable. */
function isMereName(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (parent === undefined || parent['computed'] === true) return false;
  switch (parent.type) {
    case 'MemberExpression':
      return parent['property'] === node;
    case 'TSQualifiedName':
      return parent['right'] === node;
    case 'Property':
      // In `{ process }` key and value are the same variable; the value is visited as well.
      return parent['key'] === node && parent['value'] !== node;
    case 'MethodDefinition':
    case 'PropertyDefinition':
    case 'AccessorProperty':
    case 'TSPropertySignature':
    case 'TSMethodSignature':
    case 'TSAbstractMethodDefinition':
    case 'TSAbstractPropertyDefinition':
    case 'TSEnumMember':
      return (parent['key'] ?? parent['id']) === node;
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
      return true;
    default:
      return false;
  }
}

function whyImpure(name: string, node: SyntaxNode, parent: SyntaxNode | undefined): string | undefined {
  const banned = BANNED.get(name);
  if (banned !== undefined) return `${name} ${banned}`;
  if (name !== 'Math') return undefined;
  if (parent?.type !== 'MemberExpression' || parent['object'] !== node) return 'Math is used as a value; name the function, as in Math.floor';
  const property = parent['property'] as SyntaxNode;
  const member = parent['computed'] === true ? property['value'] : property['name'];
  if (typeof member !== 'string') return 'Math with a computed member cannot be checked';
  return member === 'random' ? 'Math.random gives chance without a seed' : undefined;
}

export function checkPurity(tree: Tree): Finding[] {
  const found: Finding[] = [];
  walk(tree.program, (node, ancestors) => {
    if (node.type !== 'Identifier') return;
    const parent = ancestors.at(-1);
    if (isMereName(node, parent)) return;
    const why = whyImpure(String(node['name']), node, parent);
    if (why !== undefined) found.push(finding(tree, node.start, why));
  });
  for (const comment of tree.comments) {
    if (/^\/\s*<reference\b/.test(comment.value)) found.push(finding(tree, comment.start, 'a reference directive brings in types of a platform'));
  }
  return found;
}
