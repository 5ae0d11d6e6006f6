// SPDX-License-Identifier: MIT

/** A transition that broke a property, as the place where it did. */
export interface Discovery {
  /** Index in the model's `always`. */
  readonly property: number;
  /** The state it was taken in. */
  readonly from: number;
  readonly transition: number;
  /** Transitions from the first state, this one included. */
  readonly depth: number;
}

/** The nearest violation of each property; of equally near ones the first. */
export class Discoveries {
  readonly #found: (Discovery | undefined)[];
  /** Properties that cannot be broken nearer than they are, as long as the depth does not fall. */
  #settled = 0;
  #mask = 0;

  constructor(propertyCount: number) {
    this.#found = Array.from({ length: propertyCount }, () => undefined);
  }

  /** Depths may not fall between two calls of `reopen`. */
  note(violated: number, from: number, transition: number, depth: number): void {
    const fresh = violated & ~this.#settled;
    if (fresh === 0) return;
    this.#settled |= fresh;
    this.#mask |= fresh;
    for (let property = 0; property < this.#found.length; property += 1) {
      if ((fresh & (1 << property)) === 0) continue;
      const known = this.#found[property];
      if (known === undefined || depth < known.depth) this.#found[property] = { property, from, transition, depth };
    }
  }

  /** Bit i: `always[i]` was broken. */
  get mask(): number {
    return this.#mask;
  }

  /** Depths start again from 0. */
  reopen(): void {
    this.#settled = 0;
  }

  get all(): readonly Discovery[] {
    return this.#found.filter((one) => one !== undefined);
  }
}
