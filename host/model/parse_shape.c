// parse_shape.c - shape lines.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "model/parse.h"

struct shape_line {
    const struct lines *lines;
    struct arena *arena;
    struct span line;
    struct err *e;
};

static bool bad(const struct shape_line *l, const char *what, struct span word) {
    return lines_bad(l->lines, l->line.at, l->e, "%s \"%.*s\"", what,
                     (int)(word.len < 80 ? word.len : 80), word.at);
}

static bool put(const struct shape_line *l, const char **out, struct span value) {
    if (!span_text(l->arena, value, out)) return bad(l, "this text is malformed:", value);
    return *out ? true : err_memory(l->e);
}

static bool set_timestamp(const struct shape_line *l, enum timestamp_format *out,
                          struct span value) {
    if (span_is(value, "iso8601"))
        *out = TIMESTAMP_ISO8601;
    else if (span_is(value, "rfc822"))
        *out = TIMESTAMP_RFC822;
    else if (span_is(value, "unix"))
        *out = TIMESTAMP_UNIX;
    else
        return bad(l, "ts= is iso8601, rfc822 or unix, not", value);
    return true;
}

static bool set_kind(const struct shape_line *l, struct shape *s, struct span word) {
    static const char *const names[] = {"structure", "list",      "map",   "string",
                                        "integer",   "long",      "float", "double",
                                        "boolean",   "timestamp", "blob"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!span_is(word, names[i])) continue;
        s->kind = (enum shape_kind)i;
        return true;
    }
    return bad(l, "unknown type", word);
}

static bool shape_trait(const struct shape_line *l, struct shape *s, struct span trait) {
    struct span value;
    if (span_is(trait, "flat")) return s->flattened = true;
    if (span_is(trait, "sensitive")) return s->sensitive = true;
    if (span_is(trait, "document")) return s->boxed_document = true;
    if (span_is(trait, "union")) return s->union_type = true;
    if (span_is(trait, "error")) return s->error = true;
    if (span_value(trait, "code", &value)) return put(l, &s->error_code, value);
    if (span_value(trait, "ts", &value)) return set_timestamp(l, &s->timestamp, value);
    return bad(l, "unknown trait of a shape:", trait);
}

// A bare "l": the member's own name with its first letter in lower case.
static bool lower_first(const struct shape_line *l, struct member *m) {
    char *location = arena_copy(l->arena, m->name, strlen(m->name));
    if (!location) return err_memory(l->e);
    location[0] = (char)tolower((unsigned char)location[0]);
    m->location_name = location;
    return true;
}

static bool member_trait(const struct shape_line *l, struct member *m, struct span trait) {
    struct span value;
    if (span_is(trait, "l")) return lower_first(l, m);
    if (span_is(trait, "req")) return m->required = true;
    if (span_is(trait, "sensitive")) return m->sensitive = true;
    if (span_is(trait, "token")) return m->idempotency_token = true;
    if (span_is(trait, "flat")) return m->flattened = true;
    if (span_is(trait, "attr")) return m->xml_attribute = true;
    if (span_is(trait, "host")) return m->host_label = true;
    if (span_value(trait, "l", &value)) return put(l, &m->location_name, value);
    if (span_value(trait, "q", &value)) return put(l, &m->query_name, value);
    if (span_value(trait, "ts", &value)) return set_timestamp(l, &m->timestamp, value);
    if (span_value(trait, "ns", &value)) return put(l, &m->xml_namespace, value);
    if (span_value(trait, "np", &value)) return put(l, &m->xml_namespace_prefix, value);
    return bad(l, "unknown trait of a member:", trait);
}

// "Name:Shape,trait,trait"
static bool parse_member(const struct shape_line *l, struct span word, struct member *m) {
    *m = (struct member){.name = "",
                         .location_name = "",
                         .query_name = "",
                         .xml_namespace = "",
                         .xml_namespace_prefix = ""};
    struct span rest = word, head, name, trait;
    if (!span_cut(&rest, ',', &head)) return bad(l, "a member is NAME:SHAPE, not", word);
    struct span target = head;
    if (!span_cut(&target, ':', &name) || name.len == 0 || target.len == 0)
        return bad(l, "a member is NAME:SHAPE, not", word);
    if (!put(l, &m->name, name) || !put(l, &m->shape_name, target)) return false;
    while (span_cut(&rest, ',', &trait))
        if (!member_trait(l, m, trait)) return false;
    return true;
}

