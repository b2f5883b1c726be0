// options.c - flags out of argv.
#include "cli/options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define LONGEST_DEADLINE 86400
#define MOST_HIT 1000000

// FLAG_MAYBE takes a value only when it is joined by '='.
enum flag_kind { FLAG_BOOL, FLAG_TEXT, FLAG_MAYBE, FLAG_SECONDS, FLAG_PORT, FLAG_COUNTED };

struct flag {
    const char *name;
    enum flag_kind kind;
    size_t offset;  // of its field in struct options
};

#define FIELD(member) offsetof(struct options, member)

static const struct flag flags[] = {
    {"profile", FLAG_TEXT, FIELD(profile)},
    {"region", FLAG_TEXT, FIELD(region)},
    {"endpoint-url", FLAG_TEXT, FIELD(endpoint_url)},
    {"ticket", FLAG_TEXT, FIELD(ticket)},
    {"deadline", FLAG_SECONDS, FIELD(deadline_s)},
    {"timeout", FLAG_SECONDS, FIELD(timeout_s)},
    {"yes", FLAG_BOOL, FIELD(yes)},
    {"no-input", FLAG_BOOL, FIELD(no_input)},
    {"json", FLAG_BOOL, FIELD(json)},
    {"quiet", FLAG_BOOL, FIELD(quiet)},
    {"verbose", FLAG_BOOL, FIELD(verbose)},
    {"no-color", FLAG_BOOL, FIELD(no_color)},
    {"dry-run", FLAG_BOOL, FIELD(dry_run)},
    {"detailed-exitcode", FLAG_BOOL, FIELD(detailed_exitcode)},
    {"hold", FLAG_TEXT, FIELD(hold)},
    {"recut", FLAG_BOOL, FIELD(recut)},
    {"help", FLAG_BOOL, FIELD(help)},
    {"sim", FLAG_MAYBE, FIELD(sim)},
    {"save", FLAG_BOOL, FIELD(save)},
    {"world", FLAG_TEXT, FIELD(world)},
    {"out", FLAG_TEXT, FIELD(out)},
    {"junit", FLAG_TEXT, FIELD(junit)},
    {"port", FLAG_PORT, FIELD(port)},
    {"policy", FLAG_TEXT, FIELD(policy)},
    {"account", FLAG_TEXT, FIELD(account)},
    {"max-hit", FLAG_COUNTED, FIELD(max_hit)},
    {"ignore-lease", FLAG_BOOL, FIELD(ignore_lease)},
    {"ignore-own-address", FLAG_BOOL, FIELD(ignore_own_address)},
};

#define FLAG_COUNT (sizeof flags / sizeof *flags)

static const struct flag *find_flag(const char *name, size_t len, struct err *e) {
    const char *names[FLAG_COUNT];
    for (size_t i = 0; i < FLAG_COUNT; i++) {
        names[i] = flags[i].name;
        if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0) return &flags[i];
    }
    char *word = strndup(name, len);
    const char *near = word ? text_nearest(word, names, FLAG_COUNT) : NULL;
    err_set(e, ERR_USAGE, "unknown flag --%.*s%s%s%s; see `cordon help`", (int)(len < 80 ? len : 80),
            name, near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
    free(word);
    return NULL;
}

static bool set_number(int64_t *field, const char *text, long least, long most,
                       const char *name, struct err *e) {
    char *end;
    long number = strtol(text, &end, 10);
    if (*text && !*end && number >= least && number <= most) {
        *field = number;
        return true;
    }
    return err_set(e, ERR_USAGE, "--%s takes a number from %ld to %ld, not \"%.40s\"", name, least,
                   most, text);
}

// Puts a flag's value (NULL: none was joined by '=') in its field. `next` is the following word,
// used when a value is needed; *used says so.
static bool set_flag(struct options *o, const struct flag *f, const char *value, const char *next,
                     bool *used, struct err *e) {
    char *field = (char *)o + f->offset;
    *used = f->kind != FLAG_BOOL && f->kind != FLAG_MAYBE && !value;
    if (f->kind == FLAG_BOOL && value)
        return err_set(e, ERR_USAGE, "--%s takes no value", f->name);
    if (f->kind == FLAG_BOOL) {
        *(bool *)(void *)field = true;
        return true;
    }
    if (!value) value = f->kind == FLAG_MAYBE ? "" : next;
    if (!value || (!*value && f->kind != FLAG_MAYBE))
        return err_set(e, ERR_USAGE, "--%s needs a value", f->name);
    int64_t *number = (int64_t *)(void *)field;
    if (f->kind == FLAG_SECONDS) return set_number(number, value, 1, LONGEST_DEADLINE, f->name, e);
    if (f->kind == FLAG_PORT) return set_number(number, value, 1, 65535, f->name, e);
    if (f->kind == FLAG_COUNTED) return set_number(number, value, 0, MOST_HIT, f->name, e);
    *(const char **)(void *)field = value;
    return true;
}

static bool take_flag(struct options *o, const char *word, const char *next, bool *used,
                      struct err *e) {
    const char *name = word + 2, *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const struct flag *f = find_flag(name, len, e);
    return f && set_flag(o, f, equals ? equals + 1 : NULL, next, used, e);
}

bool options_parse(int argc, char **argv, struct options *o, struct err *e) {
    bool flags_over = false;
    *o = (struct options){.words = argv + 1, .max_hit = -1};
    for (int i = 1; i < argc; i++) {
        char *word = argv[i];
        bool used = false;
        if (!flags_over && strcmp(word, "--") == 0) {
            flags_over = true;
        } else if (!flags_over && strcmp(word, "-h") == 0) {
            o->help = true;
        } else if (!flags_over && word[0] == '-' && word[1]) {
            if (word[1] != '-')
                return err_set(e, ERR_USAGE, "unknown flag %.40s; flags are long, see `cordon help`",
                               word);
            if (!take_flag(o, word, i + 1 < argc ? argv[i + 1] : NULL, &used, e)) return false;
            i += used;
        } else {
            o->words[o->word_count++] = word;
        }
    }
    return true;
}
