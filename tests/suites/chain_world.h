// chain_world.h - the environment and the files that a case of the credential chain sees.
//
// Owns: a copy of the case's fs/ in a temporary folder, with the paths in it led there, and
// the case's variables as the process's own. Nothing of the case's folder is changed.
#ifndef CORDON_TESTS_CHAIN_WORLD_H
#define CORDON_TESTS_CHAIN_WORLD_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"

#define WORLD_PATH 4096

struct world {
    char root[64];
    bool shelled;  // a credential_process was put behind `sh -c`
};

// "folder/name"; a path that does not fit ends the program.
static inline void world_join(char out[WORLD_PATH], const char *folder, const char *name) {
    size_t len = strlen(folder), more = strlen(name);
    if (len + more + 2 > WORLD_PATH) abort();
    memcpy(out, folder, len);
    out[len] = '/';
    memcpy(out + len + 1, name, more + 1);
}

static inline struct val *world_json(const char *folder, const char *name) {
    char path[WORLD_PATH];
    struct err e;
    struct buf text = BUF_EMPTY;
    world_join(path, folder, name);
    struct val *v = file_read(path, (size_t)16 << 20, &text, &e)
                        ? json_parse(buf_str(&text), text.len, path, &e)
                        : NULL;
    buf_free(&text);
    if (v == NULL) fprintf(stderr, "%s\n", e.message);
    return v;
}

static inline bool world_has(const struct world *w, const char *path) {
    char full[WORLD_PATH];
    if (path[0] != '/') return false;
    world_join(full, w->root, path + 1);
    return path[1] != '\0' && access(full, F_OK) == 0;
}

// A line that leans on a shell, which cordon does not run: the user's way is `sh -c`.
static inline bool world_needs_shell(const char *command) {
    return strpbrk(command, "|;&<>$`") != NULL || strncmp(command, "exit", 4) == 0;
}

static inline void world_line(struct world *w, const char *line, struct buf *out) {
    const char *value = strchr(line, '=');
    value = value != NULL ? value + 1 + strspn(value + 1, " \t") : line;
    buf_add(out, line, (size_t)(value - line));
    bool process = strstr(line, "credential_process") != NULL && value != line && line[0] != '#';
    if (process && world_needs_shell(value)) {
        buf_add_str(out, "sh -c '");
        for (; *value != '\0'; value++) {
            if (*value == '\'') buf_add_str(out, "'\\''");
            else buf_add_char(out, *value);
        }
        buf_add_str(out, "'\n");
        w->shelled = true;
        return;
    }
    if (world_has(w, value)) buf_add_str(out, w->root);
    buf_printf(out, "%s\n", value);
}

static inline void world_file(struct world *w, const char *from, const char *to, bool rewrite) {
    struct err e;
    struct buf text = BUF_EMPTY, out = BUF_EMPTY;
    if (!file_read(from, (size_t)1 << 20, &text, &e)) abort();
    if (rewrite) {
        char *rest = text.data;
        for (char *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;)
            world_line(w, line, &out);
    } else {
        buf_add(&out, buf_str(&text), text.len);
    }
    FILE *f = fopen(to, "w");
    if (f == NULL || fwrite(buf_str(&out), 1, out.len, f) != out.len || fclose(f) != 0) abort();
    buf_free(&text);
    buf_free(&out);
}

// Copies in two rounds: the texts that name paths last, when the paths are there.
static inline void world_copy(struct world *w, const char *from, const char *to, bool texts) {
    DIR *d = opendir(from);
    mkdir(to, 0700);
    for (struct dirent *x; d != NULL && (x = readdir(d)) != NULL;) {
        char source[WORLD_PATH], target[WORLD_PATH];
        struct stat st;
        if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0) continue;
        world_join(source, from, x->d_name);
        world_join(target, to, x->d_name);
        bool text = strcmp(x->d_name, "config") == 0 || strcmp(x->d_name, "credentials") == 0;
        if (stat(source, &st) != 0) continue;
        if (S_ISDIR(st.st_mode)) world_copy(w, source, target, texts);
        else if (text == texts) world_file(w, source, target, text);
    }
    if (d != NULL) closedir(d);
}

static inline void world_remove(const char *path) {
    DIR *d = opendir(path);
    for (struct dirent *x; d != NULL && (x = readdir(d)) != NULL;) {
        char inner[WORLD_PATH];
        if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0) continue;
        world_join(inner, path, x->d_name);
        if (unlink(inner) != 0) world_remove(inner);
    }
    if (d != NULL) closedir(d);
    rmdir(path);
}

// The variables of the case alone, but for PATH and the sanitizers'.
static inline void world_environment(const struct world *w, const struct val *env) {
    static const char *const kept[] = {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"};
    char *values[4];
    for (size_t i = 0; i < 4; i++) values[i] = getenv(kept[i]) ? strdup(getenv(kept[i])) : NULL;
    clearenv();
    for (size_t i = 0; i < 4; i++) {
        if (values[i] != NULL) setenv(kept[i], values[i], 1);
        free(values[i]);
    }
    for (size_t i = 0; i < val_count(env); i++) {
        char path[WORLD_PATH];
        const char *name = val_key_at(env, i), *value = val_as_str(val_at(env, i), "");
        bool led = value[0] == '/' && (strcmp(name, "HOME") == 0 || world_has(w, value));
        if (led) world_join(path, w->root, value + 1);
        setenv(name, led ? path : value, 1);
    }
}

static inline bool world_open(struct world *w, const char *folder) {
    char from[WORLD_PATH];
    *w = (struct world){.root = "/tmp/cordon-chain-XXXXXX"};
    if (mkdtemp(w->root) == NULL) return false;
    world_join(from, folder, "fs");
    world_copy(w, from, w->root, false);
    world_copy(w, from, w->root, true);
    struct val *env = world_json(folder, "env.json");
    if (env != NULL) world_environment(w, env);
    val_unref(env);
    return env != NULL;
}

#endif
