// flows.c - connections, and what became of them.
#include "run/flows.h"

#include <string.h>

static enum console_style style_of(const char *state) {
    return strcmp(state, "alive") == 0 ? STYLE_CARE : STYLE_GOOD;
}

static void show(const struct scene *s, const struct val *flow) {
    const char *state = val_get_str(flow, "state", "?");
    console_say(s->console, style_of(state), "  %-20s %-8s %s", val_get_str(flow, "name", "?"),
                state, val_get_str(flow, "why", ""));
}

void show_flows(const struct scene *s, const struct advisor *a, const char *when) {
    struct val *about = val_map(), *flows = NULL;
    struct err e;
    bool ok = about && a->world(a->ctx, "flows", about, &flows, &e);
    val_unref(about);
    if (ok && val_count(flows)) {
        console_say(s->console, STYLE_BOLD, "Connections in the simulated world, %s:", when);
        for (size_t i = 0; i < val_count(flows); i++) show(s, val_at(flows, i));
    }
    val_unref(flows);
}
