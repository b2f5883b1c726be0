// argv_split.c - a command line into words, as botocore's shlex does.
//
// Owns: quotes and backslashes. Nothing is expanded.
#include "aws/argv_split.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct splitter {
    const char *at;
    struct buf word;
    bool in_word;  // also true for '' and "", which are words without a letter
    char **words;
    size_t count;
};

static bool end_word(struct splitter *s, struct err *e) {
    if (!s->in_word) return true;
    if (s->count == ARGV_MAX_WORDS)
        return err_set(e, ERR_USAGE, "more than %d words", ARGV_MAX_WORDS);
    char *word = buf_take(&s->word);
    if (word == NULL) return err_memory(e);
    s->words[s->count++] = word;
    s->in_word = false;
    return true;
}

static bool single_quoted(struct splitter *s, struct err *e) {
    const char *close = strchr(s->at, '\'');
    if (close == NULL) return err_set(e, ERR_USAGE, "a quote is not closed");
    buf_add(&s->word, s->at, (size_t)(close - s->at));
    s->at = close + 1;
    return true;
}

// Within double quotes a backslash stands before '"' and '\' only, and for itself elsewhere.
static bool double_quoted(struct splitter *s, struct err *e) {
    for (; *s->at != '"'; s->at++) {
        if (*s->at == '\0') return err_set(e, ERR_USAGE, "a quote is not closed");
        if (s->at[0] == '\\' && (s->at[1] == '"' || s->at[1] == '\\')) s->at++;
        buf_add_char(&s->word, *s->at);
    }
    s->at++;
    return true;
}

static bool escaped(struct splitter *s, struct err *e) {
    if (*s->at == '\0') return err_set(e, ERR_USAGE, "it ends with a backslash");
    buf_add_char(&s->word, *s->at++);
    return true;
}

static bool take_character(struct splitter *s, struct err *e) {
    char c = *s->at++;
    if (strchr(" \t\r\n", c) != NULL) return end_word(s, e);
    s->in_word = true;
    if (c == '\'') return single_quoted(s, e);
    if (c == '"') return double_quoted(s, e);
    if (c == '\\') return escaped(s, e);
    buf_add_char(&s->word, c);
    return true;
}

char **argv_split(const char *line, struct err *e) {
    struct splitter s = {.at = line, .words = calloc(ARGV_MAX_WORDS + 1, sizeof *s.words)};
    bool ok = s.words != NULL || err_memory(e);
    while (ok && *s.at != '\0') ok = take_character(&s, e);
    ok = ok && end_word(&s, e);
    if (ok && s.count == 0) ok = err_set(e, ERR_USAGE, "it has no word");
    buf_free(&s.word);
    if (ok) return s.words;
    argv_free(s.words);
    return NULL;
}

void argv_free(char **words) {
    for (char **w = words; w != NULL && *w != NULL; w++) free(*w);
    free(words);
}
