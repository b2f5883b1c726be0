// journal_disk_test.c - what a disk, a crash and a second process can do to a journal.
// link: -Wl,--wrap=write,--wrap=fdatasync,--wrap=fallocate,--wrap=malloc,--wrap=realloc
// link: -Wl,--wrap=calloc,--wrap=strdup
#include "failing.h"
#include "journal_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "journal/runs.h"

// --- faults ------------------------------------------------------------------

static struct {
    int write_errno;    // every write fails so...
    size_t write_room;  // ...once this many bytes were taken (when it is set)
    bool interrupted;   // every other write is
    bool short_writes;  // one byte at a time
    int sync_errno;
    int syncs;
    int fallocate_errno;
    const char *padding;  // writes are well once this file is gone
} fault;

ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_fallocate(int fd, int mode, off_t at, off_t len);
int __wrap_fallocate(int fd, int mode, off_t at, off_t len);

ssize_t __wrap_write(int fd, const void *bytes, size_t len) {
    static bool odd;
    odd = !odd;
    if (fault.interrupted && odd) {
        errno = EINTR;
        return -1;
    }
    if (fault.short_writes) len = 1;
    if (fault.write_errno != 0 && (fault.padding == NULL || scratch_exists(fault.padding))) {
        if (fault.write_room == 0) {
            errno = fault.write_errno;
            return -1;
        }
        if (len > fault.write_room) len = fault.write_room;
        fault.write_room -= len;
    }
    return __real_write(fd, bytes, len);
}

int __wrap_fdatasync(int fd) {
    fault.syncs++;
    if (fault.sync_errno == 0) return __real_fdatasync(fd);
    errno = fault.sync_errno;
    return -1;
}

int __wrap_fallocate(int fd, int mode, off_t at, off_t len) {
    if (fault.fallocate_errno == 0) return __real_fallocate(fd, mode, at, len);
    errno = fault.fallocate_errno;
    return -1;
}

// --- the fixture -------------------------------------------------------------

static int set_up_well(void **state) {
    memset(&fault, 0, sizeof fault);
    return set_up(state);
}

static int tear_down_well(void **state) {
    memset(&fault, 0, sizeof fault);
    return tear_down(state);
}

static struct val *text_member(const char *text) {
    struct val *members = val_map();
    assert_true(val_set(members, "text", val_cstr(text)));
    return members;
}

static bool happen(struct fixture *f, struct err *e) {
    return journal_append(f->journal, "log", text_member("something happened"), e);
}

static void must_be_lost(struct fixture *f) {
    struct err e = {0};
    assert_true(journal_lost(f->journal));
    assert_false(happen(f, &e));
    assert_string_equal(e.code, ERR_JOURNAL);
    assert_false(journal_sync(f->journal, &e));
    assert_string_equal(e.code, ERR_JOURNAL);
    assert_false(journal_reserve(f->journal, 10, &e));
}

// --- disks -------------------------------------------------------------------

static void test_short_and_interrupted_writes(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    struct err e;
    fault.short_writes = fault.interrupted = true;
    for (int i = 0; i < 5; i++) assert_true(happen(f, &e));
    assert_int_equal(state_of(f->file, &report), JOURNAL_VERIFIED);
    assert_int_equal(report.lines, 5);
}

static void full_after(struct fixture *f, size_t room, int number) {
    struct journal_report report;
    struct err e = {0};
    assert_true(happen(f, &e));
    fault.write_errno = number;
    fault.write_room = room;
    assert_false(happen(f, &e));
    assert_string_equal(e.code, ERR_JOURNAL);
    assert_non_null(strstr(e.message, strerror(number)));
    fault.write_errno = 0;
    // The disk has room again, but a line is missing: nothing may follow it.
    must_be_lost(f);
    assert_int_equal(state_of(f->file, &report),
                     room == 0 ? JOURNAL_VERIFIED : JOURNAL_INCOMPLETE_TAIL);
    assert_int_equal(report.lines, 1);
}

static void test_a_full_disk_loses_it(void **state) {
    full_after(*state, 0, ENOSPC);
}

static void test_a_disk_that_fills_within_a_line_loses_it(void **state) {
    full_after(*state, 37, ENOSPC);
}

static void test_a_bad_disk_loses_it(void **state) {
    full_after(*state, 0, EIO);
}

static void test_a_file_size_limit_loses_it(void **state) {
    struct fixture *f = *state;
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {4000, 4000};
        struct err e;
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        int i = 0;
        while (i < 100 && happen(f, &e)) i++;
        _exit(i > 5 && i < 100 && journal_lost(f->journal) && !happen(f, &e) ? 0 : 1);
    }
    int status;
    struct journal_report report;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(state_of(f->file, &report), JOURNAL_INCOMPLETE_TAIL);
}

