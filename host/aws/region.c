// region.c - the Region, when only the instance's metadata can say it.
//
// Owns: asking for it once, and who waits for the answer.
#include "aws/region.h"

#include <stdio.h>
#include <string.h>

#include "aws/call.h"
#include "aws/imds.h"

#define PATH "meta-data/placement/region"

static void not_found(struct aws *a, const char *why) {
    struct err e;
    char region[REGION_SIZE];
    endpoint_region(&a->config, region, &e);  // says what was looked at, and the way out
    err_set(&a->search.why, e.code,
            "%.700s (the instance metadata service does not say it "
            "either: %.200s)",
            e.message, why);
}

static void on_answer(void *ctx, const struct fetch_answer *a) {
    struct aws *aws = ctx;
    struct err e;
    char text[REGION_SIZE] = "", what[40];
    if (a->why == NULL && a->status == 200) {
        size_t len = strcspn(a->text, "\r\n");
        snprintf(text, sizeof text, "%.*s", (int)(len < 60 ? len : 60), a->text);
    }
    snprintf(what, sizeof what, "HTTP %d", a->status);
    if (a->why != NULL)
        not_found(aws, a->why->message);
    else if (a->status != 200)
        not_found(aws, what);
    else if (!endpoint_check_region(text, "instance metadata", aws->region, &e))
        not_found(aws, e.message);
    else
        snprintf(aws->region_from, sizeof aws->region_from, "instance metadata");
    imds_close(aws->search.imds);
    aws->search.imds = NULL;
    aws->search.under_way = false;
    aws->search.over = true;
    call_region_known(aws);
}

static bool search(struct aws *a) {
    struct region_search *s = &a->search;
    struct err e;
    s->imds = imds_open(&a->config, &a->tools, &e);
    if (s->imds != NULL && imds_get(s->imds, PATH, on_answer, a, &e)) {
        s->under_way = true;
        return true;
    }
    imds_close(s->imds);
    s->imds = NULL;
    s->over = true;
    not_found(a, e.message);
    return false;
}

bool region_ready(struct aws *a, bool *later, struct err *e) {
    const char *value;
    *later = false;
    if (a->region[0] != '\0') return true;
    if (!door_config(a, e)) return false;
    const char *from = endpoint_region_named(&a->config, &value);
    if (from != NULL) {
        snprintf(a->region_from, sizeof a->region_from, "%s", from);
        return endpoint_region(&a->config, a->region, e);
    }
    if (!a->search.over && imds_disabled()) return endpoint_region(&a->config, a->region, e);
    if (!a->search.over && !a->search.under_way && search(a)) a->search.under_way = true;
    if (a->search.under_way)
        *later = true;
    else
        *e = a->search.why;
    return false;
}

void region_free(struct aws *a) {
    imds_close(a->search.imds);
}
