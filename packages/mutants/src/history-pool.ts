// SPDX-License-Identifier: MIT
import {
  caseHistories,
  type ConformanceCase,
  type History,
  type Invariant,
  randomHistory,
  runHistory,
  type WorldBackend,
} from '@sda-lab/conformance';
import type { Regime, Strategy } from '@sda-lab/guest-memory';
import fc from 'fast-check';

/** Where a history is run. */
export interface Place {
  readonly backend: WorldBackend;
  readonly regime: Regime;
}

/** Histories by carrier and place, and what carriers break in them: made once, for as many mutants as want them. */
export class HistoryPool {
  readonly #histories = new Map<string, readonly History[]>();
  readonly #broken = new Map<Strategy, WeakMap<History, ReadonlySet<Invariant>>>();

  /** A case's histories, without those that have containers of other backends: they show what happens there. */
  ofCase(testCase: ConformanceCase, carrier: Strategy, place: Place): readonly History[] {
    const { backend, regime } = place;
    return this.#remember(`${carrier.id} ${backend} ${regime} ${testCase.id}`, () =>
      caseHistories(testCase, carrier, backend, regime).filter(({ world }) =>
        world.containers.every((container) => container.backend === backend),
      ),
    );
  }

  random(carrier: Strategy, { backend, regime }: Place, seed: number, numRuns: number): readonly History[] {
    return this.#remember(`${carrier.id} ${backend} ${regime} seed=${seed} ${numRuns}`, () =>
      fc.sample(randomHistory(carrier, backend, regime), { seed, numRuns }),
    );
  }

  /** Invariants that fall for the carrier in a history. */
  brokenBy(carrier: Strategy, history: History): ReadonlySet<Invariant> {
    const ofCarrier = this.#broken.get(carrier) ?? new WeakMap<History, ReadonlySet<Invariant>>();
    this.#broken.set(carrier, ofCarrier);
    const broken =
      ofCarrier.get(history) ?? new Set(runHistory(carrier, history).violations.map(({ invariant }) => invariant));
    ofCarrier.set(history, broken);
    return broken;
  }

  #remember(key: string, make: () => readonly History[]): readonly History[] {
    const histories = this.#histories.get(key) ?? make();
    this.#histories.set(key, histories);
    return histories;
  }
}
