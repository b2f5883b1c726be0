// profile.c - the shared AWS files: the credentials file wins, secrets go when told to.
//
// The input is the config file, a line "%%", and the credentials file.
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "aws/profile.h"
#include "aws/profile_file.h"

// A file in memory, named by an environment variable.
static int memory_file(const char *variable, const char *text, size_t len) {
    char path[64];
    int fd = memfd_create(variable, MFD_CLOEXEC);
    MUST(fd >= 0 && write(fd, text, len) == (ssize_t)len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    setenv(variable, path, 1);
    return fd;
}

struct last {
    char section[64], key[64];
    char *value;
    bool any;
};

// Remembers one plain value of the credentials file; a later one of the same name wins.
static bool remember(void *ctx, const char *section, const char *key, const char *nested,
                     const char *value) {
    struct last *l = ctx;
    MUST(section && (key || (!nested && !value)) && (!key || value));
    if (!key || nested) return true;
    for (const char *c = key; *c; c++) MUST(!(*c >= 'A' && *c <= 'Z'));
    bool same = l->any && strcmp(l->section, section) == 0 && strcmp(l->key, key) == 0;
    if ((l->any && !same) || strlen(section) >= 64 || strlen(key) >= 64) return true;
    free(l->value);
    l->value = strdup(value);
    strcpy(l->section, section);
    strcpy(l->key, key);
    l->any = true;
    return true;
}

static void wins(const struct profiles *p, const char *text, size_t len) {
    struct last last = {0};
    struct err e;
    MUST(profile_file_parse(text, len, "credentials", remember, &last, &e));
    if (last.any) {
        const char *value = profiles_get(p, last.section, last.key);
        MUST(profiles_has(p, last.section) || last.section[0] == '\0');
        MUST(value && strcmp(value, last.value) == 0);
    }
    free(last.value);
}

static void told(const struct profiles *p) {
    struct err e = {0};
    struct buf files = BUF_EMPTY;
    profiles_describe_files(p, &files);
    MUST(fuzz_harmless(buf_str(&files)));
    buf_free(&files);
    MUST(!profiles_missing(p, "prod\x1b[2J", &e) && e.code[0]);
    profiles_has_services(p, "local");
    profiles_services_get(p, "local", "ec2", "endpoint_url");
}

static void forgets(struct profiles *p) {
    static const char *const secrets[] = {"aws_secret_access_key", "aws_session_token"};
    profiles_forget_secrets(p);
    for (size_t i = 0; i < 2; i++) MUST(!profiles_get(p, "default", secrets[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char border[] = "\n%%\n";
    struct err e = {0};
    const char *text = (const char *)data, *cut = size ? memmem(text, size, border, 4) : NULL;
    size_t len = cut ? (size_t)(cut - text) : size;
    const char *rest = cut ? cut + 4 : text + size;
    size_t rest_len = size - (size_t)(rest - text);
    int config = memory_file("AWS_CONFIG_FILE", text, len);
    int credentials = memory_file("AWS_SHARED_CREDENTIALS_FILE", rest, rest_len);
    struct profiles *p = profiles_load(&e);
    MUST(p || e.code[0]);
    if (p) {
        char *copy = fuzz_string((const uint8_t *)rest, rest_len);
        wins(p, copy, rest_len);
        told(p);
        forgets(p);
        free(copy);
    }
    profiles_free(p);
    close(config);
    close(credentials);
    return 0;
}
