// SPDX-License-Identifier: MIT
/** Designs that go wrong about sides, order and refusals; each has exactly one mistake. */
import { type ConversionRequest, ERRNO, type Instance, type Side, type Status, type Strategy, switchSide } from '@sda-lab/guest-memory';
import { passOn } from '../../src/index.ts';
import { planted } from './planted.ts';

type Convert = Instance['convert'];

function converting(id: string, wrap: (convert: Convert, host: Parameters<Strategy['create']>[0]) => Convert): Strategy {
  return planted(id, () => ({
    instance: (instance, host) => ({ ...instance, convert: wrap((...request) => instance.convert(...request), host) }),
  }));
}

function keyOf({ gfns }: ConversionRequest, to: Side): string {
  return `${gfns.firstGfn} ${gfns.endGfn} ${to}`;
}

/** Frees the shared side before the consumers unmapped it. */
export const freesFirst: Strategy = converting('frees-first', (convert, host) => (request, to) => {
  if (to === 'private') host.discard(request.pages, 'shared');
  return convert(request, to);
});

/** In place: turns frames private before the consumers unmapped them. */
export const turnsFirst: Strategy = converting('turns-first', (convert, host) => (request, to) => {
  if (to === 'private') switchSide(host, request, 'private');
  return convert(request, to);
});

/** A page that goes shared keeps its private frame. */
export const keepsPrivateSide: Strategy = planted('keeps-private-side', () => ({
  host: (host) => ({ ...host, discard: (range, side) => (side === 'private' ? 0 : host.discard(range, side)) }),
}));

/** A refused sharing leaves the pages shared. */
export const keepsTheSide: Strategy = planted('keeps-the-side', () => {
  let isSharing = false;
  return {
    host: (host) => ({
      ...host,
      setAttributes: (gfns, side) => (isSharing && side === 'private' ? 0 : host.setAttributes(gfns, side)),
    }),
    instance: (instance) => ({
      ...instance,
      convert: (request, to) => {
        isSharing = to === 'shared';
        return instance.convert(request, to);
      },
    }),
  };
});

/** Does not unmap again what it mapped before a refusal. */
export const forgetsRollback: Strategy = planted('forgets-rollback', () => {
  let wasRefused = false;
  return {
    consumer: (consumer) =>
      passOn(consumer, {
        mapRun: (...run) => {
          const status = consumer.mapRun(...run);
          wasRefused = status !== 0;
          return status;
        },
        unmapRun: (...run) => (wasRefused ? 0 : consumer.unmapRun(...run)),
      }),
  };
});

/** The retry hole: what was refused once is answered 0 the next time, without a map. */
export const believesRetries: Strategy = converting('believes-retries', (convert, host) => {
  const refused = new Set<string>();
  return (request, to) => {
    if (refused.delete(keyOf(request, to))) return switchSide(host, request, to);
    const status = convert(request, to);
    if (status !== 0) refused.add(keyOf(request, to));
    return status;
  };
});

/** What was refused once is refused for good. */
export const refusesForGood: Strategy = converting('refuses-for-good', (convert) => {
  const refused = new Set<string>();
  return (request, to) => {
    if (refused.has(keyOf(request, to))) return -ERRNO.EAGAIN;
    const status = convert(request, to);
    if (status !== 0) refused.add(keyOf(request, to));
    return status;
  };
});

/** Leaves a refused page shared and hands the errno on, as QEMU does up to 10.2. */
export const stopsTheVm: Strategy = converting('stops-the-vm', (convert, host) => (request, to) => {
  const status = convert(request, to);
  if (status === 0) return 0;
  switchSide(host, request, to);
  return -ERRNO.ENOMEM;
});

/** Gives up the VMM when a consumer refuses. */
export const exitsOnRefusal: Strategy = planted('exits-on-refusal', () => ({
  instance: (instance, host) => {
    const heed = (status: Status): Status => {
      if (status !== 0) host.exit('vfio: memory listener initialization failed');
      return status;
    };
    return {
      ...instance,
      subscribe: (...to) => heed(instance.subscribe(...to)),
      convert: (...request) => heed(instance.convert(...request)),
    };
  },
}));

/** Throws where an assertion would fail. */
export const throwsOnRefusal: Strategy = converting('throws-on-refusal', (convert) => (request, to) => {
  const status = convert(request, to);
  if (status !== 0) throw new RangeError('the bitmap and the listeners disagree');
  return status;
});
