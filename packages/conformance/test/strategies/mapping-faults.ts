// SPDX-License-Identifier: MIT
/** Designs that make the wrong map and unmap calls; each has exactly one mistake. */
import type { Strategy } from '@sda-lab/guest-memory';
import { passOn } from '../../src/index.ts';
import { planted } from './planted.ts';

/** Maps each page once and never again, and keeps what it was told to unmap. */
export const neverUnmaps: Strategy = planted('never-unmaps', () => ({
  consumer: (consumer) => {
    const known = new Set<string>();
    return passOn(consumer, {
      mapRun: (section, ...run) => {
        const key = `${section.name} ${run[1]}`;
        if (known.has(key)) return 0;
        known.add(key);
        return consumer.mapRun(section, ...run);
      },
      unmapRun: () => 0,
    });
  },
}));

/** Says that even pages were mapped, and maps odd ones only. */
export const losesEvenPages: Strategy = planted('loses-even-pages', () => ({
  consumer: (consumer) =>
    passOn(consumer, {
      mapRun: (section, side, page, ...rest) => (page % 2 === 0 ? 0 : consumer.mapRun(section, side, page, ...rest)),
      unmapRun: (section, side, page, count) => (page % 2 === 0 ? 0 : consumer.unmapRun(section, side, page, count)),
    }),
}));

/** The same for the first container alone. */
export const losesPagesOfOne: Strategy = planted('loses-pages-of-one', () => ({
  consumer: (consumer) =>
    consumer.name === 'c0' ? passOn(consumer, { mapRun: () => 0, unmapRun: () => 0 }) : consumer,
}));

/** Makes every map call twice and heeds the first answer. */
export const mapsTwice: Strategy = planted('maps-twice', () => ({
  consumer: (consumer) =>
    passOn(consumer, {
      mapRun: (...run) => {
        const status = consumer.mapRun(...run);
        consumer.mapRun(...run);
        return status;
      },
    }),
}));

/** Maps two pages as one and then unmaps one of them. */
export const cutsMappings: Strategy = planted('cuts-mappings', () => ({
  consumer: (consumer) =>
    passOn(consumer, {
      mapRun: (section, side, page) => (page % 2 === 0 ? consumer.mapRun(section, side, page, 2, 2) : 0),
    }),
}));

/** With the last page of a section it maps the page after it. */
export const doesNotClip: Strategy = planted('does-not-clip', () => ({
  consumer: (consumer) =>
    passOn(consumer, {
      mapRun: (section, side, page, count, granulePages) => {
        const isLast = page + count === section.firstPage + section.pageCount;
        return consumer.mapRun(section, side, page, isLast ? count + 1 : count, granulePages);
      },
    }),
}));

/** Maps a whole section at attach, private pages too. */
export const replaysEverything: Strategy = planted('replays-everything', () => ({
  instance: (instance) => ({
    ...instance,
    subscribe: (consumer, section) => {
      const status = instance.subscribe(consumer, section);
      for (let page = section.firstPage; page < section.firstPage + section.pageCount; page += 1) {
        consumer.mapRun(section, 'shared', page, 1, 1);
      }
      return status;
    },
  }),
}));

/** A consumer that comes late hears of later conversions only. */
export const replaysNothing: Strategy = planted('replays-nothing', () => {
  let isReplaying = false;
  return {
    consumer: (consumer) =>
      passOn(consumer, { mapRun: (...run) => (isReplaying ? 0 : consumer.mapRun(...run)) }),
    instance: (instance) => ({
      ...instance,
      subscribe: (consumer, section) => {
        isReplaying = true;
        const status = instance.subscribe(consumer, section);
        isReplaying = false;
        return status;
      },
    }),
  };
});

/** A consumer that leaves keeps its mappings. */
export const keepsMappings: Strategy = planted('keeps-mappings', () => ({
  instance: (instance) => ({ ...instance, unsubscribe: () => undefined }),
}));
