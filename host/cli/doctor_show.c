// doctor_show.c - `doctor`'s report for people.
//
// Owns: its layout. All of it is escaped: names and messages come from files and servers.
#include <string.h>

#include "base/text.h"
#include "cli/doctor.h"

static void add(struct buf *out, const char *text) {
    text_escape(out, text, strlen(text), 1200);
}

static void line(struct buf *out, const char *name, const char *text, const char *why) {
    if (!text) return;
    buf_printf(out, "%-15s", name);
    add(out, text);
    if (why) {
        buf_add_str(out, " (");
        add(out, why);
        buf_add_char(out, ')');
    }
    buf_add_char(out, '\n');
}

static void show_checks(const struct val *checks, struct buf *out) {
    for (size_t i = 0; i < val_count(checks); i++) {
        const struct val *c = val_at(checks, i);
        bool ok = val_as_bool(val_get(c, "ok"), false);
        buf_printf(out, "%s ", ok ? "ok     " : "PROBLEM");
        line(out, val_get_str(c, "name", ""), val_get_str(c, "text", ""), NULL);
    }
}

static void show_keys(const struct val *keys, struct buf *out) {
    const char *until = val_get_str(keys, "expires", NULL);
    buf_add_str(out, "\nKeys were looked for in this order:\n");
    const struct val *list = val_get(keys, "looked_at");
    for (size_t i = 0; i < val_count(list); i++) {
        const struct val *row = val_at(list, i);
        buf_printf(out, "  %-26s%-15s", val_get_str(row, "source", ""), val_get_str(row, "state", ""));
        add(out, val_get_str(row, "why", ""));
        buf_add_char(out, '\n');
    }
    if (val_get(keys, "source"))
        line(out, "they end", until ? until : "never, as far as is known", NULL);
}

static void show_endpoints(const struct val *list, struct buf *out) {
    for (size_t i = 0; i < val_count(list); i++) {
        const struct val *row = val_at(list, i);
        const char *problem = val_get_str(row, "problem", NULL);
        buf_printf(out, "endpoint %-6s", val_get_str(row, "service", ""));
        add(out, problem ? problem : val_get_str(row, "url", ""));
        if (!problem) {
            buf_add_str(out, " (");
            add(out, val_get_str(row, "why", ""));
            buf_add_char(out, ')');
        }
        buf_add_char(out, '\n');
    }
}

static void show_settings(const struct val *s, struct buf *out) {
    buf_add_char(out, '\n');
    line(out, "profile", val_get_str(s, "profile", NULL), val_get_str(s, "profile_why", NULL));
    line(out, "files", val_get_str(s, "files", NULL), NULL);
    line(out, "Region", val_get_str(s, "region", NULL), val_get_str(s, "region_why", NULL));
    show_endpoints(val_get(s, "endpoints"), out);
    if (val_get(s, "fips"))
        line(out, "variants",
             val_as_bool(val_get(s, "fips"), false)
                 ? val_as_bool(val_get(s, "dualstack"), false) ? "FIPS, dualstack" : "FIPS"
             : val_as_bool(val_get(s, "dualstack"), false) ? "dualstack"
                                                           : "neither FIPS nor dualstack",
             NULL);
    line(out, "proxy", val_get_str(s, "proxy", NULL), NULL);
    line(out, "no proxy for", val_get_str(s, "no_proxy", NULL), NULL);
    line(out, "CA bundle", val_get_str(s, "ca_bundle", NULL), NULL);
    line(out, "libraries", val_get_str(s, "libcurl", NULL), val_get_str(s, "openssl", NULL));
    if (val_get(s, "keys")) show_keys(val_get(s, "keys"), out);
}

static void show_plan(const struct val *plan, struct buf *out) {
    const struct val *calls = val_get(plan, "calls");
    size_t denied = 0;
    if (!plan) return;
    buf_printf(out, "\n%zu calls of ", val_count(calls));
    add(out, val_get_str(plan, "playbook", ""));
    buf_add_str(out, ", and their permission:\n");
    for (size_t i = 0; i < val_count(calls); i++) {
        const struct val *c = val_at(calls, i);
        bool no = val_as_bool(val_get(c, "denied"), false);
        denied += no;
        buf_printf(out, "  %-14s", no ? "DENIED" : val_get_str(c, "permission", ""));
        add(out, val_get_str(c, "call", ""));
        buf_add_str(out, "   ");
        add(out, val_get_str(c, "step", ""));
        if (no) buf_add_str(out, "   needs: ");
        if (no) add(out, val_get_str(c, "note", ""));
        buf_add_char(out, '\n');
    }
    if (denied) buf_printf(out, "%zu would be DENIED: the run would stop there.\n", denied);
    else buf_add_str(out, "None is known to be denied.\n");
}

void doctor_show(const struct val *report, struct buf *out) {
    show_checks(val_get(report, "checks"), out);
    show_settings(val_get(report, "settings"), out);
    show_plan(val_get(report, "plan"), out);
}
