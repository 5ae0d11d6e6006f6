/* SPDX-License-Identifier: MIT
 *
 * A flat bitmap as QEMU keeps one: 64-bit words and searches that go word by word, four at a time while they look for a set
 * bit, one at a time while they look for a clear one. Own code in that shape; QEMU 10.2.2 util/bitops.c is what it models,
 * and for the bounds of classify and of a window's replay system/ram-block-attributes.c.
 *
 * Every call works on the memory of a typed array of the caller. One operation takes a few nanoseconds, entering C takes a
 * hundred, so short operations come in batches: `starts` holds their first bits.
 *
 * Does not cover QEMU's locks, notifier lists or atomics: what is timed is the bitmap alone.
 */
#include "node-api.h"

#define WORD_BITS 64u

typedef uint64_t bit_t;

/* Four words are looked at before one is decided, so that a search over clear memory takes one branch per four. */
static bit_t find_set(const uint64_t *words, bit_t size, bit_t from)
{
    if (from >= size) {
        return size;
    }
    bit_t at = from / WORD_BITS;
    const bit_t end = (size + WORD_BITS - 1) / WORD_BITS;
    uint64_t word = words[at] & (~(uint64_t)0 << (from % WORD_BITS));
    while (word == 0) {
        at += 1;
        while (at + 4 <= end && (words[at] | words[at + 1] | words[at + 2] | words[at + 3]) == 0) {
            at += 4;
        }
        if (at >= end) {
            return size;
        }
        word = words[at];
    }
    const bit_t found = at * WORD_BITS + (bit_t)__builtin_ctzll(word);
    return found < size ? found : size;
}

static bit_t find_clear(const uint64_t *words, bit_t size, bit_t from)
{
    if (from >= size) {
        return size;
    }
    bit_t at = from / WORD_BITS;
    const bit_t end = (size + WORD_BITS - 1) / WORD_BITS;
    uint64_t word = ~words[at] & (~(uint64_t)0 << (from % WORD_BITS));
    while (word == 0) {
        at += 1;
        if (at >= end) {
            return size;
        }
        word = ~words[at];
    }
    const bit_t found = at * WORD_BITS + (bit_t)__builtin_ctzll(word);
    return found < size ? found : size;
}

static bit_t find_bit(const uint64_t *words, bit_t size, bit_t from, int set)
{
    return set ? find_set(words, size, from) : find_clear(words, size, from);
}

/* What a walk tells: how many runs, and a sum over their ends. */
struct tally {
    uint32_t runs;
    uint32_t sum;
};

typedef void (*on_run)(struct tally *, bit_t first, bit_t end);

static __attribute__((noinline)) void add_run(struct tally *tally, bit_t first, bit_t end)
{
    tally->runs += 1;
    tally->sum += (uint32_t)first ^ ((uint32_t)end << 2);
}

/* Read through a volatile, so that the call per run stays a call through a pointer, as a listener's is. */
static volatile on_run chosen_on_run = add_run;

static double answer_of(const struct tally *tally)
{
    return (double)(tally->runs & 0xfffffu) * 4294967296.0 + (double)tally->sum;
}

/* `bound` is how far the searches may look; runs are clipped to `end`. */
static void walk_runs(struct tally *tally, const uint64_t *words, bit_t bound, bit_t from, bit_t end, int set)
{
    const on_run emit = chosen_on_run;
    bit_t first = find_bit(words, bound, from, set);
    while (first < end) {
        const bit_t stop = find_bit(words, bound, first + 1, !set);
        emit(tally, first, stop < end ? stop : end);
        first = find_bit(words, bound, stop, set);
    }
}

/* replay(words, boundBits, first, end, set) */
static napi_value replay(napi_env env, napi_callback_info info)
{
    napi_value values[MAX_ARGUMENTS];
    arguments_of(env, info, values);
    const bit_t bound = (bit_t)number_of(env, values[1]);
    const bit_t end = (bit_t)number_of(env, values[3]);
    struct tally tally = { 0, 0 };
    walk_runs(&tally, words_of(env, values[0]), bound, (bit_t)number_of(env, values[2]), end, number_of(env, values[4]) != 0);
    return to_number(env, answer_of(&tally));
}

