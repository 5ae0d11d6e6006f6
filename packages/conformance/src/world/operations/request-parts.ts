// SPDX-License-Identifier: MIT
import type { ConversionRequest, GfnRange, Instance, Side, Status } from '@sda-lab/guest-memory';

/** The way of one request's parts to the design, which remembers those that were carried out. */
export class RequestParts implements Pick<Instance, 'convert'> {
  readonly #instance: Pick<Instance, 'convert'>;
  /** The last one, which is the only one of most requests; a list of all but it is made when there is another. */
  #last: ConversionRequest | undefined = undefined;
  #earlier: ConversionRequest[] | undefined = undefined;

  constructor(instance: Pick<Instance, 'convert'>) {
    this.#instance = instance;
  }

  /** Guest pages of the parts that were carried out, in order. */
  get done(): GfnRange[] {
    const parts = [...(this.#earlier ?? []), ...(this.#last === undefined ? [] : [this.#last])];
    return parts.map(({ gfns }) => gfns);
  }

  convert(part: ConversionRequest, to: Side): Status {
    const status = this.#instance.convert(part, to);
    if (status === 0) this.#remember(part);
    return status;
  }

  #remember(part: ConversionRequest): void {
    if (this.#last !== undefined) (this.#earlier ??= []).push(this.#last);
    this.#last = part;
  }
}
