// runs.c - the folder of all runs.
//
// Owns: run ids, and finding and listing runs. It never opens a journal: summary.c does.
#include "journal/runs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "journal/line.h"

#define MAX_RUNS 1000000

bool runs_folder(struct buf *out, struct err *e) {
    return file_xdg_path(out, "XDG_STATE_HOME", ".local/state", "cordon/runs", e);
}

// --- new ones ----------------------------------------------------------------

// "Isolate SG.lua" becomes "isolate-sg-lua"; at most 40 characters.
static void slug(const char *playbook, char out[41]) {
    size_t n = 0;
    for (; *playbook != '\0' && n < 40; playbook++) {
        char c = *playbook;
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (plain) {
            out[n++] = c;
        } else if (n > 0 && out[n - 1] != '-') {
            out[n++] = '-';
        }
    }
    while (n > 0 && out[n - 1] == '-') n--;
    out[n] = '\0';
    if (n == 0) snprintf(out, 41, "run");
}

static bool new_id(const char *playbook, char id[RUN_ID_SIZE]) {
    char now[CLOCK_BASIC_SIZE], name[41], hex[5];
    unsigned char random[2];
    if (!random_bytes(random, sizeof random)) return false;
    hex_encode(random, sizeof random, hex);
    clock_basic(clock_now_us(), now);
    slug(playbook, name);
    snprintf(id, RUN_ID_SIZE, "%s-%s-%s", now, name, hex);
    return true;
}

// mkdir is what makes an id unique: it fails where a run has it already.
static bool make_run(const char *playbook, const char *folder, char id[RUN_ID_SIZE],
                     struct buf *dir, struct err *e) {
    size_t start = dir->len;
    for (int i = 0; i < 100; i++) {
        dir->len = start;
        if (!new_id(playbook, id)) return err_set(e, ERR_SYSTEM, "no random numbers");
        buf_printf(dir, "%s/%s", folder, id);
        if (dir->failed) return err_memory(e);
        if (mkdir(dir->data + start, 0700) == 0) return file_sync_dir(folder, e);
        if (errno != EEXIST) return err_errno(e, "cannot make folder %s", dir->data + start);
    }
    return err_set(e, ERR_SYSTEM, "no free run id in %s", folder);
}

bool runs_new(const char *playbook, char id[RUN_ID_SIZE], struct buf *dir, struct err *e) {
    struct buf folder = BUF_EMPTY;
    bool ok = runs_folder(&folder, e) && file_make_dirs(buf_str(&folder), e) &&
              make_run(playbook, buf_str(&folder), id, dir, e);
    buf_free(&folder);
    return ok;
}

bool runs_new_id(const char *playbook, char id[RUN_ID_SIZE], struct err *e) {
    return new_id(playbook, id) || err_set(e, ERR_SYSTEM, "no random numbers");
}

bool runs_take(const char *wanted, const char *playbook, char id[RUN_ID_SIZE], struct buf *dir,
               bool *taken, struct err *e) {
    struct buf folder = BUF_EMPTY;
    size_t start = dir->len;
    if (!line_run_ok(wanted)) return err_set(e, ERR_INVALID, "that is no run id");
    bool ok = runs_folder(&folder, e) && file_make_dirs(buf_str(&folder), e);
    if (ok) buf_printf(dir, "%s/%s", buf_str(&folder), wanted);
    ok = ok && (!dir->failed || err_memory(e));
    *taken = ok && mkdir(dir->data + start, 0700) == 0;
    if (*taken) {
        snprintf(id, RUN_ID_SIZE, "%s", wanted);
        ok = file_sync_dir(buf_str(&folder), e);
    } else if (ok) {
        dir->len = start;
        ok = make_run(playbook, buf_str(&folder), id, dir, e);
    }
    buf_free(&folder);
    return ok;
}

// --- listing -----------------------------------------------------------------

struct ids {
    char **at;
    size_t count, cap;
};

static void free_ids(struct ids *ids) {
    for (size_t i = 0; i < ids->count; i++) free(ids->at[i]);
    free(ids->at);
}

static bool add_id(struct ids *ids, const char *id) {
    if (ids->count == ids->cap) {
        size_t cap = ids->cap == 0 ? 64 : ids->cap * 2;
        char **at = realloc(ids->at, cap * sizeof *at);
        if (at == NULL) return false;
        ids->at = at;
        ids->cap = cap;
    }
    ids->at[ids->count] = strdup(id);
    return ids->at[ids->count] != NULL && ++ids->count > 0;
}

