// model_text.h - a botocore API description (JSON) as the text of a model.
//
// Owns: what host/model/generate.py does, in C, so that the protocol suites run through
// the same model code as the program.
#ifndef CORDON_TESTS_MODEL_TEXT_H
#define CORDON_TESTS_MODEL_TEXT_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/val.h"

static void text_word(struct buf *out, const char *text, const char *more) {
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c <= 0x20 || c >= 0x7f || c == '%' || c == ',' || strchr(more, c))
            buf_printf(out, "%%%02X", c);
        else
            buf_add_char(out, (char)c);
    }
}

static void text_pair(struct buf *out, char separator, const char *key, const char *value) {
    if (!value) return;
    buf_printf(out, "%c%s=", separator, key);
    text_word(out, value, "");
}

static bool is_true(const struct val *v) {
    return v && !(val_type(v) == VAL_BOOL && !val_as_bool(v, true));
}

// The reference's own trait, else that of the shape it names.
static const struct val *trait(const struct val *shapes, const struct val *ref, const char *name) {
    const struct val *own = val_get(ref, name);
    return own ? own : val_get(val_get(shapes, val_get_str(ref, "shape", "")), name);
}

static void text_timestamp(struct buf *out, const struct val *format) {
    const char *name = val_as_str(format, NULL);
    if (name) text_pair(out, ',', "ts", strcmp(name, "unixTimestamp") == 0 ? "unix" : name);
}

static bool names_member(const struct val *required, const char *name) {
    for (size_t i = 0; i < val_count(required); i++)
        if (strcmp(val_as_str(val_at(required, i), ""), name) == 0) return true;
    return false;
}

static void text_member(struct buf *out, const struct val *shapes, const char *name,
                        const struct val *ref, const struct val *required) {
    static const struct {
        const char *word, *trait;
    } flags[] = {{"sensitive", "sensitive"},
                 {"token", "idempotencyToken"},
                 {"flat", "flattened"},
                 {"attr", "xmlAttribute"},
                 {"host", "hostLabel"}};
    buf_add_char(out, ' ');
    text_word(out, name, ":=");
    buf_add_char(out, ':');
    text_word(out, val_get_str(ref, "shape", ""), ":=");
    text_pair(out, ',', "l", val_as_str(trait(shapes, ref, "locationName"), NULL));
    text_pair(out, ',', "q", val_as_str(trait(shapes, ref, "queryName"), NULL));
    if (names_member(required, name)) buf_add_str(out, ",req");
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (is_true(trait(shapes, ref, flags[i].trait))) buf_printf(out, ",%s", flags[i].word);
    text_timestamp(out, trait(shapes, ref, "timestampFormat"));
    const struct val *ns = trait(shapes, ref, "xmlNamespace");
    text_pair(out, ',', "ns", val_as_str(ns, val_get_str(ns, "uri", NULL)));
    text_pair(out, ',', "np", val_get_str(ns, "prefix", NULL));
}

static void text_shape_head(struct buf *out, const char *name, const struct val *shape) {
    static const char *const flags[][2] = {{"flat", "flattened"},
                                           {"sensitive", "sensitive"},
                                           {"document", "document"},
                                           {"union", "union"},
                                           {"error", "exception"}};
    const char *kind = val_get_str(shape, "type", "");
    buf_add_str(out, "shape ");
    text_word(out, name, ":=");
    buf_printf(out, " %s", strcmp(kind, "character") == 0 ? "string" : kind);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (is_true(val_get(shape, flags[i][1]))) buf_printf(out, ",%s", flags[i][0]);
    text_pair(out, ',', "code", val_as_str(val_path(shape, "error", "code", NULL), NULL));
    text_timestamp(out, val_get(shape, "timestampFormat"));
}

static void text_shape(struct buf *out, const struct val *shapes, const char *name) {
    const struct val *shape = val_get(shapes, name), *members = val_get(shape, "members");
    const char *kind = val_get_str(shape, "type", "");
    text_shape_head(out, name, shape);
    if (strcmp(kind, "structure") == 0) {
        for (size_t i = 0; i < val_count(members); i++)
            text_member(out, shapes, val_key_at(members, i), val_at(members, i),
                        val_get(shape, "required"));
    } else if (strcmp(kind, "list") == 0) {
        text_member(out, shapes, "member", val_get(shape, "member"), NULL);
    } else if (strcmp(kind, "map") == 0) {
        text_member(out, shapes, "key", val_get(shape, "key"), NULL);
        text_member(out, shapes, "value", val_get(shape, "value"), NULL);
    }
}

static void text_service(struct buf *out, const struct val *metadata) {
    buf_add_str(out, "service suite");
    text_pair(out, ' ', "protocol", val_get_str(metadata, "protocol", ""));
    text_pair(out, ' ', "version", val_get_str(metadata, "apiVersion", ""));
    // Output suites leave out what only requests need.
    bool json = strcmp(val_get_str(metadata, "protocol", ""), "json") == 0;
    text_pair(out, ' ', "target", val_get_str(metadata, "targetPrefix", json ? "Suite" : NULL));
    text_pair(out, ' ', "json", val_get_str(metadata, "jsonVersion", json ? "1.0" : NULL));
    text_pair(out, ' ', "ns", val_get_str(metadata, "xmlNamespace", NULL));
    if (val_get(metadata, "awsQueryCompatible")) buf_add_str(out, " compatible");
}

// In the suites, `query` results lie in <NAMEResult> without the description saying so.
static void text_operation(struct buf *out, const struct val *given, bool wrapped) {
    const char *wrapper = val_as_str(val_path(given, "output", "resultWrapper", NULL), NULL);
    char usual[160];
    const char *name = val_get_str(given, "name", "OperationName");
    snprintf(usual, sizeof usual, "%sResult", name);
    if (!wrapper && wrapped) wrapper = usual;
    struct buf method = BUF_EMPTY;
    text_snake(&method, name);
    buf_printf(out, "operation %s %s mutate", buf_str(&method), name);
    buf_free(&method);
    text_pair(out, ' ', "in", val_as_str(val_path(given, "input", "shape", NULL), NULL));
    text_pair(out, ' ', "out", val_as_str(val_path(given, "output", "shape", NULL), NULL));
    text_pair(out, ' ', "wrapper", wrapper);
}

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_wrapped(const struct val *metadata, const struct val *shapes,
                       const struct val *given) {
    const char *output = val_as_str(val_path(given, "output", "shape", NULL), "");
    return strcmp(val_get_str(metadata, "protocol", ""), "query") == 0 &&
           val_count(val_get(val_get(shapes, output), "members")) > 0;
}

// The model of one case: its metadata, its operation, all shapes of its suite.
static bool model_text(struct buf *out, const struct val *metadata, const struct val *shapes,
                       const struct val *given) {
    bool wrapped = is_wrapped(metadata, shapes, given);
    size_t count = val_count(shapes) + 2;
    char **lines = calloc(count, sizeof *lines);
    bool ok = lines != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        struct buf line = BUF_EMPTY;
        if (i == 0)
            text_service(&line, metadata);
        else if (i == 1)
            text_operation(&line, given, wrapped);
        else
            text_shape(&line, shapes, val_key_at(shapes, i - 2));
        ok = (lines[i] = buf_take(&line)) != NULL;
    }
    if (ok) qsort(lines, count, sizeof *lines, by_bytes);
    for (size_t i = 0; lines && i < count; i++) {
        if (ok) buf_printf(out, "%s\n", lines[i]);
        free(lines[i]);
    }
    free(lines);
    return ok && !out->failed;
}

#endif
