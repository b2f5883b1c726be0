// items.h - what the advisor found about a run's facts, for people and as events.
//
// Owns: the words for the states of items (stdlib/host/undo.lua), and counting them.
#ifndef CORDON_RUN_ITEMS_H
#define CORDON_RUN_ITEMS_H

#include <stddef.h>

#include "run/scene.h"

size_t items_count(const struct val *items, const char *state);

// Before the question: what goes back (was <- now), what is left alone and why.
void items_tell_plan(const struct scene *s, const struct val *items);

// After it: `planned` are the items from before, `now` those that were read afterwards. False when
// something is not as it was before the run: each is named.
bool items_tell_end(const struct scene *s, const struct val *planned, const struct val *now);

// Of verify. False when something came loose, or could not be read: each is named.
bool items_tell_left(const struct scene *s, const struct val *items);

// {back = 2, already = 0, ...}: a new map, NULL on no memory.
struct val *items_counts(const struct val *items);

#endif