static void test_a_failed_sync_is_never_retried(void **state) {
    struct fixture *f = *state;
    struct err e = {0};
    assert_true(happen(f, &e));
    fault.sync_errno = EIO;
    assert_false(journal_sync(f->journal, &e));
    assert_string_equal(e.code, ERR_JOURNAL);
    fault.sync_errno = 0;
    fault.syncs = 0;
    must_be_lost(f);
    assert_int_equal(fault.syncs, 0);
}

static void test_a_sync_is_for_what_was_appended(void **state) {
    struct fixture *f = *state;
    struct err e;
    fault.syncs = 0;
    assert_true(journal_sync(f->journal, &e));
    assert_int_equal(fault.syncs, 0);
    assert_true(happen(f, &e) && happen(f, &e));
    assert_true(journal_sync(f->journal, &e) && journal_sync(f->journal, &e));
    assert_int_equal(fault.syncs, 1);
    // Whoever takes over cannot know what the process before had synced.
    journal_free(f->journal);
    f->journal = journal_reopen(f->dir, &e);
    assert_true(journal_sync(f->journal, &e));
    assert_int_equal(fault.syncs, 2);
}

static void test_a_side_file_that_cannot_be_written_loses_it(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    struct err e = {0};
    char *large = calloc(1, 100001);
    memset(large, 'x', 100000);
    fault.write_errno = ENOSPC;
    assert_false(journal_append_large(f->journal, "read", NULL, "result", val_cstr(large), &e));
    fault.write_errno = 0;
    must_be_lost(f);
    assert_int_equal(state_of(f->file, &report), JOURNAL_VERIFIED);
    free(large);
}

// --- reserved room -----------------------------------------------------------

static void test_room_is_allocated_ahead(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    struct err e = {0};
    struct stat before, after;
    assert_true(happen(f, &e));
    assert_int_equal(stat(f->file, &before), 0);
    if (!journal_reserve(f->journal, 1024 * 1024, &e)) fail_msg("%s", e.message);
    assert_int_equal(stat(f->file, &after), 0);
    assert_int_equal(before.st_size, after.st_size);
    if (scratch_exists(scratch_path(&f->scratch, "run/reserve"))) skip();
    assert_true(after.st_blocks >= 2048);
    assert_int_equal(state_of(f->file, &report), JOURNAL_VERIFIED);
}

static void test_padding_where_it_cannot_be(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    struct err e = {0};
    fault.fallocate_errno = EOPNOTSUPP;
    assert_true(journal_reserve(f->journal, 20000, &e));
    struct stat st;
    assert_int_equal(stat(scratch_path(&f->scratch, "run/reserve"), &st), 0);
    assert_true(st.st_size >= 20000);
    // A crash keeps the room for whoever closes the window.
    pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
    assert_true(happen(f, &e));
    assert_int_equal(state_of(f->file, &report), JOURNAL_VERIFIED);
    assert_true(scratch_exists(scratch_path(&f->scratch, "run/reserve")));
    journal_free(f->journal);
    f->journal = NULL;
    assert_false(scratch_exists(scratch_path(&f->scratch, "run/reserve")));
}

static void test_padding_is_given_up_on_a_full_disk(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    struct err e = {0};
    fault.fallocate_errno = EOPNOTSUPP;
    assert_true(journal_reserve(f->journal, 20000, &e));
    fault.padding = scratch_path(&f->scratch, "run/reserve");
    fault.write_errno = ENOSPC;
    fault.write_room = 10;
    if (!happen(f, &e)) fail_msg("%s", e.message);
    assert_false(scratch_exists(fault.padding));
    assert_int_equal(state_of(f->file, &report), JOURNAL_VERIFIED);
    assert_int_equal(report.lines, 1);
}

static void test_no_room_is_no_loss(void **state) {
    struct fixture *f = *state;
    struct err e = {0};
    fault.fallocate_errno = ENOSPC;
    assert_false(journal_reserve(f->journal, 20000, &e));
    assert_string_equal(e.code, ERR_JOURNAL);
    assert_false(journal_lost(f->journal));
    fault.fallocate_errno = EOPNOTSUPP;
    fault.write_errno = ENOSPC;
    fault.write_room = 5000;
    assert_false(journal_reserve(f->journal, 20000, &e));
    assert_false(scratch_exists(scratch_path(&f->scratch, "run/reserve")));
    fault.write_errno = 0;
    assert_true(happen(f, &e));
}

// --- memory ------------------------------------------------------------------

static void test_every_failing_allocation(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    struct err e = {0};
    bool through = false;
    char *large = calloc(1, 100001);
    memset(large, 'x', 100000);
    for (long n = 0; n < 2000 && !through; n++) {
        struct val *members = text_member("a \xff b"), *value = val_cstr(large);
        assert_non_null(value);
        allocations_left = n;
        through = journal_append_large(f->journal, "read", members, "result", value, &e);
        allocations_left = -1;
        if (through) break;
        assert_true(journal_lost(f->journal));
        assert_string_equal(e.code, ERR_JOURNAL);
        allocations_left = n;
        journal_free(f->journal);
        f->journal = NULL;
        allocations_left = -1;
        f->journal = journal_reopen(f->dir, &e);
        assert_non_null(f->journal);
    }
    assert_true(through);
    assert_int_equal(state_of(f->file, &report), JOURNAL_VERIFIED);
    assert_int_equal(report.lines, 1);
    free(large);
}

