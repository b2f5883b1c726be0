// junit.c - XML for build servers.
#include "drill/junit.h"

#include <string.h>

#include "base/text.h"
#include "drill/tap.h"

// XML 1.0 has no place for control characters: text_escape has spelled them out.
static void add_text(struct buf *out, const char *text) {
    struct buf plain = BUF_EMPTY;
    text_escape(&plain, text, strlen(text), 0);
    for (const char *c = buf_str(&plain); *c; c++) {
        if (*c == '&')
            buf_add_str(out, "&amp;");
        else if (*c == '<')
            buf_add_str(out, "&lt;");
        else if (*c == '>')
            buf_add_str(out, "&gt;");
        else if (*c == '"')
            buf_add_str(out, "&quot;");
        else
            buf_add_char(out, *c);
    }
    buf_free(&plain);
}

static void add_failures(struct buf *out, const struct verdict *v) {
    const struct val *failures = val_get(v->result, "failures");
    const char *why = val_get_str(v->result, "why", "");
    buf_add_str(out, "      <failure message=\"");
    add_text(out, *why ? why : val_get_str(val_at(failures, 0), "text", ""));
    buf_add_str(out, "\">");
    for (size_t i = 0; i < val_count(failures); i++) {
        add_text(out, val_get_str(val_at(failures, i), "text", ""));
        buf_add_str(out, ": ");
        add_text(out, val_get_str(val_at(failures, i), "why", ""));
        buf_add_char(out, '\n');
    }
    buf_add_str(out, "</failure>\n");
}

static void add_error(struct buf *out, const struct verdict *v) {
    buf_add_str(out, "      <error message=\"");
    add_text(out, v->err.message);
    buf_add_str(out, "\"/>\n");
}

static void add_score(struct buf *out, const struct verdict *v) {
    struct buf score = BUF_EMPTY;
    score_text(&score, v);
    buf_add_str(out, "      <system-out>");
    add_text(out, buf_str(&score));
    buf_add_str(out, "</system-out>\n");
    buf_free(&score);
}

void junit_add(struct buf *cases, const struct verdict *v) {
    double took = val_as_double(val_get(val_get(v->result, "score"), "took"), 0);
    buf_add_str(cases, "    <testcase classname=\"");
    add_text(cases, v->file);
    buf_add_str(cases, "\" name=\"");
    add_text(cases, v->name ? v->name : v->file);
    buf_printf(cases, "\" time=\"%.3f\">\n", took);
    if (!v->finished)
        add_error(cases, v);
    else if (!v->passed)
        add_failures(cases, v);
    if (v->finished) add_score(cases, v);
    buf_add_str(cases, "    </testcase>\n");
}

void junit_report(struct buf *out, const struct buf *cases, size_t count, size_t failed,
                  size_t errors) {
    buf_add_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    buf_printf(
        out, "  <testsuite name=\"cordon drill\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n",
        count, failed, errors);
    buf_add(out, buf_str(cases), cases->len);
    buf_add_str(out, "  </testsuite>\n</testsuites>\n");
}
