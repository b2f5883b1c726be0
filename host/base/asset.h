// asset.h - the files that the program carries: stdlib, playbooks, API models.
//
// Owns: finding one by its path in the tree. A release build has their bytes
// inside (.incbin); a debug build reads them from the source tree. Names with ".."
// are never found.
#ifndef CORDON_BASE_ASSET_H
#define CORDON_BASE_ASSET_H

#include <stdbool.h>
#include <stddef.h>

// "stdlib/playbook/isolate.lua", "host/model/ec2.model", "playbooks/isolate-sg.lua".
// The bytes stay valid until the program ends; they are not NUL-terminated.
bool asset_find(const char *name, const char **bytes, size_t *len);

// What the build compiled of that asset; false where it compiled nothing (a debug build).
bool asset_compiled(const char *name, const char **bytes, size_t *len);

// Calls `fn` for every asset whose name starts with `prefix`, in sorted order.
void asset_each(const char *prefix, void (*fn)(void *ctx, const char *name), void *ctx);

#endif