static int newest_first(const void *a, const void *b) {
    return -strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_folder(int dir_fd, const char *name) {
    struct stat st;
    return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static bool read_folder(const char *folder, struct ids *ids, struct err *e) {
    DIR *d = opendir(folder);
    if (d == NULL) return errno == ENOENT || err_errno(e, "cannot read folder %s", folder);
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(d)) != NULL;) {
        if (!line_run_ok(entry->d_name) || !is_folder(dirfd(d), entry->d_name)) continue;
        ok = ids->count < MAX_RUNS
                 ? add_id(ids, entry->d_name) || err_memory(e)
                 : err_set(e, ERR_USAGE, "%s holds over %d runs", folder, MAX_RUNS);
    }
    closedir(d);
    if (ids->count > 0) qsort(ids->at, ids->count, sizeof *ids->at, newest_first);
    return ok;
}

bool runs_list(runs_fn *fn, void *ctx, struct err *e) {
    struct buf folder = BUF_EMPTY, dir = BUF_EMPTY;
    struct ids ids = {0};
    bool ok = runs_folder(&folder, e) && read_folder(buf_str(&folder), &ids, e);
    for (size_t i = 0; ok && i < ids.count; i++) {
        buf_clear(&dir);
        buf_printf(&dir, "%s/%s", buf_str(&folder), ids.at[i]);
        ok = dir.failed ? err_memory(e) : true;
        if (ok && !fn(ctx, ids.at[i], buf_str(&dir))) break;
    }
    free_ids(&ids);
    buf_free(&dir);
    buf_free(&folder);
    return ok;
}

// --- finding -----------------------------------------------------------------

struct search {
    const char *name;
    bool last;
    size_t matches;
    bool exact, failed;
    struct buf found, names;
};

static bool consider(void *ctx, const char *id, const char *dir) {
    struct search *s = ctx;
    bool exact = strcmp(id, s->name) == 0;
    if (!s->last && !text_starts(id, s->name)) return true;
    if (s->matches == 0 || exact) {
        buf_clear(&s->found);
        buf_add_str(&s->found, dir);
    }
    if (s->matches < 5) buf_printf(&s->names, "%s%s", s->matches > 0 ? ", " : "", id);
    if (s->matches == 5) buf_add_str(&s->names, ", ...");
    s->matches++;
    s->exact = s->exact || exact;
    s->failed = s->found.failed || s->names.failed;
    return !s->last && !s->exact && !s->failed;
}

static bool judge(const struct search *s, struct err *e) {
    if (s->failed) return err_memory(e);
    if (s->matches == 0 && s->last) return err_set(e, ERR_USAGE, "there is no run yet");
    if (s->matches == 0) {
        return err_set(e, ERR_USAGE, "no run \"%s\"; `cordon runs` lists them", s->name);
    }
    if (s->matches == 1 || s->exact) return true;
    return err_set(e, ERR_USAGE, "\"%s\" is the beginning of several runs: %s", s->name,
                   buf_str(&s->names));
}

bool runs_find(const char *name, struct buf *dir, struct err *e) {
    if (!line_run_ok(name)) {
        return err_set(e, ERR_USAGE, "not a run id; `cordon runs` lists them");
    }
    struct search s = {.name = name, .last = strcmp(name, "last") == 0};
    bool ok = runs_list(consider, &s, e) && judge(&s, e);
    if (ok) {
        buf_add(dir, buf_str(&s.found), s.found.len);
        if (dir->failed) ok = err_memory(e);
    }
    buf_free(&s.found);
    buf_free(&s.names);
    return ok;
}

// --- whose it is -------------------------------------------------------------

static bool is_own(const char *path, struct err *e) {
    struct stat st;
    if (lstat(path, &st) != 0) return err_errno(e, "cannot look at %s", path);
    if (st.st_uid != geteuid())
        return err_set(e, ERR_JOURNAL,
                       "%s belongs to another user (%ld); run cordon as that user", path,
                       (long)st.st_uid);
    if (!S_ISLNK(st.st_mode) && !(st.st_mode & (S_IWGRP | S_IWOTH))) return true;
    return err_set(e, ERR_JOURNAL,
                   "others can write %s, so what it says cannot be trusted; look at it, and if it "
                   "is as it should be: chmod go-w", path);
}

bool runs_lines(const char *dir, journal_line_fn *each, void *ctx, struct err *e) {
    struct journal_report report;
    struct buf path = BUF_EMPTY;
    buf_printf(&path, "%s/" JOURNAL_FILE, dir);
    bool ok = (!path.failed || err_memory(e)) && journal_verify(path.data, &report, each, ctx, e);
    buf_free(&path);
    if (!ok || report.state != JOURNAL_TAMPERED) return ok;
    return err_set(e, ERR_JOURNAL, "the journal does not verify: %s", report.why);
}

bool runs_is_own(const char *dir, struct err *e) {
    struct buf path = BUF_EMPTY;
    buf_printf(&path, "%s/" JOURNAL_FILE, dir);
    bool ok = (!path.failed || err_memory(e)) && is_own(dir, e) && is_own(path.data, e);
    buf_free(&path);
    return ok;
}