static size_t count_words(struct span rest) {
    size_t count = 0;
    struct span word;
    while (span_cut(&rest, ' ', &word)) count++;
    return count;
}

static int by_name(const void *a, const void *b) {
    return strcmp((*(const struct member *const *)a)->name,
                  (*(const struct member *const *)b)->name);
}

static bool parse_members(const struct shape_line *l, struct span rest, struct shape_entry *out) {
    struct shape *s = &out->shape;
    size_t count = count_words(rest);
    s->members = arena_array(l->arena, count, sizeof *s->members);
    out->by_name = arena_array(l->arena, count, sizeof(struct member *));
    if (!s->members || !out->by_name) return err_memory(l->e);
    struct span word;
    for (; span_cut(&rest, ' ', &word); s->member_count++) {
        if (!parse_member(l, word, &s->members[s->member_count])) return false;
        out->by_name[s->member_count] = &s->members[s->member_count];
    }
    qsort(out->by_name, s->member_count, sizeof(struct member *), by_name);
    for (size_t i = 1; i < s->member_count; i++)
        if (by_name(&out->by_name[i - 1], &out->by_name[i]) == 0)
            return lines_bad(l->lines, l->line.at, l->e, "the member \"%.80s\" is there twice",
                             out->by_name[i]->name);
    return true;
}

// The one item of a list, or the two of a map, under their fixed names.
static bool parse_item(const struct shape_line *l, struct span *rest, const char *name,
                       struct member *out) {
    struct span word;
    if (!span_cut(rest, ' ', &word) || !parse_member(l, word, out) || strcmp(out->name, name) != 0)
        return lines_bad(l->lines, l->line.at, l->e, "\"%s:SHAPE\" is missing", name);
    out->name = "";
    return true;
}

static bool parse_choices(const struct shape_line *l, struct span rest, struct shape *s) {
    size_t count = count_words(rest), i = 0;
    if (!count) return true;
    const char **choices = arena_array(l->arena, count + 1, sizeof *choices);
    if (!choices) return err_memory(l->e);
    struct span word;
    for (; span_cut(&rest, ' ', &word); i++) {
        if (word.len == 0 || word.at[0] != '=') return bad(l, "a choice is =VALUE, not", word);
        if (!put(l, &choices[i], (struct span){word.at + 1, word.len - 1})) return false;
    }
    s->choices = choices;
    return true;
}

static bool parse_items(const struct shape_line *l, struct span rest, struct shape_entry *out) {
    struct shape *s = &out->shape;
    if (s->kind == SHAPE_STRUCTURE) return parse_members(l, rest, out);
    if (s->kind == SHAPE_STRING) return parse_choices(l, rest, s);
    if (s->kind == SHAPE_LIST && !parse_item(l, &rest, "member", &s->item)) return false;
    if (s->kind == SHAPE_MAP &&
        (!parse_item(l, &rest, "key", &s->key) || !parse_item(l, &rest, "value", &s->value)))
        return false;
    return rest.len == 0 ? true : bad(l, "more than its type allows:", rest);
}

static bool parse_head(const struct shape_line *l, struct span head, struct shape *s) {
    struct span word;
    if (!span_cut(&head, ',', &word)) return bad(l, "a type is missing before", l->line);
    if (!set_kind(l, s, word)) return false;
    while (span_cut(&head, ',', &word))
        if (!shape_trait(l, s, word)) return false;
    return true;
}

struct shape_entry *parse_shape(const struct lines *t, struct span line, struct arena *a,
                                struct err *e) {
    struct shape_line l = {t, a, line, e};
    struct shape_entry *out = arena_alloc(a, sizeof *out);
    if (!out) {
        err_memory(e);
        return NULL;
    }
    out->shape.error_code = "";
    struct span rest = line, kind, name, head;
    if (!span_cut(&rest, ' ', &kind) || !span_cut(&rest, ' ', &name) ||
        !span_cut(&rest, ' ', &head)) {
        lines_bad(t, line.at, e, "a shape needs a name and a type");
        return NULL;
    }
    bool ok = put(&l, &out->shape.name, name) && parse_head(&l, head, &out->shape) &&
              parse_items(&l, rest, out);
    return ok ? out : NULL;
}
