// protocol_values.h - how the protocol suites write values, beside how cordon does.
//
// Owns: NaN and infinities as strings, instants as seconds, blobs as text.
#ifndef CORDON_TESTS_PROTOCOL_VALUES_H
#define CORDON_TESTS_PROTOCOL_VALUES_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "codec/codec.h"

struct running {
    struct model *model;
    const struct operation *op;
    const struct val *suite, *test;
    char why[1500];
};

static const struct member *child_member(const struct shape *s, const struct val *v, size_t i) {
    if (s->kind == SHAPE_LIST) return &s->item;
    return s->kind == SHAPE_MAP ? &s->value : shape_member(s, val_key_at(v, i));
}

static struct val *read_params(struct running *r, const struct shape *s, const struct val *v);

// The suites write NaN and the infinities as strings.
static struct val *read_float(const struct val *v) {
    const char *text = val_as_str(v, NULL);
    return text ? val_double(strtod(text, NULL)) : val_ref(v);
}

static struct val *read_params(struct running *r, const struct shape *s, const struct val *v) {
    if (s->kind == SHAPE_FLOAT || s->kind == SHAPE_DOUBLE) return read_float(v);
    if (s->boxed_document || (val_type(v) != VAL_MAP && val_type(v) != VAL_LIST)) return val_ref(v);
    struct val *out = val_type(v) == VAL_LIST ? val_list() : val_map();
    for (size_t i = 0; i < val_count(v); i++) {
        const struct member *m = child_member(s, v, i);
        const struct shape *below =
            m ? model_member_shape(r->model, r->op->service, m, NULL) : NULL;
        struct val *child = below ? read_params(r, below, val_at(v, i)) : val_ref(val_at(v, i));
        bool ok = val_type(out) == VAL_LIST ? val_append(out, child)
                                            : val_set(out, val_key_at(v, i), child);
        if (!ok) abort();
    }
    return out;
}

static bool same_number(double expected, double got) {
    return expected == got || fabs(expected - got) < 1e-6 * fabs(expected);
}

static bool same_scalar(const struct shape *s, const struct val *expected, const struct val *got) {
    const char *text = val_as_str(got, NULL);
    int64_t us;
    if (s->kind == SHAPE_TIMESTAMP && text && clock_parse(text, strlen(text), &us) &&
        val_type(expected) != VAL_STRING) {
        double seconds = (double)us / 1e6;
        return same_number(val_as_double(expected, -1), seconds) ||
               val_as_int(expected, -1) == (int64_t)floor(seconds);
    }
    if (val_type(got) == VAL_DOUBLE && val_type(expected) == VAL_STRING) {
        double d = val_as_double(got, 0), e = strtod(val_as_str(expected, ""), NULL);
        return (isnan(d) && isnan(e)) || d == e;
    }
    if (val_type(got) == VAL_DOUBLE && s->kind == SHAPE_FLOAT)
        return same_number(val_as_double(expected, NAN), val_as_double(got, 0));
    return val_equal(expected, got);
}

static bool same(struct running *r, const struct shape *s, const struct val *expected,
                 const struct val *got) {
    bool container = val_type(got) == VAL_MAP || val_type(got) == VAL_LIST;
    if (!s || s->boxed_document) return val_equal(expected, got);
    if (!container) return same_scalar(s, expected, got);
    if (val_type(got) != val_type(expected)) return false;
    for (size_t i = 0; i < val_count(got); i++) {
        const struct member *m = child_member(s, got, i);
        const struct shape *below =
            m ? model_member_shape(r->model, r->op->service, m, NULL) : NULL;
        const struct val *other =
            val_type(got) == VAL_LIST ? val_at(expected, i) : val_get(expected, val_key_at(got, i));
        if (!same(r, below, other, val_at(got, i))) return false;
    }
    return val_count(got) == val_count(expected);
}

#endif
