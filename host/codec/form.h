// form.h - bodies of application/x-www-form-urlencoded, for the protocols ec2 and query.
//
// Owns: the pairs of a form, both ways. Private to host/codec.
#ifndef CORDON_CODEC_FORM_H
#define CORDON_CODEC_FORM_H

#include "base/buf.h"
#include "base/val.h"
#include "codec/walk.h"
#include "model/arena.h"

#define FORM_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define FORM_MAX_PAIRS ((size_t)200000)

struct pair {
    const char *name, *value;
    size_t value_len;
    bool used;
};

// A body's pairs, decoded, sorted by name.
struct form {
    struct pair *pairs;
    size_t count;
    struct arena arena;
};

// As Python's quote_plus, which botocore uses.
void form_escape(struct buf *out, const char *bytes, size_t len);

// Appends "Action=...&Version=..." and the parameters.
bool form_write(const struct codec *c, const struct operation *op, const struct val *params,
                struct buf *out);

// ERR_INVALID when the body is no form: broken escapes, a name twice, too much.
bool form_parse(struct form *f, const char *body, size_t len, struct err *e);
void form_free(struct form *f);
struct pair *form_find(const struct form *f, const char *name);

// The parameters of `shape`; marks the pairs it used.
struct val *form_read(const struct codec *c, struct form *f, const struct shape *shape);

#endif
