// SPDX-License-Identifier: MIT
/** docs/performance.md: the document of one full run, and what it says of the designs; every figure comes from the document. */
import type { Block } from '../text/block.ts';
import { toMarkdown } from '../text/to-markdown.ts';
import { growthBlocks, leftOutBlocks, machineBlocks, workloadBlocks } from './bench-blocks.ts';
import type { BenchDocument } from './bench-document.ts';
import { meaningBlocks } from './meaning.ts';
import { pivotBlocks } from './pivot-blocks.ts';
import { targetBlocks } from './targets.ts';

const headOf = ({ rounds }: BenchDocument): string => `# Performance

Generated; do not edit. Figures and sentences come from [performance.json](performance.json), the document of one run:

    npm run --silent bench -- --rounds ${rounds} --json > docs/performance.json
    cd packages/lab && UPDATE_DOCS=1 npx vitest run test/performance-page.test.ts

A run takes some minutes and wants a machine that does nothing else. \`npm run bench\` prints the same for people and writes
\`out/bench.json\` and \`out/growth.svg\`, growth as a picture. \`npm run bench -- --table ID\`, \`--workload ID\` and
\`--growth\` run parts of it, \`--small\` all of it in seconds, to see that the answers are right; those write
\`out/bench-part.json\`. A target that is missed changes no exit code.

## How it is measured

- **Tables** put one question to several subjects: ours, packages from the registry, a plain typed array, and baselines in C
  and C++ that are compiled on the spot and work on the same memory in the same process. Nothing is timed before every
  subject has given the baseline's answer. Every subject runs in every round, in random order; a figure is the median of the
  ratios to the baseline **of the same round**, so that a slow second of the machine slows both. Below 1 is faster. The
  baseline against itself is in the line *again*: what differs by no more than that differs by nothing. *95 %* is where the
  median lies in 95 of 100 resampled sets of rounds. *swiotlb* is 1 GiB in one run and 1000 single pages, scattered by a seed.
  *one kind of callback* is the same code in a process that has only ever seen one listener.
- **Workloads** run whole guests, each in a process of its own; its peak of memory is that of the process, Node included.
  \`exact\` keeps an entry for every page, \`run-length\` one for every run of pages; they count, refuse and cost alike, and
  checksums over all counts say so.
- **Growth** sends the same conversions to guests of four sizes. Time is that of our code: bitmaps that are trees, and storage
  by runs, in which one page costs more than 512 at once, since a leaf of 512 entries is written out for it and taken back.
  The **meters** count beside it what the version's algorithm touches where bitmaps are flat, as QEMU's are: 64-bit words
  read by searches with their bounds, questions to other owners of state (\`is_populated\`), runs told to a consumer, map and
  unmap calls, IOTLB syncs. A fast bitmap does not make those smaller. A question to an owner reads at least a word of its
  bitmap as well, which is not counted as one.

The baselines in C have the shape of QEMU's loops and the bounds that QEMU 10.2.2 passes; QEMU itself was not timed. A map
call here is a call of the model: the time of a real ioctl comes on top, and \`ioctls\` says how often. Absolute times belong
to one machine; ratios travel better.
`;

export function performancePage(document: BenchDocument): string {
  const blocks: Block[] = [
    { kind: 'heading', level: 2, text: 'The machine' },
    ...machineBlocks(document),
    ...targetBlocks(document),
    ...meaningBlocks(document),
    ...growthBlocks(document),
    ...workloadBlocks(document),
    ...pivotBlocks(document),
    ...leftOutBlocks(document),
  ];
  return `${headOf(document)}\n${toMarkdown(blocks)}`;
}
