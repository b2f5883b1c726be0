// arguments.c - the words of a command line: flags, key=value pairs, a playbook's arguments.
//
// The input is words, one a line; from a line "%%" on, JSON of what the playbook declares.
#include "fuzz.h"

#include "cli/options.h"
#include "lua/trusted.h"
#include "run/run.h"

#define MOST_WORDS 40

struct words {
    char *argv[MOST_WORDS + 2];
    int argc;
};

static struct trusted *lua(void) {
    static struct trusted *t;
    struct err e;
    if (!t) t = trusted_new(0, &e);
    MUST(t);
    return t;
}

static void free_words(struct words *w) {
    for (int i = 0; i < w->argc; i++) free(w->argv[i]);
}

static void take_words(struct words *w, const uint8_t **data, size_t *size) {
    w->argv[0] = fuzz_string((const uint8_t *)"cordon", 6);
    w->argc = 1;
    while (*size > 0 && w->argc <= MOST_WORDS) {
        char *word = fuzz_field(data, size, '\n');
        if (strcmp(word, "%%") == 0) {
            free(word);
            break;
        }
        w->argv[w->argc++] = word;
    }
    w->argv[w->argc] = NULL;
}

// What a playbook is told was declared, fits the declaration, or the errors say what is wrong.
static void fits(const struct val *declared, const struct val *given) {
    const struct val *arguments[] = {declared, given};
    struct val *checked = NULL;
    struct err e = {0};
    if (!trusted_call(lua(), "arguments", "check", arguments, 2, &checked, &e))
        fuzz_broken(e.message, "arguments.check", 0);
    const struct val *errors = val_get(checked, "errors"), *args = val_get(checked, "args");
    for (size_t i = 0; i < val_count(errors); i++) MUST(val_type(val_at(errors, i)) == VAL_STRING);
    for (size_t i = 0; val_count(errors) == 0 && i < val_count(args); i++)
        MUST(val_get(declared, val_key_at(args, i)) || strcmp(val_key_at(args, i), "accept") == 0);
    val_unref(checked);
}

static void pairs(char *const *words, int count, const struct val *declared) {
    struct err e = {0};
    struct val *given = parse_pairs(words, count, &e);
    if (!given) {
        MUST(err_is(&e, ERR_USAGE) && e.message[0]);
        return;
    }
    MUST(val_count(given) == (size_t)count);
    for (int i = 0; i < count; i++) {
        const char *equals = strchr(words[i], '=');
        char *key = fuzz_string((const uint8_t *)words[i], (size_t)(equals - words[i]));
        MUST(strcmp(val_get_str(given, key, ""), equals + 1) == 0);
        free(key);
    }
    if (declared) fits(declared, given);
    val_unref(given);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct words w, given;
    struct err e = {0};
    struct options o;
    take_words(&w, &data, &size);
    given = w;  // options_parse moves words about; the strings are freed from here
    struct val *declared = json_parse((const char *)data, size, "declaration", &e);
    if (declared && val_type(declared) != VAL_MAP) {
        val_unref(declared);
        declared = NULL;
    }
    if (options_parse(w.argc, w.argv, &o, &e)) {
        MUST(o.word_count >= 0 && o.word_count < w.argc);
        for (int i = 0; i < o.word_count; i++) MUST(o.words[i]);
        if (o.word_count > 0) pairs(o.words + 1, o.word_count - 1, declared);
    } else {
        MUST(err_is(&e, ERR_USAGE) && e.message[0]);
    }
    val_unref(declared);
    free_words(&given);
    return 0;
}
