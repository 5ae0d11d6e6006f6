// SPDX-License-Identifier: MIT
/** Designs that tell those beside plain containers wrong things; each has exactly one mistake. */
import type { Consumer, EmitRun, Instance, Strategy, View } from '@sda-lab/guest-memory';
import { passOn, withPlug } from '../../src/index.ts';
import { planted } from './planted.ts';

/** Wraps what is shown to one kind of user; the others are shown what is right. */
function showingTo(id: string, wrong: View, show: (emit: EmitRun, end: number) => EmitRun, instead?: Instance['runs']): Strategy {
  return planted(id, () => ({
    instance: (instance) => ({
      ...instance,
      runs: (block, view, first, end, emit) => {
        if (view !== wrong) return instance.runs(block, view, first, end, emit);
        const shown = show(emit, end);
        return instead === undefined ? instance.runs(block, view, first, end, shown) : instead(block, view, first, end, shown);
      },
    }),
  }));
}

/** Takes a container that wants exact unmaps for one it need not serve. */
export const skipsStrictServers: Strategy = planted('skips-strict-servers', () => ({
  consumer: (consumer) =>
    consumer.unmapShape === 'exact' ? passOn(consumer, { mapRun: () => 0, unmapRun: () => 0 }) : consumer,
}));

/** Maps single pages whatever the smallest IOMMU page is. */
export const ignoresPageSizes: Strategy = planted('ignores-page-sizes', () => ({
  consumer: (consumer): Consumer => ({ ...passOn(consumer, {}), smallestPages: 1 }),
}));

/** Sits behind a listener that asserts. */
export const assertsPageSizes: Strategy = planted('asserts-page-sizes', () => ({}), {
  listener: { rollback: 'none', admission: 'refuse', awaitsAttach: true, refusedSection: 'return', fineGranule: 'assert' },
});

/** Shows devices nothing when they are asked about. */
export const hidesMappings: Strategy = showingTo('hides-mappings', 'dma', () => () => 0);

/** Shows devices the private pages too. */
export const asksEverywhere: Strategy = showingTo(
  'asks-everywhere',
  'dma',
  (emit) => emit,
  (_block, _view, first, end, emit) => emit(first, end, 'shared'),
);

/** Hands out what migration is shown without what has changed since the start. */
export const sendsOnce: Strategy = planted('sends-once', () => {
  let passes = 0;
  return {
    instance: (instance) => ({
      ...instance,
      runs: (block, view, first, end, emit) => {
        const isWhole = end - first > 1;
        if (view === 'migrate' && isWhole) passes += 1;
        return view === 'migrate' && passes > 0 && !isWhole ? 0 : instance.runs(block, view, first, end, emit);
      },
    }),
  };
});

/** Hands out runs for a dump at address 0, as a manager does that forgets where its sections lie. */
export const losesAddresses: Strategy = showingTo(
  'loses-addresses',
  'dump',
  (emit) => (first, end, side) => emit(first, end, side, 0),
);

/** Restores nothing of a saved virtio-mem. */
export const forgetsSavedBlocks: Strategy = planted('forgets-saved-blocks', () => ({
  instance: (instance) => withPlug(instance, { loaded: () => 0 }),
}));

/** Lets a vIOMMU map whatever the guest asks for. */
export const translatesEverything: Strategy = showingTo(
  'translates-everything',
  'translate',
  (emit) => emit,
  (_block, _view, first, end, emit) => emit(first, end, 'shared'),
);

/** Lets a vIOMMU map nothing. */
export const translatesNothing: Strategy = showingTo('translates-nothing', 'translate', () => () => 0);

/** Serves a TDISP device as any other and says it does more. */
export const mapsSharedOnly: Strategy = planted('maps-shared-only', () => ({
  consumer: (consumer) =>
    passOn(consumer, {
      mapRun: (section, side, ...run) => (side === 'private' ? 0 : consumer.mapRun(section, side, ...run)),
      unmapRun: (section, side, ...run) => (side === 'private' ? 0 : consumer.unmapRun(section, side, ...run)),
    }),
}));

/** Leaves a TDISP device on the private side of a page that has turned shared. */
export const keepsPrivateMappings: Strategy = planted('keeps-private-mappings', () => {
  const kept = new Set<string>();
  return {
    consumer: (consumer) =>
      passOn(consumer, {
        mapRun: (section, side, page, ...rest) =>
          kept.has(`${consumer.name} ${section.name} ${page}`) ? 0 : consumer.mapRun(section, side, page, ...rest),
        unmapRun: (section, side, page, count) => {
          if (side === 'shared') return consumer.unmapRun(section, side, page, count);
          kept.add(`${consumer.name} ${section.name} ${page}`);
          return 0;
        },
      }),
  };
});

/** Hides the last page of each section from a remap. */
export const remapsShort: Strategy = showingTo(
  'remaps-short',
  'dma',
  (emit, end) => (first, last, side) => (last === end ? (first < end - 1 ? emit(first, end - 1, side) : 0) : emit(first, last, side)),
);
