// console_test.c - talk, data, and readers that are slow or gone.
#include "scratch.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "prompt/console.h"

typedef int script_fn(struct loop *l);

static void settle(int ms) {
    struct timespec pause = {.tv_nsec = ms * 1000000L};
    nanosleep(&pause, NULL);
}

// Runs a script with these descriptors as stdout and stderr.
static pid_t start(script_fn *script, int out, int err) {
    pid_t child = fork();
    if (child != 0) return child;
    struct err e;
    struct loop *l = loop_new(&e);
    dup2(out, 1);
    dup2(err, 2);
    int code = script(l);
    loop_free(l);
    _exit(code);
}

static int wait_exit(pid_t child) {
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// What the script writes to two files.
struct output {
    char *out, *err;
    int code;
};

static struct output run(script_fn *script) {
    struct scratch s;
    struct output o;
    size_t len;
    scratch_make(&s);
    int out = open(scratch_path(&s, "out"), O_CREAT | O_RDWR, 0600);
    int err = open(scratch_path(&s, "err"), O_CREAT | O_RDWR, 0600);
    o.code = wait_exit(start(script, out, err));
    o.out = scratch_read(scratch_path(&s, "out"), &len);
    o.err = scratch_read(scratch_path(&s, "err"), &len);
    close(out);
    close(err);
    scratch_remove(&s);
    return o;
}

static void free_output(struct output *o) {
    free(o->out);
    free(o->err);
}

// Reads what a terminal shows until nobody has it open any more.
static void read_terminal(int master, char *text, size_t size) {
    struct pollfd p = {.fd = master, .events = POLLIN};
    size_t len = 0;
    while (len + 1 < size && poll(&p, 1, 20000) > 0) {
        ssize_t got = read(master, text + len, size - len - 1);
        if (got <= 0) break;
        len += (size_t)got;
    }
    text[len] = '\0';
}

// --- talk --------------------------------------------------------------------

static int talk(struct loop *l, struct console_options o) {
    struct err e;
    struct console *c = console_new(l, &o);
    console_say(c, STYLE_CARE, "said %s", "\x1b[31mred\nline\t\xff");
    console_detail(c, "a detail");
    console_warn(c, "a warning");
    err_set(&e, ERR_USAGE, "no such %s", "thing");
    console_error(c, &e);
    snprintf(e.code, sizeof e.code, "AccessDenied");
    e.status = 403;
    console_error(c, &e);
    console_free(c);
    return 0;
}

static int talk_plainly(struct loop *l) {
    return talk(l, (struct console_options){0});
}

static int talk_quietly(struct loop *l) {
    return talk(l, (struct console_options){.quiet = true, .verbose = true});
}

static int alarm_quietly(struct loop *l) {
    struct console *c = console_new(l, &(struct console_options){.quiet = true});
    console_say(c, STYLE_CARE, "no alarm");
    console_say(c, STYLE_ALARM, "a window may be open");
    console_free(c);
    return 0;
}

static int talk_a_lot(struct loop *l) {
    return talk(l, (struct console_options){.verbose = true});
}

static void test_talk_is_escaped_lines(void **state) {
    (void)state;
    struct output o = run(talk_plainly);
    assert_string_equal(o.out, "");
    assert_string_equal(o.err, "said \\x1b[31mred\\x0aline\\x09\\xff\n"
                               "cordon: warning: a warning\n"
                               "cordon: no such thing\n"
                               "cordon: AccessDenied: no such thing\n");
    free_output(&o);
}

static void test_levels(void **state) {
    (void)state;
    struct output o = run(talk_quietly);
    assert_string_equal(o.err, "cordon: warning: a warning\ncordon: no such thing\n"
                               "cordon: AccessDenied: no such thing\n");
    free_output(&o);
    o = run(alarm_quietly);
    assert_string_equal(o.err, "a window may be open\n");
    free_output(&o);
    o = run(talk_a_lot);
    assert_non_null(strstr(o.err, "\na detail\n"));
    free_output(&o);
}

static int talk_without_color(struct loop *l) {
    return talk(l, (struct console_options){.no_color = true});
}

static bool terminal_gets_color(script_fn *script) {
    char text[4096];
    int master, slave;
    assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
    pid_t child = start(script, slave, slave);
    close(slave);
    read_terminal(master, text, sizeof text);
    assert_int_equal(wait_exit(child), 0);
    close(master);
    assert_non_null(strstr(text, "said \\x1b[31mred"));
    return strchr(text, '\x1b') != NULL;
}

static void test_color_rules(void **state) {
    (void)state;
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    assert_true(terminal_gets_color(talk_plainly));
    assert_false(terminal_gets_color(talk_without_color));
    setenv("NO_COLOR", "1", 1);
    assert_false(terminal_gets_color(talk_plainly));
    setenv("NO_COLOR", "", 1);  // empty: as if it were not set
    assert_true(terminal_gets_color(talk_plainly));
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    assert_false(terminal_gets_color(talk_plainly));
    setenv("TERM", "xterm", 1);
}

// --- readers -----------------------------------------------------------------

static int talk_to_a_stopped_terminal(struct loop *l) {
    struct console *c = console_new(l, NULL);
    int64_t begin = clock_mono_ms();
    tcflow(2, TCOOFF);
    for (int i = 0; i < 50000; i++) console_say(c, STYLE_PLAIN, "line %d of very many lines", i);
    bool quick = clock_mono_ms() - begin < 5000;
    tcflow(2, TCOON);
    for (int i = 0; i < 100; i++) {
        settle(1);
        console_say(c, STYLE_PLAIN, "after");
    }
    console_free(c);
    return quick ? 0 : 1;
}

static void test_a_stopped_terminal_does_not_block(void **state) {
    static char text[4 * 1024 * 1024];
    int master, slave;
    (void)state;
    assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
    pid_t child = start(talk_to_a_stopped_terminal, slave, slave);
    close(slave);
    read_terminal(master, text, sizeof text);
    assert_int_equal(wait_exit(child), 0);
    close(master);
    assert_non_null(strstr(text, "line 0 of"));
    assert_non_null(strstr(text, "lines were not shown"));
    assert_non_null(strstr(text, "after"));
}

static int write_much(struct loop *l) {
    struct console *c = console_new(l, NULL);
    char block[1000];
    memset(block, 'x', sizeof block);
    block[999] = '\n';
    bool ok = true;
    int64_t begin = clock_mono_ms();
    for (int i = 0; i < 5000; i++) ok = console_data(c, block, sizeof block) && ok;
    bool quick = clock_mono_ms() - begin < 5000;
    console_free(c);
    return ok && quick ? 0 : 1;
}

static void test_a_slow_reader_gets_all_of_it(void **state) {
    int ends[2];
    char block[65536];
    size_t total = 0;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t child = start(write_much, ends[1], STDERR_FILENO);
    close(ends[1]);
    settle(900);
    for (ssize_t got; (got = read(ends[0], block, sizeof block)) > 0;) total += (size_t)got;
    assert_int_equal(total, 5000000);
    assert_int_equal(wait_exit(child), 0);
    close(ends[0]);
}

static void note_done(void *ctx) {
    *(bool *)ctx = true;
}

static int write_by_the_loop(struct loop *l) {
    struct err e;
    struct console *c = console_new(l, NULL);
    char block[1000];
    bool done = false;
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 300; i++) console_data(c, block, sizeof block);
    loop_timer_add(l, 1500, note_done, &done);
    loop_until(l, &done, false, &e);
    // Not flushed: all must be out by now.
    _exit(0);
}

