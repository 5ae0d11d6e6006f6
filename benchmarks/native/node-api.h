/* SPDX-License-Identifier: MIT
 *
 * The few calls of Node-API (a stable C interface of Node) that the baselines need, declared here so that no Node headers
 * have to be there. Source: Node documentation, "Node-API"; version 1 of it has all of them.
 */
#ifndef SDA_LAB_NODE_API_H
#define SDA_LAB_NODE_API_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);

/* All answer 0 for success. */
int napi_create_function(napi_env, const char *name, size_t length, napi_callback, void *data, napi_value *result);
int napi_set_named_property(napi_env, napi_value object, const char *name, napi_value);
int napi_get_cb_info(napi_env, napi_callback_info, size_t *count, napi_value *arguments, napi_value *self, void **data);
int napi_get_value_double(napi_env, napi_value, double *);
int napi_create_double(napi_env, double, napi_value *);
/* `type` 5 is Int32Array; `data` points at its first element. */
int napi_get_typedarray_info(napi_env, napi_value, int *type, size_t *length, void **data, napi_value *buffer, size_t *offset);

#ifdef __cplusplus
}
#endif

#define MAX_ARGUMENTS 8

/* The arguments of a call; a missing one reads as undefined, which is no number. */
static inline void arguments_of(napi_env env, napi_callback_info info, napi_value *values)
{
    size_t count = MAX_ARGUMENTS;
    napi_get_cb_info(env, info, &count, values, NULL, NULL);
}

static inline double number_of(napi_env env, napi_value value)
{
    double number = 0;
    napi_get_value_double(env, value, &number);
    return number;
}

/* The words of a typed array, seen as 64-bit ones; its buffer begins at a multiple of 8 bytes. */
static inline uint64_t *words_of(napi_env env, napi_value value)
{
    void *data = NULL;
    napi_get_typedarray_info(env, value, NULL, NULL, &data, NULL, NULL);
    return (uint64_t *)data;
}

static inline napi_value to_number(napi_env env, double number)
{
    napi_value value = NULL;
    napi_create_double(env, number, &value);
    return value;
}

static inline void give(napi_env env, napi_value exports, const char *name, napi_callback callback)
{
    napi_value function = NULL;
    napi_create_function(env, name, (size_t)-1, callback, NULL, &function);
    napi_set_named_property(env, exports, name, function);
}

#endif
