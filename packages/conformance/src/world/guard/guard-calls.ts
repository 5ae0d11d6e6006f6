// SPDX-License-Identifier: MIT
/**
 * What a design calls, behind a check of every argument: the host, a consumer, a plug source, the `emit` of a walk. The
 * real parts stay out of its reach, so it can change none of them, and each call counts against the budget.
 */
import type { Consumer, EmitRun, Host, PageRange, PlugSource, RamBlock } from '@sda-lab/guest-memory';
import type { CallBudget } from './call-budget.ts';
import { checkKnown, checkLock, checkRun, checkSide, checkStatus } from './check-value.ts';
import { PortError } from './port-error.ts';

export interface Guard {
  readonly budget: CallBudget;
  /** Blocks and sections the design was handed. */
  readonly known: ReadonlySet<unknown>;
}

export function guardHost(host: Host, { budget, known }: Guard): Host {
  const checkRange = (call: string, range: PageRange, side: unknown): void => {
    budget.spend();
    checkKnown(call, 'block', range?.block, known);
    checkRun(call, range.firstPage, range.endPage);
    checkSide(call, side);
  };
  return Object.freeze<Host>({
    regime: host.regime,
    meter: host.meter,
    get isDiscardDisabled() {
      return host.isDiscardDisabled;
    },
    setAttributes: (gfns, side) => {
      budget.spend();
      checkRun('host.setAttributes', gfns?.firstGfn, gfns?.endGfn);
      checkSide('host.setAttributes', side);
      return host.setAttributes(gfns, side);
    },
    convertInPlace: (range, side) => {
      checkRange('host.convertInPlace', range, side);
      return host.convertInPlace(range, side);
    },
    discard: (range, side) => {
      checkRange('host.discard', range, side);
      return host.discard(range, side);
    },
    lock: (lock) => {
      budget.spend();
      return host.lock(checkLock('host.lock', lock));
    },
    unlock: (lock) => {
      budget.spend();
      host.unlock(checkLock('host.unlock', lock));
    },
    exit: (reason) => {
      budget.spend();
      host.exit(typeof reason === 'string' ? reason : 'no reason given');
    },
  });
}

export function guardConsumer(consumer: Consumer, { budget, known }: Guard): Consumer {
  const { name, sides, smallestPages, unmapShape } = consumer;
  const check = (call: string, section: unknown, side: unknown, firstPage: unknown, pageCount: unknown): void => {
    budget.spend();
    checkKnown(call, 'section', section, known);
    checkSide(call, side);
    if (sides !== 'both' && side !== sides) throw new PortError(`${call} was given ${side} pages; ${name} takes ${sides} ones only`);
    checkRun(call, firstPage, firstPage);
    if (Number.isSafeInteger(pageCount) && (pageCount as number) > 0) return;
    throw new PortError(`${call} was given ${String(pageCount)} pages; give at least one`);
  };
  return Object.freeze<Consumer>({
    name,
    sides,
    smallestPages,
    unmapShape,
    get done() {
      return consumer.done;
    },
    mapRun: (section, side, firstPage, pageCount, granulePages) => {
      check('mapRun', section, side, firstPage, pageCount);
      if (!Number.isSafeInteger(granulePages) || granulePages < 1) {
        throw new PortError(`mapRun was given granules of ${String(granulePages)} pages; give a whole number from 1`);
      }
      return consumer.mapRun(section, side, firstPage, pageCount, granulePages);
    },
    unmapRun: (section, side, firstPage, pageCount) => {
      check('unmapRun', section, side, firstPage, pageCount);
      return consumer.unmapRun(section, side, firstPage, pageCount);
    },
  });
}

export function guardSource(source: PlugSource, { budget }: Guard): PlugSource {
  return Object.freeze<PlugSource>({
    name: source.name,
    granulePages: source.granulePages,
    isPlugged: (firstPage, endPage) => {
      budget.spend();
      checkRun('isPlugged', firstPage, endPage);
      return source.isPlugged(firstPage, endPage);
    },
  });
}

/** The walk's own callback answers the design; what the design tells it must be pages of the block. */
export function guardEmit(emit: EmitRun, block: RamBlock, { budget }: Guard): EmitRun {
  return (firstPage, endPage, side, firstGfn) => {
    budget.spend();
    checkRun('emit', firstPage, endPage);
    checkSide('emit', side);
    if (firstGfn !== undefined) checkRun('emit', firstGfn, firstGfn);
    if (endPage > block.pageCount) {
      throw new PortError(`emit was given [${firstPage}, ${endPage}); ${block.name} has ${block.pageCount} pages`);
    }
    return checkStatus('emit', emit(firstPage, endPage, side, firstGfn));
  };
}
