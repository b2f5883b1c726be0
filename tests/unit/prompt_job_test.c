// prompt_job_test.c - questions in the background, and on a terminal that was stopped.
#include "terminal.h"

// A shell with one job, the script: each SIGUSR1 gives the terminal to the other of the two.
static int job_control(FILE *report, bool job_first) {
    int fd = open("/dev/tty", O_RDWR), status, got;
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGUSR1);
    sigaddset(&awaited, SIGCHLD);
    sigprocmask(SIG_BLOCK, &awaited, NULL);
    signal(SIGTTOU, SIG_IGN);
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        if (job_first) tcsetpgrp(fd, getpid());
        signal(SIGTTOU, SIG_DFL);
        sigprocmask(SIG_UNBLOCK, &awaited, NULL);
        _exit(run_script(ask_once, report));
    }
    setpgid(child, child);
    while (waitpid(child, &status, WNOHANG | WUNTRACED) == 0) {
        sigwait(&awaited, &got);
        if (got == SIGUSR1) tcsetpgrp(fd, tcgetpgrp(fd) == child ? getpgrp() : child);
    }
    if (WIFSTOPPED(status)) {
        kill(child, SIGKILL);
        fprintf(report, "it was stopped\n");
        fflush(report);
    }
    return 0;
}

static void start_job(struct terminal *t, bool job_first) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *t = (struct terminal){.report = ends[0]};
    t->pid = forkpty(&t->master, NULL, NULL, NULL);
    if (t->pid == 0) {
        close(ends[0]);
        _exit(job_control(fdopen(ends[1], "w"), job_first));
    }
    close(ends[1]);
}

static void test_a_background_job_waits_for_fg(void **state) {
    struct terminal t;
    (void)state;
    start_job(&t, false);
    wait_for(&t, "bring it to the foreground", 1);
    type(&t, "y\n");  // meant for the shell
    look(&t, 400);
    assert_int_equal(times_seen(&t, "Go on? "), 0);
    kill(t.pid, SIGUSR1);
    wait_for(&t, "Go on? ", 1);
    type(&t, "no\n");
    expect(&t, "answer [no]\n");
}

static void test_a_job_that_is_put_into_the_background(void **state) {
    struct terminal t;
    (void)state;
    start_job(&t, true);
    wait_for(&t, "Go on? ", 1);
    kill(t.pid, SIGUSR1);
    look(&t, 200);
    type(&t, "y\n");  // meant for the shell
    wait_for(&t, "bring it to the foreground", 1);
    kill(t.pid, SIGUSR1);
    wait_for(&t, "Go on? ", 2);
    type(&t, "no\n");
    expect(&t, "answer [no]\n");
}

static int ask_with_stopped_output(struct loop *l, struct prompt *p, FILE *report) {
    int fd = open("/dev/tty", O_RDWR);
    tcflow(fd, TCOOFF);
    int code = ask_with(l, p, report, 200);
    close(fd);
    return code;
}

static void test_a_stopped_terminal_does_not_block(void **state) {
    struct terminal t;
    (void)state;
    start(&t, ask_with_stopped_output);
    expect(&t, "timeout []\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_background_job_waits_for_fg),
        cmocka_unit_test(test_a_job_that_is_put_into_the_background),
        cmocka_unit_test(test_a_stopped_terminal_does_not_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
