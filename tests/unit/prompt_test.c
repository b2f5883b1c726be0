// prompt_test.c - what is an answer and what is not.
#include "terminal.h"

// --- answers -----------------------------------------------------------------

static void test_an_answer(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_once);
    wait_for(&t, "Go on? ", 1);
    type(&t, "  yes \n");
    expect(&t, "answer [yes]\n");
    assert_non_null(strstr(t.seen, "Go on?   yes"));  // echoed
}

static void test_an_empty_answer(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_once);
    wait_for(&t, "Go on? ", 1);
    type(&t, "\n");
    expect(&t, "answer []\n");
}

static void test_text_that_is_not_ascii(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_once);
    wait_for(&t, "Go on? ", 1);
    type(&t, "s\xc3\xad\n");
    expect(&t, "answer [s\xc3\xad]\n");
}

static int ask_late(struct loop *l, struct prompt *p, FILE *report) {
    struct timespec pause = {.tv_nsec = 300000000};
    fprintf(report, "ready\n");
    fflush(report);
    nanosleep(&pause, NULL);
    return ask_with(l, p, report, 400);
}

static void test_what_was_typed_before_confirms_nothing(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_late);
    char ready[6];
    assert_int_equal(read(t.report, ready, 6), 6);
    type(&t, "y\ny\ny");
    expect(&t, "timeout []\n");
}

static int ask_twice(struct loop *l, struct prompt *p, FILE *report) {
    ask_with(l, p, report, -1);
    struct timespec pause = {.tv_nsec = 200000000};
    nanosleep(&pause, NULL);
    return ask_with(l, p, report, 400);
}

static void test_a_pasted_second_line_confirms_nothing(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_twice);
    wait_for(&t, "Go on? ", 1);
    type(&t, "y\ny\n");
    expect(&t, "answer [y]\ntimeout []\n");
}

// --- what is no answer -------------------------------------------------------

static void test_control_and_broken_characters(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_once);
    wait_for(&t, "Go on? ", 1);
    type(&t, "y\x1b[A\n");
    wait_for(&t, "Go on? ", 2);
    type(&t, "y\xff\n");
    wait_for(&t, "Go on? ", 3);
    type(&t, "y\xe2\x80\xae\n");
    wait_for(&t, "Go on? ", 4);
    type(&t, "no\n");
    expect(&t, "answer [no]\n");
}

static void test_too_long_a_line(void **state) {
    struct terminal t;
    char text[2100];
    (void)state;
    start(&t, ask_once);
    wait_for(&t, "Go on? ", 1);
    memset(text, 'y', sizeof text);
    snprintf(text + 30, 10, "\n");
    type(&t, text);
    wait_for(&t, "too long", 1);
    wait_for(&t, "Go on? ", 2);
    memset(text, 'y', sizeof text);
    snprintf(text + 2000, 10, "\n");
    type(&t, text);
    wait_for(&t, "Go on? ", 3);
    type(&t, "n\n");
    expect(&t, "answer [n]\n");
}

static void test_nothing_usable(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_once);
    for (size_t i = 1; i <= 5; i++) {
        wait_for(&t, "Go on? ", i);
        type(&t, "\x01\n");
    }
    expect(&t, "unusable []\n");
}

static void test_end_of_input(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_once);
    wait_for(&t, "Go on? ", 1);
    type(&t, "\x04");
    expect(&t, "eof []\n");
}

static void test_ctrl_c(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_once);
    wait_for(&t, "Go on? ", 1);
    type(&t, "yes\x03");
    expect(&t, "signal []\n2\n");
}

static int ask_briefly(struct loop *l, struct prompt *p, FILE *report) {
    return ask_with(l, p, report, 100);
}

static void test_time_runs_out(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_briefly);
    wait_for(&t, "Go on? ", 1);
    type(&t, "y");  // no Enter
    expect(&t, "timeout []\n");
}

static int ask_through_a_hangup(struct loop *l, struct prompt *p, FILE *report) {
    signal(SIGHUP, SIG_IGN);
    return ask_with(l, p, report, 5000);
}

