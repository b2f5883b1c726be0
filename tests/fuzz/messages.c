// messages.c - a hostile playbook process and a hostile AWS, through a whole run.
// link: -Wl,--wrap=malloc,--wrap=realloc,--wrap=calloc,--wrap=strdup,--wrap=clock_mono_ms
// link: -Wl,--wrap=clock_now_us,--wrap=poll,--wrap=journal_append,--wrap=journal_sync
// link: -Wl,--wrap=child_start,--wrap=child_send,--wrap=child_pause,--wrap=child_resume
// link: -Wl,--wrap=child_clock_stop,--wrap=child_clock_start,--wrap=child_overdue
// link: -Wl,--wrap=child_kill,--wrap=child_free,--wrap=prompt_open,--wrap=prompt_close
// link: -Wl,--wrap=prompt_line,--wrap=console_say,--wrap=console_warn,--wrap=console_detail
// link: -Wl,--wrap=console_error,--wrap=console_table,--wrap=console_event,--wrap=console_aloud
// link: -Wl,--wrap=console_before_question,--wrap=console_lost_lines,--wrap=aws_region
// link: -Wl,--wrap=aws_start
//
// The input is a script, line by line (see stage.h). A line that begins with
//   '{' or '&'  is what the child says in the rehearsal, and after "--" in the execution; with no
//               "--" it says the same in both; "interrupt" there is Ctrl-C
//   '=' '!' '?' is AWS's answer to a mutation, '<' '>' to a read
//   'p'         is typed at the prompt, "^D" ends it
//   'j'         with a number: from that write on the journal fails
//   'm'         with one or two numbers: after so many allocations so many fail, or all
#include "stage_peers.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/runs.h"
#include "lua/advisor.h"
#include "run/outcome.h"
#include "run/run.h"

// --- the script ------------------------------------------------------------------------

static void keep(struct stage_texts *t, const char *text) {
    if (t->count == STAGE_MOST) return;
    t->items[t->count] = strdup(text);
    MUST(t->items[t->count++]);
}

static bool is_child_line(const char *line) {
    return *line == '{' || *line == '&' || strcmp(line, "interrupt") == 0;
}

static long memory_after, memory_failing;

static void end_memory(const char *numbers) {
    memory_after = memory_failing = -1;
    sscanf(numbers, "%7ld %7ld", &memory_after, &memory_failing);
    stage.memory_ends = memory_after >= 0;
}

static void take_line(const char *line, bool *second) {
    if (strcmp(line, "--") == 0)
        *second = true;
    else if (is_child_line(line))
        keep(&stage.said[*second], line);
    else if (*line && strchr("=!?", *line))
        keep(&stage.writes, line);
    else if (*line && strchr("<>", *line))
        keep(&stage.reads, line);
    else if (*line == 'p')
        keep(&stage.typed, line + 1 + (line[1] == ' '));
    else if (*line == 'j')
        stage.journal_fails_at = atol(line + 1) % 1000;
    else if (*line == 'm')
        end_memory(line + 1);
}

static void read_script(const uint8_t *data, size_t size) {
    bool second = false;
    stage = (struct stage){.journal_fails_at = -1, .now_ms = 1000};
    while (size > 0) {
        char *line = fuzz_field(&data, &size, '\n');
        take_line(line, &second);
        free(line);
    }
    for (size_t i = 0; !second && i < stage.said[0].count; i++)
        keep(&stage.said[1], stage.said[0].items[i]);
}

static void free_script(void) {
    struct stage_texts *all[] = {&stage.said[0], &stage.said[1], &stage.writes, &stage.reads,
                                 &stage.typed};
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < all[i]->count; k++) free(all[i]->items[k]);
}

// --- the folder of runs -------------------------------------------------------------------

static char folder[64];

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
    (void)st;
    (void)flag;
    return ftw->level > 0 ? remove(path) : 0;
}

static void clean_folder(void) {
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void drop_folder(void) {
    clean_folder();
    rmdir(folder);
}

static void make_folder(void) {
    if (folder[0]) return;
    snprintf(folder, sizeof folder, "%s/cordon-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    MUST(mkdtemp(folder));
    setenv("XDG_STATE_HOME", folder, 1);
    atexit(drop_folder);
}

// --- what must hold afterwards ---------------------------------------------------------------

static bool check_journal(void *ctx, const char *id, const char *dir) {
    int code = *(int *)ctx;
    struct run_summary s;
    struct err e = {0};
    (void)id;
    MUST(runs_summary(dir, true, &s, &e));
    MUST(s.state != RUN_DAMAGED && s.state != RUN_RUNNING);
    MUST(stage.journal_lost || (size_t)s.intended >= stage.sent);
    if (!stage.journal_lost && !stage.memory_ends && s.state != RUN_CRASHED) {
        MUST(s.exit_code == code);
        MUST(s.window_open == (code == EXIT_WINDOW_OPEN));
    }
    run_summary_clear(&s);
    return true;
}

static void check_code(int code) {
    bool nothing = code == EXIT_FAILED || code == EXIT_USAGE || code == EXIT_PERMISSION ||
                   code == EXIT_DECLINED || code == EXIT_LEFT_PLAN;
    MUST(!nothing || stage.succeeded == 0);
    MUST(!stage.journal_lost || code == EXIT_JOURNAL || code == EXIT_WINDOW_OPEN);
    MUST(!(stage.declined && code == EXIT_DONE));
}

static const struct advisor *advisor(void) {
    static struct advisor made;
    static struct trusted *lua;
    struct err e;
    if (!lua) {
        lua = trusted_new(0, &e);
        MUST(lua);
        made = advisor_from_lua(lua);
    }
    return &made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct run_options options = {.playbook = "isolate-sg"};
    struct err e;
    make_folder();
    read_script(data, size);
    stage.loop = loop_new(&e);
    MUST(stage.loop && loop_catch_signals(stage.loop, &e));
    MUST(loop_prepare_add(stage.loop, child_speaks, NULL));
    loop_signal_clear(stage.loop);
    struct host host = {.loop = stage.loop,
                        .model = fuzz_model(),
                        .advisor = advisor(),
                        .json = true,
                        .deadline_ms = 300000};
    // Never looked into: the stage stands in for the door.
    backend_aws(&host.backend, stage.loop, (struct aws *)(void *)&stage);
    if (stage.memory_ends) {
        allocations_left = memory_after;
        allocations_failing = memory_failing > 0 ? memory_failing : -1;
    }
    int code = run_playbook(&host, &options);
    allocations_left = allocations_failing = -1;
    MUST(!the_child);
    MUST(loop_for(stage.loop, 7200000, &e) && stage.due == 0);  // late answers and timers
    check_code(code);
    MUST(runs_list(check_journal, &code, &e));
    loop_free(stage.loop);
    free_script();
    clean_folder();
    return 0;
}
