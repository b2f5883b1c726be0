// new_verb.c - `new`: a playbook to begin with, in ./playbooks.
//
// Owns: which names are possible, and never writing over anything. The text is an asset.
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/asset.h"
#include "base/text.h"
#include "cli/cli.h"
#include "run/outcome.h"

#define FOLDER "playbooks"
#define TEMPLATE "playbooks/templates/new-playbook.lua"
#define PLACEHOLDER "new-playbook"  // what the template calls itself
#define LONGEST_NAME 64

// --- the name --------------------------------------------------------------------

// Plain, as what `require` and every verb take: letters, digits, '_' and '-', and it begins with
// none of the latter two, so that it is no flag and has a name to declare.
static bool check_name(const char *name, struct err *e) {
    size_t len = strlen(name);
    bool plain = len > 0 && len <= LONGEST_NAME && isalnum((unsigned char)name[0]);
    for (size_t i = 0; plain && i < len; i++)
        plain = isalnum((unsigned char)name[i]) || name[i] == '_' || name[i] == '-';
    if (plain) return true;
    return err_set(e, ERR_USAGE,
                   "\"%.80s\" cannot be a playbook's name: letters, digits, '-' and '_', %d at "
                   "most, the first a letter or a digit; it becomes " FOLDER "/NAME.lua",
                   name, LONGEST_NAME);
}

// What the playbook declares: lower-case, with hyphens.
static void declared_name(char out[LONGEST_NAME + 1], const char *name) {
    size_t i = 0;
    for (; name[i] && i < LONGEST_NAME; i++)
        out[i] = name[i] == '_' ? '-' : (char)tolower((unsigned char)name[i]);
    out[i] = '\0';
}

// --- the text --------------------------------------------------------------------

static bool fill(struct buf *out, const char *name, struct err *e) {
    char declared[LONGEST_NAME + 1];
    const char *bytes;
    size_t len;
    if (!asset_find(TEMPLATE, &bytes, &len))
        return err_set(e, ERR_SYSTEM, "cordon's own " TEMPLATE " is not there");
    declared_name(declared, name);
    const char *end = bytes + len, *at;
    while ((at = memmem(bytes, (size_t)(end - bytes), PLACEHOLDER, strlen(PLACEHOLDER)))) {
        bool quoted = at > bytes && at[-1] == '"';  // the field `name`; elsewhere it is the file's
        buf_add(out, bytes, (size_t)(at - bytes));
        buf_add_str(out, quoted ? declared : name);
        bytes = at + strlen(PLACEHOLDER);
    }
    buf_add(out, bytes, (size_t)(end - bytes));
    return !out->failed || err_memory(e);
}

// --- the file --------------------------------------------------------------------

static bool write_all(int fd, const struct buf *text) {
    for (size_t at = 0; at < text->len;) {
        ssize_t wrote = write(fd, text->data + at, text->len - at);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        at += (size_t)wrote;
    }
    return true;
}

// A new file, never one that is there already (a dangling link neither).
static bool write_new(const char *path, const struct buf *text, struct err *e) {
    if (mkdir(FOLDER, 0777) != 0 && errno != EEXIST) return err_errno(e, "cannot make ./" FOLDER);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0 && errno == EEXIST)
        return err_set(e, ERR_USAGE, "%s is there already: choose another name, or edit it", path);
    if (fd < 0) return err_errno(e, "cannot write %s", path);
    bool ok = write_all(fd, text);
    int why = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        why = errno;
    }
    if (ok) return true;
    unlink(path);
    errno = why;
    return err_errno(e, "cannot write %s", path);
}

// --- the verb --------------------------------------------------------------------

static void say_next(struct host *h, const char *name, const char *path) {
    struct val *v = h->json ? val_map() : NULL;
    if (v && val_set(v, "file", val_cstr(path))) console_event(h->console, "new", val_ref(v));
    val_unref(v);
    console_say(h->console, STYLE_GOOD, "%s is written. Edit it, then:", path);
    console_say(h->console, STYLE_PLAIN, "  cordon lint %s", name);
    console_say(h->console, STYLE_PLAIN, "  cordon show %s", name);
    console_say(h->console, STYLE_PLAIN, "  cordon plan %s instance=ID   (changes nothing)", name);
}

static void warn_if_hidden(struct host *h, const char *name, const char *path) {
    const char *bytes;
    size_t len;
    if (asset_find(path, &bytes, &len))
        console_warn(
            h->console,
            "in this folder \"%s\" now means your playbook, not the one that cordon carries", name);
}

int verb_new(struct host *h, const struct options *o) {
    struct buf text = BUF_EMPTY;
    char path[sizeof FOLDER + LONGEST_NAME + 8];
    struct err e;
    if (o->word_count != 2) return usage(h, "new takes one name: `cordon new NAME`");
    const char *name = o->words[1];
    bool ok = check_name(name, &e) && fill(&text, name, &e);
    if (ok) {
        snprintf(path, sizeof path, FOLDER "/%s.lua", name);
        ok = write_new(path, &text, &e);
    }
    buf_free(&text);
    if (!ok) {
        console_error(h->console, &e);
        return error_exit(&e);
    }
    warn_if_hidden(h, name, path);
    say_next(h, name, path);
    return EXIT_DONE;
}
