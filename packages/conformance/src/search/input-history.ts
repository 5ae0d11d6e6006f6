// SPDX-License-Identifier: MIT
/**
 * What a design was told and answered since its creation, as one number. Designs are deterministic: two that heard the
 * same, in the same order, do the same from now on. So where a design's state cannot be stored, this number stands for
 * it, beside the words of the machine.
 *
 * Equal histories have equal numbers and different ones different numbers (a tree, no hash). A design whose state
 * returns to an earlier one is not seen to: such a search never ends by itself and is bounded by its depth.
 */
export class InputHistory {
  /** The present node of the tree; the root is 0. */
  node: number = 0;
  readonly #children = new Map<string, number>();

  /** A fresh design, which heard nothing. */
  reset(): void {
    this.node = 0;
  }

  /** A call into the design, or the answer to a call of its own; any text or number that names it. */
  tell(input: string | number): void {
    const key = `${this.node} ${input}`;
    let child = this.#children.get(key);
    if (child === undefined) {
      child = this.#children.size + 1;
      this.#children.set(key, child);
    }
    this.node = child;
  }
}
