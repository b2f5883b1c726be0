// xml.c - expat into a light tree.
#include "codec/xml.h"

#include <expat.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define FIRST_NAMES 256

struct parse {
    XML_Parser parser;
    struct arena *arena;
    struct xml_element *open[XML_MAX_DEPTH];  // from the root down
    struct xml_element *last[XML_MAX_DEPTH];  // the last child of each
    size_t depth, count;
    struct buf text;     // of the innermost element, until its first child
    const char **names;  // hash table of the names seen
    size_t name_count, name_cap;
    struct xml_element *root;
    const char *fault;  // why the parse was stopped; NULL: expat knows
    bool no_memory;
};

static void stop(struct parse *p, const char *fault) {
    if (!p->fault && !p->no_memory) {
        p->fault = fault;
        p->no_memory = fault == NULL;
    }
    XML_StopParser(p->parser, XML_FALSE);
}

static bool stopped(const struct parse *p) {
    return p->fault || p->no_memory;
}

static const char **name_slot(const char **names, size_t cap, const char *name) {
    uint32_t h = 2166136261u;
    for (const char *c = name; *c; c++) h = (h ^ (unsigned char)*c) * 16777619u;
    size_t i = h & (cap - 1);
    while (names[i] && strcmp(names[i], name) != 0) i = (i + 1) & (cap - 1);
    return &names[i];
}

static bool grow_names(struct parse *p) {
    size_t cap = p->name_cap ? p->name_cap * 2 : FIRST_NAMES;
    const char **bigger = calloc(cap, sizeof *bigger);
    if (!bigger) return false;
    for (size_t i = 0; i < p->name_cap; i++)
        if (p->names[i]) *name_slot(bigger, cap, p->names[i]) = p->names[i];
    free(p->names);
    p->names = bigger;
    p->name_cap = cap;
    return true;
}

// One copy of each name, without its prefix.
static const char *intern(struct parse *p, const char *name) {
    const char *colon = strrchr(name, ':');
    if (colon) name = colon + 1;
    if (p->name_count * 2 >= p->name_cap && !grow_names(p)) return NULL;
    const char **slot = name_slot(p->names, p->name_cap, name);
    if (!*slot) {
        *slot = arena_copy(p->arena, name, strlen(name));
        if (*slot) p->name_count++;
    }
    return *slot;
}

static bool keep_text(struct parse *p, struct xml_element *element) {
    if (p->text.failed) return false;
    element->text_len = p->text.len;
    if (p->text.len) element->text = arena_copy(p->arena, p->text.data, p->text.len);
    buf_clear(&p->text);
    return element->text != NULL;
}

static bool add_attributes(struct parse *p, struct xml_element *element, const char **attributes) {
    for (; *attributes; attributes += 2) {
        struct xml_attribute *a = arena_alloc(p->arena, sizeof *a);
        if (!a) return false;
        a->name = arena_copy(p->arena, attributes[0], strlen(attributes[0]));
        a->value = arena_copy(p->arena, attributes[1], strlen(attributes[1]));
        a->next = element->attributes;
        element->attributes = a;
        if (!a->name || !a->value) return false;
    }
    return true;
}

// White space before a first child is layout, and not kept.
static bool end_text(struct parse *p) {
    struct xml_element *parent = p->open[p->depth - 1];
    if (parent->child) return true;
    if (strspn(buf_str(&p->text), " \t\r\n") == p->text.len) buf_clear(&p->text);
    return keep_text(p, parent);
}

static bool attach(struct parse *p, struct xml_element *element) {
    if (!p->depth) {
        p->root = element;
        return true;
    }
    if (!end_text(p)) return false;
    struct xml_element **last = &p->last[p->depth - 1];
    if (*last)
        (*last)->next = element;
    else
        p->open[p->depth - 1]->child = element;
    *last = element;
    return true;
}

static void XMLCALL on_start(void *ctx, const char *name, const char **attributes) {
    struct parse *p = ctx;
    if (stopped(p)) return;
    if (p->depth == XML_MAX_DEPTH) {
        stop(p, "it is nested too deep");
        return;
    }
    if (++p->count > XML_MAX_ELEMENTS) {
        stop(p, "it has too many elements");
        return;
    }
    struct xml_element *element = arena_alloc(p->arena, sizeof *element);
    if (element) {
        element->name = intern(p, name);
        element->text = "";
    }
    if (!element || !element->name || !add_attributes(p, element, attributes) ||
        !attach(p, element)) {
        stop(p, NULL);
        return;
    }
    p->last[p->depth] = NULL;
    p->open[p->depth++] = element;
}

static void XMLCALL on_end(void *ctx, const char *name) {
    (void)name;
    struct parse *p = ctx;
    if (stopped(p)) return;
    struct xml_element *element = p->open[--p->depth];
    if (!element->child && !keep_text(p, element)) stop(p, NULL);
}

static void XMLCALL on_text(void *ctx, const char *text, int len) {
    struct parse *p = ctx;
    if (stopped(p) || !p->depth || p->open[p->depth - 1]->child) return;
    buf_add(&p->text, text, (size_t)len);
}

static void XMLCALL on_doctype(void *ctx, const char *name, const char *system_id,
                               const char *public_id, int internal) {
    (void)name, (void)system_id, (void)public_id, (void)internal;
    stop(ctx, "it has a DOCTYPE, which no AWS answer has");
}

static bool report(struct parse *p, const char *what, struct err *e) {
    enum XML_Error code = XML_GetErrorCode(p->parser);
    if (p->no_memory || code == XML_ERROR_NO_MEMORY) return err_memory(e);
    return err_set(e, ERR_INVALID, "%s is not usable XML, line %lu: %s", what,
                   (unsigned long)XML_GetCurrentLineNumber(p->parser),
                   p->fault ? p->fault : XML_ErrorString(code));
}

bool xml_parse(struct xml *x, const char *text, size_t len, const char *what, struct err *e) {
    *x = (struct xml){0};
    if (len > XML_MAX_BYTES)
        return err_set(e, ERR_INVALID, "%s is larger than %zu bytes", what, XML_MAX_BYTES);
    struct parse p = {.parser = XML_ParserCreate("UTF-8"), .arena = &x->arena};
    if (!p.parser) return err_memory(e);
    XML_SetUserData(p.parser, &p);
    XML_SetElementHandler(p.parser, on_start, on_end);
    XML_SetCharacterDataHandler(p.parser, on_text);
    XML_SetStartDoctypeDeclHandler(p.parser, on_doctype);
    bool ok = XML_Parse(p.parser, text, (int)len, XML_TRUE) == XML_STATUS_OK && !stopped(&p);
    if (ok)
        x->root = p.root;
    else
        report(&p, what, e);
    XML_ParserFree(p.parser);
    buf_free(&p.text);
    free(p.names);
    return ok;
}

void xml_free(struct xml *x) {
    arena_free(&x->arena);
    x->root = NULL;
}

const struct xml_element *xml_child(const struct xml_element *parent, const char *name) {
    const struct xml_element *child = parent ? parent->child : NULL;
    while (child && strcmp(child->name, name) != 0) child = child->next;
    return child;
}

const char *xml_child_text(const struct xml_element *parent, const char *name) {
    const struct xml_element *child = xml_child(parent, name);
    return child ? child->text : "";
}
