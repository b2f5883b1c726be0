// journal.c - journals as found on a disk: never trusted, and recovery gives one that verifies.
//
// The first byte says how the rest becomes a journal:
//   r  it is the file, byte by byte
//   s  each line is "KIND {members}", sealed here with a hash that fits: what somebody who
//      can compute a hash may leave; a line "%%" ends them, and what follows is a raw tail
//   a  each line is appended by the journal itself, as a text of any bytes
#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "journal/journal.h"
#include "journal/runs.h"

#define RUN "20261124T021530Z-fuzz-0001"

static char dir[64], file[96];

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void remove_dir(void) {
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

// One folder for all inputs, in memory where there is such a place.
static void make_dir(void) {
    if (dir[0]) return;
    snprintf(dir, sizeof dir, "%s/cordon-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    MUST(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/" JOURNAL_FILE, dir);
    atexit(remove_dir);
}

static void put_file(const char *bytes, size_t len) {
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    close(fd);
}

// --- sealing ---------------------------------------------------------------------

static void seal(struct buf *out, const char *text, int seq, char head[SHA256_HEX]) {
    struct buf line = BUF_EMPTY;
    const char *blank = strchr(text, ' ');
    int kind = (int)(blank ? (size_t)(blank - text) : strlen(text));
    const char *members = blank && blank[1] == '{' ? blank + 2 : "";
    size_t len = strlen(members);
    if (len && members[len - 1] == '}') len--;
    buf_printf(&line,
               "{\"v\":1,\"seq\":%d,\"t\":\"2026-11-24T02:15:30.000001Z\",\"run\":\"" RUN
               "\",\"kind\":\"%.*s\"%s%.*s,\"prev\":\"%s\"",
               seq, kind, text, len ? "," : "", (int)len, members, head);
    MUST(sha256_hex(line.data, line.len, head));
    buf_printf(&line, ",\"hash\":\"%s\"}\n", head);
    buf_add(out, line.data, line.len);
    buf_free(&line);
}

static void write_sealed(const uint8_t *data, size_t size) {
    struct buf out = BUF_EMPTY;
    char head[SHA256_HEX];
    memset(head, '0', sizeof head - 1);
    head[sizeof head - 1] = '\0';
    for (int seq = 0; size > 0; seq++) {
        char *line = fuzz_field(&data, &size, '\n');
        bool tail = strcmp(line, "%%") == 0;
        if (!tail) seal(&out, line, seq, head);
        free(line);
        if (tail) break;
    }
    buf_add(&out, data, size);
    put_file(buf_str(&out), out.len);
    buf_free(&out);
}

static void write_appended(const uint8_t *data, size_t size) {
    struct err e = {0};
    unlink(file);
    struct journal *j = journal_create(dir, RUN, &e);
    MUST(j);
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end ? (size_t)(end - data) : size;
        struct val *members = val_map(), *inner = val_map();
        MUST(val_set_n(inner, (const char *)data, len, val_bool(true)));
        MUST(val_set(members, "text", val_string((const char *)data, len)));
        MUST(val_set(members, "value", inner));
        MUST(journal_append(j, "log", members, &e));
        data += len + (end != NULL);
        size -= len + (end != NULL);
    }
    MUST(journal_sync(j, &e) && !journal_lost(j));
    journal_free(j);
}

// --- what must hold -----------------------------------------------------------------

static void summarises(const struct journal_report *report) {
    struct run_summary s;
    struct err e = {0};
    MUST(runs_summary(dir, true, &s, &e));
    MUST((s.state == RUN_DAMAGED) == (report->state == JOURNAL_TAMPERED));
    MUST(!s.window_open || s.closing);
    MUST(s.unknown >= 0 && s.made >= 0 && s.failed >= 0);
    MUST(s.unfinished && val_count(s.unfinished) <= RUN_MAX_UNFINISHED);
    run_text(&s, "account");
    run_summary_clear(&s);
}

static void recovers(const struct journal_report *report) {
    struct journal_report after;
    struct err e = {0};
    struct journal *j = journal_reopen(dir, &e);
    if (report->state == JOURNAL_TAMPERED) {
        MUST(!j && e.code[0]);
        return;
    }
    if (!j && report->lines == 0) return;
    MUST(j && journal_next_seq(j) == report->lines);
    MUST(journal_append(j, "log", NULL, &e) && journal_sync(j, &e));
    journal_free(j);
    MUST(journal_verify(file, &after, NULL, NULL, &e));
    MUST(after.state == JOURNAL_VERIFIED && after.lines == report->lines + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct journal_report report;
    struct err e = {0};
    make_dir();
    uint8_t how = fuzz_byte(&data, &size);
    if (how == 's')
        write_sealed(data, size);
    else if (how == 'a')
        write_appended(data, size);
    else
        put_file((const char *)data, size);
    MUST(journal_verify(file, &report, NULL, NULL, &e));
    MUST(how != 'a' || report.state == JOURNAL_VERIFIED);
    MUST(report.lines >= 0 && strlen(report.head) == 64);
    MUST(memchr(report.why, '\0', sizeof report.why) && fuzz_harmless(report.why));
    summarises(&report);
    recovers(&report);
    return 0;
}