static void test_the_loop_writes_what_waits(void **state) {
    int ends[2];
    char block[65536];
    size_t total = 0;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t child = start(write_by_the_loop, ends[1], STDERR_FILENO);
    close(ends[1]);
    settle(300);
    for (ssize_t got; (got = read(ends[0], block, sizeof block)) > 0;) total += (size_t)got;
    assert_int_equal(total, 300000);
    assert_int_equal(wait_exit(child), 0);
    close(ends[0]);
}

static int write_to_nobody(struct loop *l) {
    signal(SIGPIPE, SIG_DFL);
    struct console *c = console_new(l, NULL);
    bool first = console_data(c, "x\n", 2);
    bool second = console_event(c, "step", NULL);
    bool lost = console_data_lost(c) && !console_finish(c);
    console_say(c, STYLE_PLAIN, "still here");
    console_free(c);
    return !first && !second && lost ? 0 : 1;
}

static void test_a_reader_that_is_gone(void **state) {
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    int null = open("/dev/null", O_WRONLY);
    assert_int_equal(wait_exit(start(write_to_nobody, ends[1], null)), 0);
    close(ends[1]);
    close(null);
}

static int write_to_a_full_disk(struct loop *l) {
    struct console *c = console_new(l, NULL);
    console_data(c, "x\n", 2);
    bool whole = console_finish(c);
    console_free(c);
    return whole ? 0 : 7;
}

