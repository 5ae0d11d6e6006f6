// SPDX-License-Identifier: MIT
import type { MutantResult } from './run-mutants.ts';

const HEAD = `# Mutants

Generated; do not edit. \`UPDATE_DOCS=1 npx vitest run test/mutants.test.ts\` in \`packages/mutants\` writes it anew.

A mutant is a design, or a part of the machine around it, with one thing wrong: a mistake that stood in a posted or
merged version, or one that a careful engineer makes. The suite has to find each: the invariant that the mutant names
falls, seen by the judge, in a history in which it does not fall for the carrier (the same without the mistake).
\`npm run lab -- conform --mutants\` runs all of them, \`npm run lab -- conform --mutants ID\` one. Which of them every history
up to a bound decides is in [exhaustion.md](exhaustion.md).
`;

/** The page of all mutants as Markdown. */
export function mutantsPage(results: readonly MutantResult[]): string {
  const count = (status: string): number => results.filter(({ judgement }) => judgement.status === status).length;
  const [killed, equivalent, survivors] = [count('killed'), count('equivalent'), count('survivor')];
  const sum = `${results.length} mutants: ${killed} killed, ${equivalent} equivalent, ${survivors} survivors.`;
  return `${[HEAD, `${sum}\n`, table(results), equivalents(results), histories(results)].join('\n').trimEnd()}\n`;
}

function table(results: readonly MutantResult[]): string {
  const rows = results.map(({ mutant: { id, what, breaks, where, carrier, source }, judgement }) => {
    const found = judgement.status === 'killed' ? judgement.killedBy : judgement.status;
    return [`\`${id}\``, what, `\`${breaks}\``, where, carrier.id, found, source];
  });
  const head = ['mutant', 'what is wrong', 'breaks', 'where', 'in', 'found by', 'source'];
  return `${[head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')}\n`;
}

function equivalents(results: readonly MutantResult[]): string {
  const lines = results.flatMap(({ mutant, judgement }) =>
    judgement.status === 'equivalent' ? [`**${mutant.id}**: ${judgement.proof}\n`] : [],
  );
  return ['## Equivalent ones\n', ...lines].join('\n');
}

function histories(results: readonly MutantResult[]): string {
  const lines = results.flatMap(({ mutant, judgement }) =>
    judgement.status === 'killed'
      ? [`### ${mutant.id}\n`, `${judgement.explanation}\n`, '```', judgement.history, '```\n']
      : [],
  );
  return ['## What shows each of the others\n', ...lines].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