static bit_t find_both(const uint64_t *one, const uint64_t *other, bit_t size, bit_t from, uint64_t flip)
{
    if (from >= size) {
        return size;
    }
    bit_t at = from / WORD_BITS;
    const bit_t end = (size + WORD_BITS - 1) / WORD_BITS;
    uint64_t word = ((one[at] & other[at]) ^ flip) & (~(uint64_t)0 << (from % WORD_BITS));
    while (word == 0) {
        at += 1;
        if (at >= end) {
            return size;
        }
        word = (one[at] & other[at]) ^ flip;
    }
    const bit_t found = at * WORD_BITS + (bit_t)__builtin_ctzll(word);
    return found < size ? found : size;
}

/* replayBoth(one, other, size): runs of one AND other. */
static napi_value replay_both(napi_env env, napi_callback_info info)
{
    napi_value values[MAX_ARGUMENTS];
    arguments_of(env, info, values);
    const uint64_t *one = words_of(env, values[0]);
    const uint64_t *other = words_of(env, values[1]);
    const bit_t size = (bit_t)number_of(env, values[2]);
    const on_run emit = chosen_on_run;
    struct tally tally = { 0, 0 };
    bit_t first = find_both(one, other, size, 0, 0);
    while (first < size) {
        const bit_t stop = find_both(one, other, size, first + 1, ~(uint64_t)0);
        emit(&tally, first, stop);
        first = find_both(one, other, size, stop, 0);
    }
    return to_number(env, answer_of(&tally));
}

struct batch {
    uint64_t *words;
    const int32_t *starts;
    size_t count;
    bit_t bits;
};

/* The arguments (words, starts, count, bitsEach) that all batches begin with. */
static struct batch batch_of(napi_env env, const napi_value *values)
{
    return (struct batch){
        .words = words_of(env, values[0]),
        .starts = (const int32_t *)words_of(env, values[1]),
        .count = (size_t)number_of(env, values[2]),
        .bits = (bit_t)number_of(env, values[3]),
    };
}

/* classify(words, starts, count, bitsEach, boundBits): boundBits 0 stands for the end of each range. Sums 0, 1, 2. */
static napi_value classify(napi_env env, napi_callback_info info)
{
    napi_value values[MAX_ARGUMENTS];
    arguments_of(env, info, values);
    const struct batch batch = batch_of(env, values);
    const bit_t whole = (bit_t)number_of(env, values[4]);
    double sum = 0;
    for (size_t i = 0; i < batch.count; i += 1) {
        const bit_t first = (bit_t)batch.starts[i];
        const bit_t end = first + batch.bits;
        const bit_t bound = whole != 0 ? whole : end;
        if (find_set(batch.words, bound, first) >= end) {
            continue;
        }
        sum += find_clear(batch.words, bound, first) >= end ? 1 : 2;
    }
    return to_number(env, sum);
}

/* replayEach(words, starts, count, bitsEach, boundBits): set runs of each range; boundBits 0 stands for its end. */
static napi_value replay_each(napi_env env, napi_callback_info info)
{
    napi_value values[MAX_ARGUMENTS];
    arguments_of(env, info, values);
    const struct batch batch = batch_of(env, values);
    const bit_t whole = (bit_t)number_of(env, values[4]);
    struct tally tally = { 0, 0 };
    for (size_t i = 0; i < batch.count; i += 1) {
        const bit_t first = (bit_t)batch.starts[i];
        const bit_t end = first + batch.bits;
        walk_runs(&tally, batch.words, whole != 0 ? whole : end, first, end, 1);
    }
    return to_number(env, answer_of(&tally));
}

