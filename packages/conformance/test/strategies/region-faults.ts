// SPDX-License-Identifier: MIT
/** Designs that go wrong about requests, huge pages, sources and memslots; each has exactly one mistake. */
import { ERRNO, type PageRange, type Strategy } from '@sda-lab/guest-memory';
import { passOn, withPlug } from '../../src/index.ts';
import { planted } from './planted.ts';

/** Right about what its blocks have, and handed what the first section makes of a request; past the end it is QEMU. */
export const goesByTheFirstSection: Strategy = planted(
  'goes-by-the-first-section',
  () => ({
    instance: (instance, host) => ({
      ...instance,
      convert: (request, to) => {
        if (request.pages.endPage <= request.pages.block.pageCount) return instance.convert(request, to);
        host.setAttributes(request.gfns, to);
        return -ERRNO.EINVAL;
      },
    }),
  }),
  { requestPath: 'first-section' },
);

/** Grants every sharing and does nothing. */
export const onlySaysYes: Strategy = planted('only-says-yes', () => ({
  instance: (instance) => ({ ...instance, convert: (request, to) => (to === 'shared' ? 0 : instance.convert(request, to)) }),
}));

/** Never frees a huge page. */
export const keepsHugePages: Strategy = planted('keeps-huge-pages', () => ({
  host: (host) => ({
    ...host,
    discard: (range, side) => (side === 'shared' && range.block.hugePages !== undefined ? 0 : host.discard(range, side)),
  }),
}));

/** Frees a huge page as soon as one page of it goes private. */
export const freesHugePagesEarly: Strategy = planted('frees-huge-pages-early', () => ({
  instance: (instance, host) => ({
    ...instance,
    convert: (request, to) => {
      const status = instance.convert(request, to);
      if (status === 0 && to === 'private') host.discard(outward(request.pages), 'shared');
      return status;
    },
  }),
}));

function outward({ block, firstPage, endPage }: PageRange): PageRange {
  const { hugePages = 1 } = block;
  return { block, firstPage: firstPage - (firstPage % hugePages), endPage: Math.ceil(endPage / hugePages) * hugePages };
}

/** Takes a source that comes late and unmaps nothing for it. */
export const takesSourcesBlindly: Strategy = planted('takes-sources-blindly', () => {
  let isComing = false;
  return {
    consumer: (consumer) => passOn(consumer, { unmapRun: (...run) => (isComing ? 0 : consumer.unmapRun(...run)) }),
    instance: (instance) => ({
      ...instance,
      attachSource: (block, source) => {
        isComing = true;
        const status = instance.attachSource(block, source);
        isComing = false;
        return status;
      },
    }),
  };
});

/** Lets a source go and maps nothing of what it gave back. */
export const forgetsWhatSourcesGiveBack: Strategy = planted('forgets-what-sources-give-back', () => ({
  instance: (instance) => ({ ...instance, detachSource: () => 0 }),
}));

/** Does not hear that KVM made a memslot private. */
export const ignoresSlots: Strategy = planted('ignores-slots', () => ({
  instance: (instance) => withPlug(instance, { slotAdded: () => undefined }),
}));
