// xml_read.c - elements to values, as botocore's parser gives them.
#include <stdint.h>
#include <string.h>

#include "codec/decode.h"
#include "codec/scalar.h"
#include "codec/xml_codec.h"

#define CACHE_SLOTS 1024

// Which member an element of a shape is: a document repeats the same few questions.
struct known {
    const struct shape *shape;
    const char *name;
    const struct member *member;
};

struct xml_decoder {
    struct decoder d;
    struct known cache[CACHE_SLOTS];
};

// False only when the model is broken.
static bool search(struct decoder *d, const struct place *p, const char *name,
                   const struct member **found) {
    *found = NULL;
    for (size_t i = 0; !*found && i < p->shape->member_count; i++) {
        const struct member *m = &p->shape->members[i];
        struct place below;
        if (!place_below(&d->codec, p, m, 0, &below)) return false;
        if (!m->xml_attribute && strcmp(element_name(m, below.shape), name) == 0) *found = m;
    }
    return true;
}

static bool find_member(struct decoder *d, const struct place *p, const char *name,
                        const struct member **found) {
    struct xml_decoder *x = (struct xml_decoder *)d;
    uintptr_t mixed = (uintptr_t)p->shape / 16 * 31 + (uintptr_t)name / 16;
    struct known *known = &x->cache[mixed % CACHE_SLOTS];
    if (known->shape != p->shape || known->name != name) {
        if (!search(d, p, name, found)) return false;
        *known = (struct known){p->shape, name, *found};
    }
    *found = known->member;
    return true;
}

static bool read_attributes(struct decoder *d, const struct place *p,
                            const struct xml_element *element, struct val *out) {
    for (const struct xml_attribute *a = element->attributes; a; a = a->next) {
        for (size_t i = 0; i < p->shape->member_count; i++) {
            const struct member *m = &p->shape->members[i];
            if (!m->xml_attribute || strcmp(json_name(m), a->name) != 0) continue;
            if (!val_set(out, m->name, val_cstr(a->value))) return err_memory(d->codec.e);
        }
    }
    return true;
}

#define SEEN_WORDS 8

// Notes that a member was met; false when it was before.
static bool first_time(const struct place *p, const struct member *m, const struct val *out,
                       uint64_t seen[SEEN_WORDS]) {
    size_t turn = (size_t)(m - p->shape->members);
    if (turn >= SEEN_WORDS * 64) return !val_get(out, m->name);
    uint64_t bit = UINT64_C(1) << turn % 64;
    bool first = !(seen[turn / 64] & bit);
    seen[turn / 64] |= bit;
    return first;
}

// A member that is there twice counts once, the first time; a flattened list or map
// then takes all that follow.
static bool read_structure(struct decoder *d, const struct place *p, node n, struct val *out) {
    const struct xml_element *element = n;
    uint64_t seen[SEEN_WORDS] = {0};
    for (const struct xml_element *child = element->child; child; child = child->next) {
        const struct member *m;
        if (!find_member(d, p, child->name, &m)) return false;
        if (m && first_time(p, m, out, seen) && !decode_member(d, p, m, child, out)) return false;
    }
    return !element->attributes || read_attributes(d, p, element, out);
}

static const struct xml_element *next_of_that_name(const struct xml_element *element) {
    const char *name = element->name;
    do element = element->next;
    while (element && element->name != name);
    return element;
}

static bool read_list(struct decoder *d, const struct place *p, node n, struct val *out) {
    const struct xml_element *element = n;
    bool flattened = place_flattened(p);
    const struct xml_element *item = flattened ? element : element->child;
    while (item) {
        if (!decode_item(d, p, item, out)) return false;
        item = flattened ? next_of_that_name(item) : item->next;
    }
    return true;
}

static bool read_entry(struct decoder *d, const struct place *p, const struct xml_element *entry,
                       struct val *out) {
    const char *key_name = p->shape->key.location_name, *value_name = p->shape->value.location_name;
    const struct xml_element *key = xml_child(entry, *key_name ? key_name : "key");
    const struct xml_element *value = xml_child(entry, *value_name ? value_name : "value");
    if (!key || !value)
        return place_bad(p, d->codec.e, ERR_INVALID, "an entry without its key or value");
    return decode_entry(d, p, key->text, key->text_len, value, out);
}

static bool read_map(struct decoder *d, const struct place *p, node n, struct val *out) {
    const struct xml_element *element = n;
    bool flattened = place_flattened(p);
    const struct xml_element *entry = flattened ? element : element->child;
    while (entry) {
        if (!read_entry(d, p, entry, out)) return false;
        entry = flattened ? next_of_that_name(entry) : entry->next;
    }
    return true;
}

static struct val *read_scalar(struct decoder *d, const struct place *p, node n) {
    const struct xml_element *element = n;
    return scalar_parse(p, element->text, element->text_len, d->codec.e);
}

static size_t count_members(node n, const char **name) {
    const struct xml_element *element = n;
    size_t count = 0;
    for (const struct xml_element *child = element->child; child; child = child->next) {
        *name = child->name;
        count++;
    }
    return count;
}

static const struct reader xml_reader = {.structure = read_structure,
                                         .list = read_list,
                                         .map = read_map,
                                         .scalar = read_scalar,
                                         .members = count_members};

struct val *xml_read(const struct codec *c, const struct shape *shape,
                     const struct xml_element *element) {
    struct xml_decoder x = {.d = {.reader = &xml_reader, .codec = *c}};
    return decode(&x.d, shape, element);
}
