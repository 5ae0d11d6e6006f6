// SPDX-License-Identifier: MIT
/**
 * docs/event-order.md: in which order each design does what, side by side, read from the event logs of short histories.
 * Nobody writes that file by hand; a test holds it against this function.
 */
import { parseHistory, runHistory } from '@sda-lab/conformance';
import type { Regime, Strategy } from '@sda-lab/guest-memory';
import type { Block } from '../text/block.ts';
import { toMarkdown } from '../text/to-markdown.ts';
import { shortEvent } from './short-event.ts';

interface Scene {
  readonly title: string;
  readonly world: string;
  /** Operations before the one that is shown, which is the last. */
  readonly operations: string;
  readonly needsVirtioMem: boolean;
}

const BOTH = 'attach(c0); attach(c1)';
const SCENES: readonly Scene[] = [
  { title: 'To shared', world: 'pages=4', operations: `${BOTH}; convert(0+1,shared)`, needsVirtioMem: false },
  {
    title: 'To private',
    world: 'pages=4',
    operations: `${BOTH}; convert(0+1,shared); convert(0+1,private)`,
    needsVirtioMem: false,
  },
  {
    title: 'To shared, refused by the container told last',
    world: 'pages=4',
    operations: `${BOTH}; refuse(c0,map,1,ENOMEM); convert(0+1,shared)`,
    needsVirtioMem: false,
  },
  {
    title: 'To private, unmap refused by the container told last',
    world: 'pages=4',
    operations: `${BOTH}; convert(0+1,shared); refuse(c0,unmap,1,EBUSY); convert(0+1,private)`,
    needsVirtioMem: false,
  },
  {
    title: 'Plug of a block with one shared page',
    world: 'pages=4, vmem=2x2',
    operations: `${BOTH}; convert(4+1,shared); plug(m0,0+1)`,
    needsVirtioMem: true,
  },
  {
    title: 'Unplug of that block',
    world: 'pages=4, vmem=2x2',
    operations: `${BOTH}; convert(4+1,shared); plug(m0,0+1); unplug(m0,0+1)`,
    needsVirtioMem: true,
  },
];

const REGIMES: readonly Regime[] = ['two-backend', 'in-place'];

/** The whole file as Markdown. */
export function eventOrder(strategies: readonly Strategy[]): string {
  const blocks: Block[] = [
    { kind: 'heading', level: 1, text: 'Event order of each design' },
    {
      kind: 'text',
      text: [
        'Generated from event logs; do not edit. `UPDATE_DOCS=1 npx vitest run test/event-order.test.ts` in `packages/lab` writes it anew.',
        'Two containers of type1v2 are attached first, c0 and then c1; managers tell the newer one first. Each table shows the events of the last operation of the history above it.',
      ].join('\n'),
    },
    ...REGIMES.flatMap((regime) => regimeBlocks(strategies, regime)),
  ];
  return toMarkdown(blocks);
}

function regimeBlocks(strategies: readonly Strategy[], regime: Regime): Block[] {
  const offering = strategies.filter(({ capabilities }) => capabilities.regimes.includes(regime));
  return [
    { kind: 'heading', level: 2, text: `Regime ${regime}` },
    ...SCENES.flatMap((scene) => sceneBlocks(scene, offering, regime)),
  ];
}

function sceneBlocks(scene: Scene, offering: readonly Strategy[], regime: Regime): Block[] {
  const shown = offering.filter(({ capabilities }) => capabilities.virtioMem || !scene.needsVirtioMem);
  const left = offering.filter((strategy) => !shown.includes(strategy)).map(({ id }) => id);
  const head = `world(regime=${regime}, containers=c0:type1v2,c1:type1v2, ${scene.world})`;
  const columns = shown.map((strategy) => column(strategy, `${head}; ${scene.operations}`));
  const height = Math.max(0, ...columns.map(({ events }) => events.length));
  const rows = Array.from({ length: height }, (_, at) => [String(at + 1), ...columns.map(({ events }) => events[at] ?? '')]);
  const note = left.length === 0 ? '' : ` No virtio-mem beside private memory (-EBUSY): ${left.join(', ')}.`;
  return [
    { kind: 'heading', level: 3, text: `${scene.title} (${regime})` },
    { kind: 'code', lines: [`${head}; ${scene.operations}`] },
    ...(note === '' ? [] : [{ kind: 'text', text: note.trim() } as const]),
    {
      kind: 'table',
      head: ['', ...shown.map(({ id }) => id)],
      rows: [...rows, ['answer', ...columns.map(({ answer }) => answer)]],
    },
  ];
}

/** Events of the last operation; equal ones in a row are told once, with their number. */
function column(strategy: Strategy, text: string): { readonly events: readonly string[]; readonly answer: string } {
  const { steps, stopped } = runHistory(strategy, parseHistory(text), { record: true });
  const attached = steps.slice(0, 2).map(({ answer }) => answer);
  const last = steps.at(-1)!;
  const events: { text: string; times: number }[] = [];
  for (const event of last.events.map(shortEvent)) {
    const before = events.at(-1);
    if (before?.text === event) before.times += 1;
    else events.push({ text: event, times: 1 });
  }
  const refused = attached.find((answer) => answer !== '0');
  const noDevice = refused === undefined ? '' : `; no device: attach answered ${refused}`;
  return {
    events: events.map(({ text: event, times }) => (times === 1 ? event : `${event}, ${times} times`)),
    answer: `${last.answer}${stopped ? '; the VM stops' : ''}${noDevice}`,
  };
}
