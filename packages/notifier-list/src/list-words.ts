// SPDX-License-Identifier: MIT
/**
 * What the lists remember is who is on them, and that follows from who follows: a load puts followers on the lists and
 * off them, and lets the managers of their blocks tell them. No words of its own; comes after those of the followers and
 * of the plug sources.
 */
import type { Words } from '@sda-lab/guest-memory';
import type { ConversionNotifier } from './conversion-notifier.ts';
import type { Follower } from './follower.ts';

export class ListWords implements Words {
  readonly count = 0;
  readonly #notifier: ConversionNotifier;
  readonly #cast: readonly Follower[];

  /** @param cast - everybody who may ever follow. */
  constructor(notifier: ConversionNotifier, cast: readonly Follower[]) {
    this.#notifier = notifier;
    this.#cast = cast;
  }

  store(): void {}

  load(): void {
    const notifier = this.#notifier;
    for (const follower of notifier.followers()) if (!follower.isInPlace) notifier.part(follower);
    for (const follower of this.#cast) if (!follower.isInPlace) notifier.join(follower);
  }
}