/* Every word is read, changed by its mask and written, the whole ones among them too, as QEMU's bitmap_set does. */
static void set_range(uint64_t *words, bit_t first, bit_t end)
{
    uint64_t *word = words + first / WORD_BITS;
    uint64_t mask = ~(uint64_t)0 << (first % WORD_BITS);
    bit_t next = (first / WORD_BITS + 1) * WORD_BITS;
    while (next <= end) {
        *word |= mask;
        mask = ~(uint64_t)0;
        word += 1;
        next += WORD_BITS;
    }
    if (end % WORD_BITS != 0) {
        *word |= mask & (~(uint64_t)0 >> (WORD_BITS - end % WORD_BITS));
    }
}

static void clear_range(uint64_t *words, bit_t first, bit_t end)
{
    uint64_t *word = words + first / WORD_BITS;
    uint64_t mask = ~(uint64_t)0 << (first % WORD_BITS);
    bit_t next = (first / WORD_BITS + 1) * WORD_BITS;
    while (next <= end) {
        *word &= ~mask;
        mask = ~(uint64_t)0;
        word += 1;
        next += WORD_BITS;
    }
    if (end % WORD_BITS != 0) {
        *word &= ~(mask & (~(uint64_t)0 >> (WORD_BITS - end % WORD_BITS)));
    }
}

/* fill(words, starts, count, bitsEach, set) */
static napi_value fill_all(napi_env env, napi_callback_info info)
{
    napi_value values[MAX_ARGUMENTS];
    arguments_of(env, info, values);
    const struct batch batch = batch_of(env, values);
    const int set = number_of(env, values[4]) != 0;
    for (size_t i = 0; i < batch.count; i += 1) {
        const bit_t first = (bit_t)batch.starts[i];
        if (set) {
            set_range(batch.words, first, first + batch.bits);
        } else {
            clear_range(batch.words, first, first + batch.bits);
        }
    }
    return to_number(env, 0);
}

/* next(words, starts, count, sizeBits, set): sums the positions found, modulo 2^32. */
static napi_value next_all(napi_env env, napi_callback_info info)
{
    napi_value values[MAX_ARGUMENTS];
    arguments_of(env, info, values);
    const struct batch batch = batch_of(env, values);
    const int set = number_of(env, values[4]) != 0;
    uint32_t sum = 0;
    for (size_t i = 0; i < batch.count; i += 1) {
        sum += (uint32_t)find_bit(batch.words, batch.bits, (bit_t)batch.starts[i], set);
    }
    return to_number(env, (double)sum);
}

static bit_t count_set(const uint64_t *words, bit_t first, bit_t end)
{
    const bit_t high = (end - 1) / WORD_BITS;
    bit_t count = 0;
    for (bit_t at = first / WORD_BITS; at <= high; at += 1) {
        uint64_t word = words[at];
        if (at == first / WORD_BITS) {
            word &= ~(uint64_t)0 << (first % WORD_BITS);
        }
        if (at == high) {
            word &= ~(uint64_t)0 >> (WORD_BITS - 1 - (end - 1) % WORD_BITS);
        }
        count += (bit_t)__builtin_popcountll(word);
    }
    return count;
}

/* popcount(words, starts, count, bitsEach) */
static napi_value popcount(napi_env env, napi_callback_info info)
{
    napi_value values[MAX_ARGUMENTS];
    arguments_of(env, info, values);
    const struct batch batch = batch_of(env, values);
    double sum = 0;
    for (size_t i = 0; i < batch.count; i += 1) {
        sum += (double)count_set(batch.words, (bit_t)batch.starts[i], (bit_t)batch.starts[i] + batch.bits);
    }
    return to_number(env, sum);
}

napi_value napi_register_module_v1(napi_env env, napi_value exports);

napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
    give(env, exports, "replay", replay);
    give(env, exports, "replayBoth", replay_both);
    give(env, exports, "replayEach", replay_each);
    give(env, exports, "classify", classify);
    give(env, exports, "fill", fill_all);
    give(env, exports, "next", next_all);
    give(env, exports, "popcount", popcount);
    return exports;
}
