// log_verb.c - `cordon log verify`.
//
// Owns: naming a journal by run or by path, and saying whether it verifies.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "cli/verbs_journal.h"
#include "journal/runs.h"
#include "prompt/console.h"

static bool is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

// A word with a slash or with ".jsonl" is a path: of a journal, or of a run directory.
static bool find_journal(const char *word, struct buf *path, struct err *e) {
    bool is_path = strchr(word, '/') != NULL || text_ends(word, ".jsonl");
    if (is_path && !is_folder(word)) {
        buf_add_str(path, word);
    } else {
        if (is_path) {
            buf_add_str(path, word);
        } else if (!runs_find(word, path, e)) {
            return false;
        }
        buf_add_str(path, "/" JOURNAL_FILE);
    }
    return path->failed ? err_memory(e) : true;
}

static const char *state_word(enum journal_state s) {
    static const char *const words[] = {"verified", "incomplete-tail", "tampered"};
    return words[s];
}

static void print_json(struct console *c, const char *path, const struct journal_report *r) {
    struct val *map = val_map();
    bool ok = map != NULL && val_set(map, "state", val_cstr(state_word(r->state))) &&
              val_set(map, "path", val_cstr(path)) && val_set(map, "lines", val_int(r->lines)) &&
              val_set(map, "bytes", val_int(r->good_bytes)) &&
              val_set(map, "head", val_cstr(r->head)) && val_set(map, "run", val_cstr(r->run)) &&
              (r->why[0] == '\0' || val_set(map, "why", val_cstr(r->why)));
    if (ok) {
        console_event(c, "log.verify", map);
    } else {
        val_unref(map);
        console_warn(c, "out of memory");
    }
}

static void print_text(struct console *c, const char *path, const struct journal_report *r) {
    struct buf out = BUF_EMPTY;
    if (r->state == JOURNAL_TAMPERED) {
        buf_add_str(&out, "TAMPERED  ");
        text_escape(&out, path, strlen(path), 0);
        buf_add_str(&out, "\n  ");
        text_escape(&out, r->why, strlen(r->why), 0);
        buf_printf(&out, "\n  good before it: %" PRId64 " lines, head %s\n", r->lines, r->head);
    } else {
        buf_add_str(&out, "verified  ");
        text_escape(&out, path, strlen(path), 0);
        buf_printf(&out, "\n  %" PRId64 " lines, head %s\n", r->lines, r->head);
        if (r->state == JOURNAL_INCOMPLETE_TAIL) buf_printf(&out, "  %s\n", r->why);
    }
    if (!out.failed) console_data(c, out.data, out.len);
    buf_free(&out);
}

static int verify(struct console *c, const char *word, bool json) {
    struct buf path = BUF_EMPTY;
    struct journal_report report;
    struct err e;
    int code;
    if (!find_journal(word, &path, &e) ||
        !journal_verify(buf_str(&path), &report, NULL, NULL, &e)) {
        console_error(c, &e);
        code = err_is(&e, ERR_USAGE) ? 2 : err_is(&e, ERR_MEMORY) ? 1 : 8;
    } else {
        (json ? print_json : print_text)(c, buf_str(&path), &report);
        code = report.state == JOURNAL_TAMPERED ? 8 : 0;
    }
    buf_free(&path);
    return code;
}

int verb_log(int argc, char **argv, bool json) {
    struct console *c = console_new(NULL, NULL);
    if (c == NULL) {
        fputs("cordon: out of memory\n", stderr);
        return 1;
    }
    int code = 2;
    if (argc == 3 && strcmp(argv[1], "verify") == 0) {
        code = verify(c, argv[2], json);
    } else {
        struct err e;
        err_set(&e, ERR_USAGE, "usage: cordon log verify RUN|FILE");
        console_error(c, &e);
    }
    if (!console_finish(c) && code == 0) code = 1;
    console_free(c);
    return code;
}
