// SPDX-License-Identifier: MIT
/**
 * The listeners of one block: one for each section that a consumer may follow, made when either is first met and the
 * same from then on, whether it is registered or not. Who is registered is the manager's to say.
 */
import type { Cast, Consumer, CostMeter, RamBlock, Section } from '@sda-lab/guest-memory';
import { ConsumerListener } from './consumer-listener.ts';

export class ConsumerListeners {
  readonly #granulePages: number;
  readonly #met: ConsumerListener[] = [];
  readonly #meter: CostMeter | undefined;

  /** @param granulePages - until a registration latches another one. */
  constructor(granulePages: number, meter?: CostMeter) {
    this.#granulePages = granulePages;
    this.#meter = meter;
  }

  of(consumer: Consumer, section: Section): ConsumerListener {
    const known = this.#met.find((listener) => listener.consumer === consumer && listener.section === section);
    if (known !== undefined) return known;
    const listener = new ConsumerListener(consumer, section, this.#granulePages, this.#meter);
    this.#met.push(listener);
    return listener;
  }

  /** Those of everybody in the cast that may follow the block, consumer by consumer. */
  ofCast({ consumers, sections }: Cast, block: RamBlock): ConsumerListener[] {
    const own = sections.filter((section) => section.block === block);
    return consumers.flatMap((consumer) => own.map((section) => this.of(consumer, section)));
  }
}