static void test_no_memory_is_not_tampering(void **state) {
    struct fixture *f = *state;
    struct err e = {0};
    bool through = false;
    assert_true(happen(f, &e) && happen(f, &e));
    for (long n = 0; n < 2000 && !through; n++) {
        struct journal_report report;
        allocations_left = n;
        through = journal_verify(f->file, &report, NULL, NULL, &e);
        allocations_left = -1;
        if (!through) assert_string_equal(e.code, ERR_MEMORY);
        if (through) assert_int_equal(report.state, JOURNAL_VERIFIED);
    }
    assert_true(through);
}

static void test_a_summary_stands_no_memory(void **state) {
    struct fixture *f = *state;
    struct err e = {0};
    bool through = false;
    const char *window = "{\"closing\":[{\"key\":\"#2\",\"service\":\"ec2\",\"operation\":\"x\"}]}";
    const char *intent = "{\"key\":\"#1\",\"service\":\"ec2\",\"operation\":\"x\",\"params\":{}}";
    assert_true(happen(f, &e));
    add(f, "window.open", window);
    add(f, "call.intent", intent);
    for (long n = 0; n < 2000 && !through; n++) {
        struct run_summary s;
        allocations_left = n;
        through = runs_summary(f->dir, true, &s, &e);
        allocations_left = -1;
        if (!through) assert_string_equal(e.code, ERR_MEMORY);
        if (through) assert_true(s.window_open && val_count(s.closing) == 1 && s.unknown == 1);
        if (through) run_summary_clear(&s);
    }
    assert_true(through);
}

// --- processes ---------------------------------------------------------------

static void test_two_processes_never_append(void **state) {
    struct fixture *f = *state;
    pid_t child = fork();
    if (child == 0) {
        struct err e = {0};
        char holder[32];
        snprintf(holder, sizeof holder, "process %d ", (int)getppid());
        bool refused = journal_reopen(f->dir, &e) == NULL && err_is(&e, ERR_USAGE);
        // Its pid is known where /proc/locks is readable.
        bool named = access("/proc/locks", R_OK) != 0 || strstr(e.message, holder) != NULL;
        _exit(refused && named ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void append_for_ever(const char *dir) {
    struct err e;
    struct journal *j = journal_reopen(dir, &e);
    for (long i = 0; j != NULL; i++) {
        if (!journal_append(j, "log", text_member("one more line of it"), &e)) break;
        if (i % 50 == 0 && !journal_sync(j, &e)) break;
    }
    _exit(1);
}

static void test_killed_while_appending(void **state) {
    struct fixture *f = *state;
    struct journal_report report;
    struct err e = {0};
    int64_t lines = 0;
    journal_free(f->journal);
    f->journal = NULL;
    for (int i = 0; i < 25; i++) {
        pid_t child = fork();
        if (child == 0) append_for_ever(f->dir);
        struct timespec pause = {.tv_nsec = 2000000 + i * 700000};
        nanosleep(&pause, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        assert_int_not_equal(state_of(f->file, &report), JOURNAL_TAMPERED);
        assert_true(report.lines >= lines);
        lines = report.lines;
        struct journal *j = journal_reopen(f->dir, &e);
        if (j == NULL) fail_msg("%s", e.message);
        assert_int_equal(journal_next_seq(j), lines);
        journal_free(j);
        assert_int_equal(state_of(f->file, &report), JOURNAL_VERIFIED);
    }
    assert_true(lines > 0);
}

#define DISK_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_well, tear_down_well)

int main(void) {
    const struct CMUnitTest tests[] = {
        DISK_TEST(test_short_and_interrupted_writes),
        DISK_TEST(test_a_full_disk_loses_it),
        DISK_TEST(test_a_disk_that_fills_within_a_line_loses_it),
        DISK_TEST(test_a_bad_disk_loses_it),
        DISK_TEST(test_a_file_size_limit_loses_it),
        DISK_TEST(test_a_failed_sync_is_never_retried),
        DISK_TEST(test_a_sync_is_for_what_was_appended),
        DISK_TEST(test_a_side_file_that_cannot_be_written_loses_it),
        DISK_TEST(test_room_is_allocated_ahead),
        DISK_TEST(test_padding_where_it_cannot_be),
        DISK_TEST(test_padding_is_given_up_on_a_full_disk),
        DISK_TEST(test_no_room_is_no_loss),
        DISK_TEST(test_every_failing_allocation),
        DISK_TEST(test_no_memory_is_not_tampering),
        DISK_TEST(test_a_summary_stands_no_memory),
        DISK_TEST(test_two_processes_never_append),
        DISK_TEST(test_killed_while_appending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
