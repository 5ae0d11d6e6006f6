// SPDX-License-Identifier: MIT
/** What the figures mean for the designs, in sentences; each is written from the rows it speaks of, or left out without them. */
import type { Block } from '../text/block.ts';
import type { BenchDocument, BenchGrowth } from './bench-document.ts';
import { factor, nanosecondsText, sizeText } from './figures.ts';

const PATTERN_4K = 'all private, 4 KiB';
const PATTERN_2M = 'all private, 2 MiB';
const PATTERN_SWIOTLB = 'after a swiotlb boot, 4 KiB';
const PATTERN_ATTACH = 'attach and detach, after a swiotlb boot';

export function meaningBlocks(document: BenchDocument): Block[] {
  const { growth } = document;
  if (growth.length === 0) return [];
  const items = [...searchBound(growth), ...probing(growth), ...perPage(growth), ...doneRight(growth)];
  return [
    { kind: 'heading', level: 2, text: 'What it means for the designs' },
    { kind: 'text', text: items.map((item) => `- ${item}`).join('\n') },
  ];
}

interface Ends {
  readonly smallest: BenchGrowth;
  readonly largest: BenchGrowth;
}

/** Of one strategy and pattern. */
function endsOf(growth: readonly BenchGrowth[], strategy: string, pattern: string): Ends | undefined {
  const rows = growth.filter((row) => row.strategy === strategy && row.pattern === pattern);
  return rows.length < 2 ? undefined : { smallest: rows[0]!, largest: rows.at(-1)! };
}

/** QEMU 10.2.2 and 11.1, system/ram-block-attributes.c: find_next_bit(bitmap, bitmap_size, first) > last. */
function searchBound(growth: readonly BenchGrowth[]): string[] {
  const ends = endsOf(growth, 'ram-block-attributes', PATTERN_4K);
  if (ends === undefined) return [];
  const { smallest, largest } = ends;
  const other = endsOf(growth, 'multi-source-rdm', PATTERN_4K)?.largest.meters.bitmapWords;
  const also = other === largest.meters.bitmapWords ? ' QEMU 11.1 (`multi-source-rdm`) has kept that: it reads as many.' : '';
  return [
    '**The bound of a scan.** Whether a range is all shared or all private, QEMU 10.2.2 (`ram-block-attributes`; ' +
      '`find_next_bit(bitmap, bitmap_size, first_bit) > last_bit` in `system/ram-block-attributes.c`) asks with scans bounded by the size of the whole bitmap, and not by the end of the range. On a bitmap that is all alike they ' +
      `run to its end: a conversion of 4 KiB reads ${words(smallest)} of a flat bitmap in a guest of ` +
      `${sizeText(smallest.guestBytes)} and ${words(largest)} in one of ${sizeText(largest.guestBytes)}, ` +
      `${factor(largest.meters.bitmapWords / smallest.meters.bitmapWords)} times as many. A bound at the end of the request ` +
      `would make it one or two, whatever the guest has.${also}${afterBoot(growth)}`,
  ];
}

/** A page of the other kind ends a search. */
function afterBoot(growth: readonly BenchGrowth[]): string {
  const ends = endsOf(growth, 'ram-block-attributes', PATTERN_SWIOTLB);
  if (ends === undefined) return '';
  const { smallest, largest } = ends;
  return (
    ' A page of the other kind ends such a search: where the bounce buffer of a swiotlb boot lies ahead, a conversion reads ' +
    `${words(smallest)} at ${sizeText(smallest.guestBytes)} and ${words(largest)} at ${sizeText(largest.guestBytes)}.`
  );
}

/** QEMU 11.1, system/ram-discard-manager.c: a walk in steps of the smallest granularity of all sources. */
function probing(growth: readonly BenchGrowth[]): string[] {
  const ends = endsOf(growth, 'multi-source-rdm', PATTERN_ATTACH);
  if (ends === undefined) return [];
  const { smallest, largest } = ends;
  const walk = endsOf(growth, 'extended-rdm', PATTERN_ATTACH)?.largest.meters;
  const merged = endsOf(growth, 'ram-block-attributes', PATTERN_ATTACH)?.largest.meters;
  const also = merged === undefined ? '' : `; QEMU 10.2.2, with one owner of state, ${factor(merged.bitmapWords)}`;
  const against = walk === undefined ? '' : ` \`extended-rdm\`, which has all state in one place, asks ${factor(walk.probes)} and reads ${factor(walk.bitmapWords)} words${also}.`;
  return [
    '**Asking page by page.** `multi-source-rdm` combines its sources by asking them about one granule after the other. A device ' +
      `that comes to a guest of ${sizeText(smallest.guestBytes)} costs ${factor(smallest.meters.probes)} questions, and to one of ` +
      `${sizeText(largest.guestBytes)} ${factor(largest.meters.probes)}, whatever is shared in it.${against}`,
  ];
}

function perPage(growth: readonly BenchGrowth[]): string[] {
  const ends = endsOf(growth, 'dma-mapping-tracker', PATTERN_2M);
  if (ends === undefined) return [];
  const { notifications, ioctls } = ends.largest.meters;
  return [
    `**Telling page by page.** \`dma-mapping-tracker\` tells each device of every page: ${factor(notifications)} notifications and ` +
      `${factor(ioctls)} calls for a conversion of 2 MiB, the mean of sharing and taking back.`,
  ];
}

function doneRight(growth: readonly BenchGrowth[]): string[] {
  const parts = ['extended-rdm', 'notifier-list'].flatMap((strategy) => {
    const ends = endsOf(growth, strategy, PATTERN_4K);
    if (ends === undefined) return [];
    const { smallest, largest } = ends;
    return [
      `\`${strategy}\` takes ${nanosecondsText(smallest.nanoseconds)} a conversion of 4 KiB at ${sizeText(smallest.guestBytes)} and ` +
        `${factor(largest.ratio)} times that at ${sizeText(largest.guestBytes)}, and reads ${words(smallest)} and ${words(largest)}`,
    ];
  });
  if (parts.length === 0) return [];
  return [`**What a conversion costs is what its own range costs** in both designs done right. ${parts.join('; ')}.${atAttach(growth)}`];
}

/** A device that comes is shown whole sections, in every design. */
function atAttach(growth: readonly BenchGrowth[]): string {
  const parts = ['extended-rdm', 'notifier-list', 'ram-block-attributes'].flatMap((strategy) => {
    const ends = endsOf(growth, strategy, PATTERN_ATTACH);
    return ends === undefined ? [] : [`${factor(ends.largest.meters.bitmapWords)} words at ${sizeText(ends.largest.guestBytes)} (\`${strategy}\`)`];
  });
  return parts.length === 0 ? '' : ` An attach and a detach read whole bitmaps and grow with the guest everywhere: ${parts.join(', ')}.`;
}

function words({ meters }: BenchGrowth): string {
  return `${factor(meters.bitmapWords)} ${meters.bitmapWords === 1 ? 'word' : 'words'}`;
}
