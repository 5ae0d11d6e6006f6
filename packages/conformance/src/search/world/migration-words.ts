// SPDX-License-Identifier: MIT
/**
 * A running migration as one word: whether it runs.
 *
 * What is sent in its last pass is what counts: a load makes every page one to be sent again. What was sent before of a
 * page that is clean is what the page would be sent as now, since whatever changes a page or its side marks it, in code
 * that is the machine's (consumers/live-migration.ts) and no design's. After the end nothing of a migration is state: a
 * search loads no saved guest. Contents are none either.
 */
import type { Words } from '@sda-lab/guest-memory';
import type { LiveMigration } from '../../world/consumers/live-migration.ts';

export class MigrationWords implements Words {
  readonly count: number = 1;
  readonly #migration: LiveMigration;
  readonly #positionCount: number;

  constructor(migration: LiveMigration, positionCount: number) {
    this.#migration = migration;
    this.#positionCount = positionCount;
  }

  store(words: Int32Array, at: number): void {
    words[at] = this.#migration.isRunning ? 1 : 0;
  }

  load(words: Int32Array, at: number): void {
    const migration = this.#migration;
    const isRunning = words[at] === 1;
    const dirtyCount = isRunning ? this.#positionCount : 0;
    migration.isRunning = isRunning;
    // Most loads find them so; emptying a set that is empty makes another one.
    if (migration.copies.size > 0) migration.copies.clear();
    if (migration.givenAway.size > 0) migration.givenAway.clear();
    if (migration.deviceWrites.size > 0) migration.deviceWrites.clear();
    if (migration.dirty.size === dirtyCount) return;
    migration.dirty.clear();
    for (let position = 0; position < dirtyCount; position += 1) migration.dirty.add(position);
  }
}
