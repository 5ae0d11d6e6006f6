// SPDX-License-Identifier: MIT
/**
 * What the controls share: no manager, no state. A section is mapped as one mapping when a consumer comes and unmapped
 * when it goes; migration and dump see every page as shared RAM.
 */
import { ERRNO, type Instance, NO_PLUG_EVENTS } from '@sda-lab/guest-memory';
import { NO_WORDS } from './no-words.ts';

export function createWholeSectionInstance(convert: Instance['convert']): Instance {
  return {
    addBlock: () => 0,
    removeBlock: () => undefined,
    attachSource: () => -ERRNO.EBUSY,
    detachSource: () => -ERRNO.ENOENT,
    subscribe: (consumer, section) =>
      consumer.mapRun(section, 'shared', section.firstPage, section.pageCount, section.pageCount),
    unsubscribe: (consumer, section) => {
      consumer.unmapRun(section, 'shared', section.firstPage, section.pageCount);
    },
    convert,
    reset: () => -ERRNO.EOPNOTSUPP,
    plug: NO_PLUG_EVENTS,
    runs: (_block, _view, firstPage, endPage, emit) => emit(firstPage, endPage, 'shared'),
    words: () => NO_WORDS,
  };
}