static void test_the_terminal_is_gone(void **state) {
    struct terminal t;
    char report[64];
    int status;
    (void)state;
    start(&t, ask_through_a_hangup);
    wait_for(&t, "Go on? ", 1);
    close(t.master);
    ssize_t got = read(t.report, report, sizeof report - 1);
    assert_true(got > 0);
    report[got] = '\0';
    assert_string_equal(report, "gone []\n");
    waitpid(t.pid, &status, 0);
    close(t.report);
}

static void test_no_terminal(void **state) {
    int ends[2], status;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        _exit(run_script(ask_once, fdopen(ends[1], "w")));
    }
    waitpid(child, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 91);
    char report[32] = "";
    assert_true(read(ends[0], report, sizeof report - 1) > 0);
    assert_string_equal(report, ERR_DECLINED "\n");
    close(ends[0]);
    close(ends[1]);
}

// --- the terminal ------------------------------------------------------------

static int ask_in_raw_mode(struct loop *l, struct prompt *p, FILE *report) {
    struct termios raw, after;
    int fd = open("/dev/tty", O_RDWR);
    tcgetattr(fd, &raw);
    cfmakeraw(&raw);
    tcsetattr(fd, TCSANOW, &raw);
    int code = ask_with(l, p, report, -1);
    tcgetattr(fd, &after);
    fprintf(report, "%s\n", (after.c_lflag & (ICANON | ECHO)) == 0 ? "raw again" : "changed");
    close(fd);
    return code;
}

static void test_modes_are_set_and_restored(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_in_raw_mode);
    wait_for(&t, "Go on? ", 1);
    type(&t, "yex\x7fs\r");
    expect(&t, "answer [yes]\nraw again\n");
}

static int ask_hostile(struct loop *l, struct prompt *p, FILE *report) {
    struct buf answer = BUF_EMPTY;
    enum prompt_how how;
    (void)l;
    prompt_line(p, "CUT OFF \x1b[2J \xe2\x80\xae\n[y]es: ", &answer, 10, -1, &how, NULL);
    say_outcome(report, how, &answer);
    buf_free(&answer);
    return 0;
}

static void test_the_question_is_escaped(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_hostile);
    wait_for(&t, "[y]es: ", 1);
    assert_null(strchr(t.seen, '\x1b'));
    assert_non_null(strstr(t.seen, "CUT OFF \\x1b[2J \\u{202e}\r\n[y]es: "));
    type(&t, "y\n");
    expect(&t, "answer [y]\n");
}

struct ticks {
    struct loop *loop;
    int count;
};

static void tick(void *ctx) {
    struct ticks *t = ctx;
    t->count++;
    loop_timer_add(t->loop, 10, tick, t);
}

static int ask_while_ticking(struct loop *l, struct prompt *p, FILE *report) {
    struct ticks t = {l, 0};
    loop_timer_add(l, 10, tick, &t);
    int code = ask_with(l, p, report, -1);
    fprintf(report, "%s\n", t.count >= 5 ? "the loop went on" : "the loop stood still");
    return code;
}

static void test_the_loop_goes_on(void **state) {
    struct terminal t;
    struct timespec pause = {.tv_nsec = 200000000};
    (void)state;
    start(&t, ask_while_ticking);
    wait_for(&t, "Go on? ", 1);
    nanosleep(&pause, NULL);
    type(&t, "y\n");
    expect(&t, "answer [y]\nthe loop went on\n");
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer),
        cmocka_unit_test(test_an_empty_answer),
        cmocka_unit_test(test_text_that_is_not_ascii),
        cmocka_unit_test(test_what_was_typed_before_confirms_nothing),
        cmocka_unit_test(test_a_pasted_second_line_confirms_nothing),
        cmocka_unit_test(test_control_and_broken_characters),
        cmocka_unit_test(test_too_long_a_line),
        cmocka_unit_test(test_nothing_usable),
        cmocka_unit_test(test_end_of_input),
        cmocka_unit_test(test_ctrl_c),
        cmocka_unit_test(test_time_runs_out),
        cmocka_unit_test(test_the_terminal_is_gone),
        cmocka_unit_test(test_no_terminal),
        cmocka_unit_test(test_modes_are_set_and_restored),
        cmocka_unit_test(test_the_question_is_escaped),
        cmocka_unit_test(test_the_loop_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
