// SPDX-License-Identifier: MIT
/**
 * The operations of the per-page model, by number. All can be taken in every state, and a refusal that is not met (the
 * container is not attached, the page is not due) leaves the operation as it is without.
 *
 *   plain     convert(p)            P     plug(p)             P     switch(d)                  2
 *   refused   convert(p), map at d  2P    plug(p), map at d   2P    switch(d), map of page k   2P
 *
 * 6P + 2(P + 1) in all: 66 for 8 pages. `convert` and `plug` turn the page to its other state, `switch` attaches or
 * detaches the device.
 */
import { CONTAINER_COUNT } from './page-machine.ts';
import { NONE } from './page-consumer.ts';

export const CONVERT = 0;
export const PLUG = 1;
export const SWITCH = 2;

export interface PageOperation {
  readonly kind: typeof CONVERT | typeof PLUG | typeof SWITCH;
  /** Page of a conversion or plug; device of a switch. */
  readonly of: number;
  /** Container whose map is refused, or NONE. */
  readonly refuser: number;
  /** Page whose map is refused, or NONE. */
  readonly refusedPage: number;
}

/** All operations; each is followed by what it is with a refusal. */
export function pageOperations(pageCount: number): PageOperation[] {
  const pages = Array.from({ length: pageCount }, (_, page) => page);
  const devices = Array.from({ length: CONTAINER_COUNT }, (_, device) => device);
  const ofPage = (kind: PageOperation['kind'], page: number): PageOperation[] => [
    plain(kind, page),
    ...devices.map((refuser) => ({ ...plain(kind, page), refuser, refusedPage: page })),
  ];
  return [
    ...pages.flatMap((page) => ofPage(CONVERT, page)),
    ...pages.flatMap((page) => ofPage(PLUG, page)),
    ...devices.flatMap((device) => [
      plain(SWITCH, device),
      ...pages.map((refusedPage) => ({ ...plain(SWITCH, device), refuser: device, refusedPage })),
    ]),
  ];
}

/** By operation, the number of the one that it is without its refusal; each comes before those with. */
export function alonesOf(operations: readonly PageOperation[]): Int32Array {
  let alone = 0;
  return Int32Array.from(operations, ({ refuser }, at) => (alone = refuser === NONE ? at : alone));
}

function plain(kind: PageOperation['kind'], of: number): PageOperation {
  return { kind, of, refuser: NONE, refusedPage: NONE };
}
