// SPDX-License-Identifier: MIT
/**
 * An end to calls without end: how often a design may call its host and its consumers inside one call into it. Time is
 * no measure here, since a world knows none.
 *
 * A design that handles every page alone maps or unmaps it once per container and section, undoes that, and switches
 * and frees it: far below the number of calls allowed here.
 */
import { PortError } from './port-error.ts';

const CALLS_PER_PAGE = 64;
const CALLS_AT_LEAST = 1024;

/** The member under way and the calls it has left. */
interface Account {
  readonly member: string;
  left: number;
}

export class CallBudget {
  readonly limit: number;
  readonly #pageCount: number;
  #account: Account;

  constructor(pageCount: number, containerCount: number) {
    this.#pageCount = pageCount;
    this.limit = CALLS_AT_LEAST + CALLS_PER_PAGE * pageCount * (containerCount + 1);
    this.#account = { member: 'create', left: this.limit };
  }

  /** Runs one call into the design. Calls may nest; each has a budget of its own. */
  during<T>(member: string, act: () => T): T {
    const outer = this.#account;
    this.#account = { member, left: this.limit };
    try {
      return act();
    } finally {
      this.#account = outer;
    }
  }

  /** The design calls; throws once it has called too often, and then at every further call. */
  spend(): void {
    this.#account.left -= 1;
    if (this.#account.left >= 0) return;
    throw new PortError(
      `${this.#account.member} made more than ${this.limit} calls in a guest of ${this.#pageCount} pages; it seems never to end`,
    );
  }
}
