// SPDX-License-Identifier: MIT
import { toMarkdown } from '../text/to-markdown.ts';
import { exhaustionBlocks, rungTable } from './exhaustion-blocks.ts';
import type { ExhaustionDocument } from './exhaustion-document.ts';

const HEAD = `# Additions and mutants, by exhaustion

Generated; do not edit. \`UPDATE_DOCS=1 npx vitest run test/exhaustion-page.test.ts\` in \`packages/lab\` decides everything anew,
which takes about an hour (with \`EXHAUST=id,id\` only those), and writes \`exhaustion.json\` and this page from it.
\`npm run lab -- search --ablation\` and \`npm run lab -- search --mutants\` decide the same, all or some, and change no file.

An addition is what a design done right had to add; left out, an invariant must fall. A mutant is a design, or a part of
the machine, with one thing wrong; the invariant it names must fall, and must not fall for its carrier, which is the same
without the mistake. Cases and random histories show it of all of them ([mutants](mutants.md), the evaluation's ablation).
Here every history up to a bound is searched instead, in one bound after the other until the invariant falls: then the
history shown is a shortest one of its bound. Where the carrier breaks the same invariant itself, both go through each
history side by side, and what counts is what only the one with the mistake breaks.

What falls in no bound needs random search. A history in which it falls is known then, as simple as it can be made, and what
that history has beyond the nearest bound is worked out from it.
`;

const AFTER = `Each bound is searched in every regime of the design and with each kernel interface (or wherever a mutant lives), except
that bounds of two containers mix the two and \`races\` takes the first. Of mutants races are not searched: what they do wrong
they do without being interrupted. That a mutant is equivalent is shown in small, pair, aliases and standard (not in standard
for multi-source-rdm, which has 3 million states there). In all of them every granule is one page, so of
\`cuts-granules-at-addresses\` the search shows only that case; granules of several pages rest on the argument.`;

/** docs/exhaustion.md. */
export function exhaustionPage(document: ExhaustionDocument): string {
  return `${HEAD}\n${toMarkdown([rungTable(), { kind: 'text', text: AFTER }, ...exhaustionBlocks(document)])}`;
}
