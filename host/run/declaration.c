// declaration.c - what a playbook says of itself, without running it.
#include <string.h>

#include "run/pass.h"
#include "run/run.h"

struct val *playbook_declaration(struct host *h, const char *name, char **file, struct err *e) {
    struct source source;
    if (!source_find(name, &source, e)) return NULL;
    struct plan plan;
    struct answerer nobody = {0};
    struct gate gate = {.loop = h->loop, .model = h->model, .answerer = &nobody, .plan = &plan};
    struct pass_setup setup = {.loop = h->loop,
                               .server = h->server,
                               .gate = &gate,
                               .source = &source,
                               .run_id = "declaration",
                               .started_us = 0,
                               .deadline_ms = h->deadline_ms};
    struct pass_handler handler = {0};
    struct pass_end end = {0};
    bool ok = (plan_init(&plan) || err_memory(e)) && gate_init(&gate, e);
    if (ok) pass_run(&setup, &handler, &end);
    struct val *declaration = end.finished ? val_ref(end.declaration) : NULL;
    if (ok && !declaration) *e = end.err;
    if (file) *file = strdup(source.file);
    pass_end_free(&end);
    gate_free(&gate);
    plan_free(&plan);
    source_free(&source);
    return declaration;
}