static void test_a_full_disk_is_told(void **state) {
    struct scratch s;
    size_t len;
    (void)state;
    scratch_make(&s);
    int full = open("/dev/full", O_WRONLY);
    int err = open(scratch_path(&s, "err"), O_CREAT | O_RDWR, 0600);
    assert_int_equal(wait_exit(start(write_to_a_full_disk, full, err)), 7);
    char *text = scratch_read(scratch_path(&s, "err"), &len);
    assert_string_equal(text, "cordon: warning: standard output could not be written: "
                              "No space left on device\n");
    free(text);
    close(full);
    close(err);
    scratch_remove(&s);
}

// --- data --------------------------------------------------------------------

static int say_events(struct loop *l) {
    struct console *c = console_new(l, NULL);
    struct val *members = val_map();
    if (!val_set(members, "title", val_cstr("a\n\"b\"\x1b")) ||
        !val_set(members, "step", val_int(1)) || !val_set(members, "event", val_cstr("fake")) ||
        !val_set(members, "format_version", val_int(9))) {
        return 1;
    }
    console_event(c, "step.open", members);
    console_event(c, "run.end", NULL);
    console_free(c);
    return 0;
}

static void test_events(void **state) {
    (void)state;
    struct output o = run(say_events);
    assert_string_equal(o.out, "{\"format_version\":1,\"event\":\"step.open\",\"step\":1,"
                               "\"title\":\"a\\n\\\"b\\\"\\u001b\"}\n"
                               "{\"format_version\":1,\"event\":\"run.end\"}\n");
    free_output(&o);
}

// --- columns -----------------------------------------------------------------

static void test_columns(void **state) {
    struct buf out = BUF_EMPTY;
    struct columns *c = columns_new(3);
    const char *const rows[][3] = {{"A", "B", "C"},
                                   {"\xc3\xa9\xc3\xa9\xc3\xa9", "x", "last"},
                                   {"\xe4\xb8\xad", NULL, "\x1b"},
                                   {"abcdefgh", "", NULL}};
    (void)state;
    for (size_t i = 0; i < 4; i++) assert_true(columns_add(c, rows[i], 6));
    columns_print(c, &out);
    assert_string_equal(buf_str(&out), "A          B  C\n"
                                       "\xc3\xa9\xc3\xa9\xc3\xa9        x  last\n"
                                       "\xe4\xb8\xad            \\x1b\n"
                                       "abcdef...\n");
    columns_free(c);
    buf_free(&out);
}

static void test_widths(void **state) {
    (void)state;
    assert_int_equal(text_width("abc", 3), 3);
    assert_int_equal(text_width("e\xcc\x81", 3), 1);
    assert_int_equal(text_width("\xe6\xbc\xa2\xe5\xad\x97", 6), 4);
    assert_int_equal(text_width("\xf0\x9f\x94\xa5", 4), 2);
    assert_int_equal(text_width("\xff\xfe", 2), 2);
    assert_int_equal(text_width("", 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_talk_is_escaped_lines),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_color_rules),
        cmocka_unit_test(test_a_stopped_terminal_does_not_block),
        cmocka_unit_test(test_a_slow_reader_gets_all_of_it),
        cmocka_unit_test(test_the_loop_writes_what_waits),
        cmocka_unit_test(test_a_reader_that_is_gone),
        cmocka_unit_test(test_a_full_disk_is_told),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
