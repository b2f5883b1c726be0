// source.h - finding and reading playbooks and what they require.
//
// Owns: the places that are searched, in order, and the caps on source files. It never
// runs anything.
#ifndef CORDON_RUN_SOURCE_H
#define CORDON_RUN_SOURCE_H

#include "base/buf.h"
#include "base/err.h"

struct source {
    char *file;       // as shown in messages: a path, or the asset's name
    struct buf text;
    char *folder;     // where `require` looks first; an asset prefix when embedded
    bool embedded;
};

// `name` is a path (it has a '/' or ends in ".lua") or a plain name, looked up in
// ./playbooks, $XDG_CONFIG_HOME/cordon/playbooks, /etc/cordon/playbooks, then the embedded
// ones. ERR_USAGE with "did you mean" when there is none.
bool source_find(const char *name, struct source *out, struct err *e);

// What `require "name"` means to this playbook: stdlib/playbook/, its own folder, its lib/.
// Plain names only: letters, digits, '_' and '-'.
bool source_require(const struct source *playbook, const char *name, struct source *out,
                    struct err *e);

// An embedded file by its name in the tree ("playbooks/drills/conversion.lua").
bool source_asset(const char *name, struct source *out, struct err *e);

// The playbook NAME that a drill means: in its folder's lib/, or in the folder above. True and
// *found false when there is none. ERR_USAGE for a name that is not plain.
bool source_beside(const struct source *s, const char *name, struct source *out, bool *found,
                   struct err *e);

// Every playbook that can be named, in order: `fn` gets its name and where it is. A name that
// an earlier place has hides later ones.
void source_each(void (*fn)(void *ctx, const char *name, const char *file), void *ctx);

void source_free(struct source *s);

#endif
