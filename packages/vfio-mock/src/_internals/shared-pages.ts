// SPDX-License-Identifier: MIT
/**
 * Pages that several iommufd areas share after an IOAS_COPY: one pin each, dropped with the last area that covers it.
 * Source: Linux 7.2.13 drivers/iommu/iommufd/pages.c (iopt_pages and its interval trees of areas).
 */
import { assert } from '@sda-lab/guest-memory';

export class SharedPages {
  readonly #uses: Uint16Array;

  constructor(pageCount: number) {
    this.#uses = new Uint16Array(pageCount).fill(1);
  }

  share(at: number, count: number): void {
    for (let index = at; index < at + count; index += 1) this.#uses[index]! += 1;
  }

  /** Whether that was the last area over the page, so that its pin goes. */
  release(at: number): boolean {
    assert(this.#uses[at]! > 0, 'a shared page is released as often as it was shared');
    this.#uses[at]! -= 1;
    return this.#uses[at] === 0;
  }
}
