/* SPDX-License-Identifier: MIT
 *
 * The IOVA map as one would write it in C++: std::map (a red-black tree) from first page to length and host page, with an
 * overlap check before each insert, as the tree of struct vfio_dma in Linux has it. Loops are in here, so that a call from
 * JavaScript counts for nothing.
 */
#include <cstdlib>
#include <iterator>
#include <malloc.h>
#include <map>
#include <new>

#include "node-api.h"

namespace {

size_t bytes_held = 0;

/* Counts what malloc really gives. */
template <typename T> struct counting {
    using value_type = T;
    counting() = default;
    template <typename U> counting(const counting<U> &) {}
    T *allocate(size_t count)
    {
        void *got = std::malloc(count * sizeof(T));
        if (got == nullptr) {
            throw std::bad_alloc();
        }
        bytes_held += malloc_usable_size(got) + sizeof(size_t);
        return static_cast<T *>(got);
    }
    void deallocate(T *given, size_t)
    {
        bytes_held -= malloc_usable_size(given) + sizeof(size_t);
        std::free(given);
    }
    template <typename U> bool operator==(const counting<U> &) const { return true; }
    template <typename U> bool operator!=(const counting<U> &) const { return false; }
};

struct mapping {
    uint64_t host;
    uint32_t count;
    uint32_t flags;
};

using iova_map = std::map<uint64_t, mapping, std::less<uint64_t>, counting<std::pair<const uint64_t, mapping>>>;

iova_map mappings;

constexpr uint64_t HOST_BASE = 0x7f0000000;
constexpr uint64_t HOST_STRIDE = 3;

bool insert(uint64_t first, uint32_t count)
{
    const auto next = mappings.lower_bound(first);
    if (next != mappings.end() && next->first < first + count) {
        return false;
    }
    if (next != mappings.begin()) {
        const auto before = std::prev(next);
        if (before->first + before->second.count > first) {
            return false;
        }
    }
    mappings.emplace_hint(next, first, mapping{HOST_BASE + first * HOST_STRIDE, count, 3});
    return true;
}

bool remove_exactly(uint64_t first, uint32_t count)
{
    const auto found = mappings.find(first);
    if (found == mappings.end() || found->second.count != count) {
        return false;
    }
    mappings.erase(found);
    return true;
}

/* Offset of the host page behind a page; 0 when nothing is mapped there. */
uint64_t look_up(uint64_t page)
{
    auto after = mappings.upper_bound(page);
    if (after == mappings.begin()) {
        return 0;
    }
    --after;
    const uint64_t offset = page - after->first;
    return offset < after->second.count ? after->second.host + offset - HOST_BASE : 0;
}

struct pages {
    const int32_t *page;
    size_t count;
};

pages pages_of(napi_env env, napi_value value)
{
    size_t count = 0;
    void *data = nullptr;
    napi_get_typedarray_info(env, value, nullptr, &count, &data, nullptr, nullptr);
    return {static_cast<const int32_t *>(data), count};
}

/* insertAll(pages): how many were inserted. */
napi_value insert_all(napi_env env, napi_callback_info info)
{
    napi_value values[MAX_ARGUMENTS];
    arguments_of(env, info, values);
    const pages given = pages_of(env, values[0]);
    double done = 0;
    for (size_t i = 0; i < given.count; i += 1) {
        done += insert(static_cast<uint64_t>(given.page[i]), 1);
    }
    return to_number(env, done);
}

/* lookUpAll(pages): sum of the offsets of the host pages. */
napi_value look_up_all(napi_env env, napi_callback_info info)
{
    napi_value values[MAX_ARGUMENTS];
    arguments_of(env, info, values);
    const pages given = pages_of(env, values[0]);
    double sum = 0;
    for (size_t i = 0; i < given.count; i += 1) {
        sum += static_cast<double>(look_up(static_cast<uint64_t>(given.page[i])));
    }
    return to_number(env, sum);
}

/* removeAll(pages): how many were removed. */
napi_value remove_all(napi_env env, napi_callback_info info)
{
    napi_value values[MAX_ARGUMENTS];
    arguments_of(env, info, values);
    const pages given = pages_of(env, values[0]);
    double done = 0;
    for (size_t i = 0; i < given.count; i += 1) {
        done += remove_exactly(static_cast<uint64_t>(given.page[i]), 1);
    }
    return to_number(env, done);
}

/* churn(from, to): each page of `from` removed and the one of `to` inserted; how many of both were done. */
napi_value churn(napi_env env, napi_callback_info info)
{
    napi_value values[MAX_ARGUMENTS];
    arguments_of(env, info, values);
    const pages from = pages_of(env, values[0]);
    const pages to = pages_of(env, values[1]);
    double done = 0;
    for (size_t i = 0; i < from.count; i += 1) {
        done += remove_exactly(static_cast<uint64_t>(from.page[i]), 1);
        done += insert(static_cast<uint64_t>(to.page[i]), 1);
    }
    return to_number(env, done);
}

napi_value clear(napi_env env, napi_callback_info)
{
    mappings.clear();
    return to_number(env, 0);
}

napi_value bytes(napi_env env, napi_callback_info)
{
    return to_number(env, static_cast<double>(bytes_held));
}

} // namespace

extern "C" napi_value napi_register_module_v1(napi_env env, napi_value exports);

extern "C" napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
    give(env, exports, "insertAll", insert_all);
    give(env, exports, "lookUpAll", look_up_all);
    give(env, exports, "removeAll", remove_all);
    give(env, exports, "churn", churn);
    give(env, exports, "clear", clear);
    give(env, exports, "bytes", bytes);
    return exports;
}
