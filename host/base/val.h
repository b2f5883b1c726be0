// val.h - the neutral value tree that crosses every border of the program.
//
// Owns: nil, boolean, 64-bit integer, double, string (any bytes), list, map
// (string keys, kept sorted bytewise, unique). Values are reference-counted and
// not thread-safe; a value that others may hold is never changed: build first,
// share after. Trees have no cycles. It never prints: json.h does.
#ifndef CORDON_BASE_VAL_H
#define CORDON_BASE_VAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum val_type { VAL_NIL, VAL_BOOL, VAL_INT, VAL_DOUBLE, VAL_STRING, VAL_LIST, VAL_MAP };

// Deepest tree that parsers and frames accept; what keeps recursion bounded.
#define VAL_MAX_DEPTH 64

struct val;

// Constructors return a new reference, NULL when out of memory. nil and the two
// booleans are static and never fail.
struct val *val_nil(void);
struct val *val_bool(bool b);
struct val *val_int(int64_t i);
struct val *val_double(double d);
struct val *val_string(const char *bytes, size_t len);
struct val *val_cstr(const char *s);  // NULL gives NULL
struct val *val_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
struct val *val_list(void);
struct val *val_map(void);

// A further reference to the same value; NULL gives NULL.
struct val *val_ref(const struct val *v);
// Drops a reference; NULL is allowed.
void val_unref(struct val *v);

// Both take over the caller's reference to `item`, also when they fail. False
// when `item` is NULL (a constructor that failed) or memory ran out; so calls can
// be joined by && and checked once. val_set replaces an earlier value of the key.
// val_set with a nil item removes the key, as in a Lua table.
bool val_append(struct val *list, struct val *item);
bool val_set(struct val *map, const char *key, struct val *item);
bool val_set_n(struct val *map, const char *key, size_t key_len, struct val *item);

// A shallow copy that the caller alone holds and may change; NULL on no memory.
struct val *val_copy(const struct val *v);

// Reading. All accept NULL and the wrong type and then give the "nothing" result.
enum val_type val_type(const struct val *v);  // NULL is VAL_NIL
bool val_is_nil(const struct val *v);
bool val_as_bool(const struct val *v, bool otherwise);
int64_t val_as_int(const struct val *v, int64_t otherwise);   // doubles with an integral value too
double val_as_double(const struct val *v, double otherwise);  // integers too
const char *val_as_str(const struct val *v, const char *otherwise);  // NUL-terminated
size_t val_str_len(const struct val *v);
size_t val_count(const struct val *v);  // items of a list, keys of a map; else 0
const struct val *val_at(const struct val *list, size_t index);  // NULL past the end; map: value
const char *val_key_at(const struct val *map, size_t index);
size_t val_key_len_at(const struct val *map, size_t index);
const struct val *val_get(const struct val *map, const char *key);  // NULL when absent
// val_get along a path of keys and list indices: val_path(v, "Groups", "0", "GroupId", NULL).
const struct val *val_path(const struct val *v, ...) __attribute__((sentinel));
// val_as_str(val_get(map, key), otherwise).
const char *val_get_str(const struct val *map, const char *key, const char *otherwise);

// Deep equality; 1 and 1.0 are equal, as in Lua.
bool val_equal(const struct val *a, const struct val *b);
const char *val_type_name(enum val_type t);

#endif
