// measure.c - runs a command and says what it cost, everything that it started included.
//
//   measure FILE COMMAND [ARGUMENT ...]
//
// Writes "exit user_us system_us wall_us rss_kb" into FILE. It is small on purpose: Linux counts
// the memory of the process that calls exec towards the new program's peak. Processes that the
// command leaves behind come to this one, so that none escapes the count; the peak is that of
// the largest process.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t us_of(struct timeval t) {
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

// Waits for the command, then for whatever it left; the time at which the command ended.
static int64_t wait_for_all(pid_t command, int *status) {
    int64_t ended = 0;
    for (;;) {
        int s;
        pid_t pid = wait(&s);
        if (pid == command) {
            ended = now_us();
            *status = s;
        } else if (pid < 0 && errno == ECHILD) {
            return ended;
        }
    }
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: measure FILE COMMAND [ARGUMENT ...]\n");
        return 2;
    }
    FILE *out = fopen(argv[1], "we");
    if (!out || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
        perror("measure");
        return 2;
    }
    int64_t began = now_us();
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    int status = 0;
    int64_t ended = wait_for_all(pid, &status);
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    fprintf(out, "%d %" PRId64 " %" PRId64 " %" PRId64 " %ld\n", code, us_of(used.ru_utime),
            us_of(used.ru_stime), ended - began, used.ru_maxrss);
    return fclose(out) == 0 ? code : 2;
}
