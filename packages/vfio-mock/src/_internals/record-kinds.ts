// SPDX-License-Identifier: MIT
/**
 * What records of one mapping each have in common, numbered: granule, flags, the host page above its low 32 bits. Millions
 * of mappings are of a handful of kinds, so a mapping stores the number of its kind and the low bits.
 *
 * Lifecycle: kinds are found or made, and never dropped; when there are too many, there is no number for another.
 */

/** The number of none. */
export const NO_KIND = 0;
const MOST_KINDS = 1024;
/** Host pages are below 2^53; their low bits are the mapping's, those above its kind's. */
const LOW = 2 ** 32;
const CACHE_MASK = 31;
/** Kinds of larger granules are left out, so that a key is a safe integer. */
const GRANULE_LIMIT = 2 ** 26;
const FLAGS_LIMIT = 32;

export class RecordKinds {
  readonly granules: Float64Array = new Float64Array(MOST_KINDS);
  readonly flags: Int32Array = new Int32Array(MOST_KINDS);
  /** The bits of the host page above the low ones. */
  readonly highs: Float64Array = new Float64Array(MOST_KINDS);
  readonly #known = new Map<number, number>();
  /** The kind found last, by some bits of what is asked for. */
  readonly #cache = new Uint16Array(CACHE_MASK + 1);
  #count = 1;
  /** The kind that was found last for one page. */
  #last = NO_KIND;
  #lastBase = -1;
  #lastFlags = -1;

  /** The same for one page, for who asks for the same again and again. */
  findPage(host: number, flags: number): number {
    const low = host - this.#lastBase;
    return low >= 0 && low < LOW && flags === this.#lastFlags ? this.#last : this.#findPage(host, flags);
  }

  /** NO_KIND when it would be one too many. */
  find(granule: number, host: number, flags: number): number {
    const high = host < LOW ? 0 : Math.floor(host / LOW);
    const place = (flags ^ high ^ (granule << 2)) & CACHE_MASK;
    const kind = this.#cache[place]!;
    if (this.granules[kind] === granule && this.highs[kind] === high && this.flags[kind] === flags) return kind;
    return this.#findSlowly(granule, high, flags, place);
  }

  /** The host page of a mapping of this kind, from its low bits. */
  hostOf(kind: number, low: number): number {
    return this.highs[kind]! * LOW + (low >>> 0);
  }

  #findPage(host: number, flags: number): number {
    const kind = this.find(1, host, flags);
    if (kind !== NO_KIND) {
      this.#last = kind;
      this.#lastBase = this.highs[kind]! * LOW;
      this.#lastFlags = flags;
    }
    return kind;
  }

  #findSlowly(granule: number, high: number, flags: number, place: number): number {
    if (granule >= GRANULE_LIMIT) return NO_KIND;
    const key = (high * GRANULE_LIMIT + granule) * FLAGS_LIMIT + flags;
    let kind = this.#known.get(key);
    if (kind === undefined) {
      if (this.#count === MOST_KINDS) return NO_KIND;
      kind = this.#count;
      this.#count += 1;
      this.granules[kind] = granule;
      this.highs[kind] = high;
      this.flags[kind] = flags;
      this.#known.set(key, kind);
    }
    this.#cache[place] = kind;
    return kind;
  }

  get byteCount(): number {
    return this.granules.byteLength + this.flags.byteLength + this.highs.byteLength + this.#cache.byteLength;
  }
}
