// journal-sample.c - writes a sample journal, and says what the verifier thinks of one.
//
// journal-sample write DIR     prints the head hash
// journal-sample verify FILE   prints verified, incomplete or tampered, the lines, the head
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "journal/journal.h"

static const char *const lines[][2] = {
    {"run.start",
     "{\"playbook\":\"isolate-sg\",\"args\":{\"instance\":\"web\"},\"account\":\"1\"}"},
    {"plan", "{\"steps\":[{\"title\":\"Cut it off \\u2713\",\"n\":1.5},[],{},null]}"},
    {"log",
     "{\"text\":\"tab\\t quote\\\" ,\\\"hash\\\":\\\"\",\"value\":{\"hash\":\"x\",\"z\":-0.0}}"},
    {"call.intent", "{\"key\":\"#1\",\"params\":{\"Groups\":[\"sg-1\"],\"n\":9007199254740993}}"},
    {"run.end", "{\"exit\":0,\"state\":\"done\"}"},
};

static int say(const struct err *e) {
    fprintf(stderr, "%s\n", e->message);
    return 1;
}

static int write_sample(const char *dir) {
    struct err e;
    struct journal *j = journal_create(dir, "20261124T021530Z-sample-0001", &e);
    if (j == NULL) return say(&e);
    char *large = calloc(1, 70001);
    memset(large, 'x', 70000);
    bool ok = journal_append_large(j, "read", NULL, "result", val_cstr(large), &e);
    free(large);
    for (size_t i = 0; ok && i < sizeof lines / sizeof lines[0]; i++) {
        struct val *members = json_parse(lines[i][1], strlen(lines[i][1]), "sample", &e);
        ok = members != NULL && journal_append(j, lines[i][0], members, &e);
    }
    ok = ok && journal_sync(j, &e);
    if (ok) printf("%s\n", journal_head(j));
    journal_free(j);
    return ok ? 0 : say(&e);
}

static int verify(const char *file) {
    static const char *const words[] = {"verified", "incomplete", "tampered"};
    struct journal_report report;
    struct err e;
    if (!journal_verify(file, &report, NULL, NULL, &e)) return say(&e);
    printf("%s %" PRId64 " %s\n", words[report.state], report.lines, report.head);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "write") == 0) return write_sample(argv[2]);
    if (argc == 3 && strcmp(argv[1], "verify") == 0) return verify(argv[2]);
    fprintf(stderr, "usage: journal-sample write DIR | verify FILE\n");
    return 2;
}
