// side.c - values that are too large for a line.
//
// Owns: writing, checking and reading the files side-<seq>.json. It never follows a name or a
// link that a journal gives.
#include "journal/side.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "journal/journal.h"
#include "journal/line.h"

#define NAME_SIZE 40

static void side_name(int64_t seq, char out[NAME_SIZE]) {
    snprintf(out, NAME_SIZE, "side-%" PRId64 ".json", seq);
}

struct val *side_write(const char *run_dir, int64_t seq, const struct buf *text, struct err *e) {
    char name[NAME_SIZE], hash[SHA256_HEX];
    side_name(seq, name);
    struct buf path = BUF_EMPTY;
    buf_printf(&path, "%s/%s", run_dir, name);
    bool ok = (!path.failed && sha256_hex(buf_str(text), text->len, hash)) || err_memory(e);
    ok = ok && file_replace(buf_str(&path), buf_str(text), text->len, e);
    buf_free(&path);
    if (!ok) return NULL;
    struct val *reference = val_map();
    if (val_set(reference, "file", val_cstr(name)) &&
        val_set(reference, "sha256", val_cstr(hash)) &&
        val_set(reference, "bytes", val_int((int64_t)text->len))) {
        return reference;
    }
    val_unref(reference);
    err_memory(e);
    return NULL;
}

// --- checking ----------------------------------------------------------------

__attribute__((format(printf, 3, 4))) static bool wrong(char *why, size_t size, const char *format,
                                                        ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(why, size, format, args);
    va_end(args);
    return false;
}

// Hashes at most `max` bytes; false with errno, 0 when there are more or memory ran out.
static bool hash_file(int fd, int64_t max, char hash[SHA256_HEX], int64_t *bytes) {
    struct sha256_stream *stream = sha256_new();
    char chunk[16384];
    bool ok = stream != NULL;
    *bytes = 0;
    errno = 0;
    while (ok) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) break;
        ok = got > 0 && *bytes + got <= max && sha256_add(stream, chunk, (size_t)got);
        if (got > 0) *bytes += got;
    }
    ok = ok && sha256_end_hex(stream, hash);
    sha256_free(stream);
    return ok;
}

static bool check_file(int dir_fd, const char *name, const struct val *reference, char *why,
                       size_t size) {
    int64_t bytes = -1, wanted = val_as_int(val_get(reference, "bytes"), -1);
    char hash[SHA256_HEX];
    struct stat st;
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return wrong(why, size, "its file %s cannot be opened: %s", name, strerror(errno));
    bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    bool hashed = regular && hash_file(fd, wanted, hash, &bytes);
    int number = errno;
    close(fd);
    if (!regular) return wrong(why, size, "its file %s is not a regular file", name);
    if (!hashed && number != 0) {
        return wrong(why, size, "its file %s cannot be read: %s", name, strerror(number));
    }
    if (!hashed && bytes <= wanted) return wrong(why, size, "%s", "");
    if (hashed && bytes == wanted && strcmp(hash, val_get_str(reference, "sha256", "")) == 0) {
        return true;
    }
    return wrong(why, size, "its file %s is not the one that was written", name);
}

// The reference that the line keeps under its side member; NULL when it has none.
static const struct val *reference_of(const struct val *line) {
    const char *key = val_get_str(line, LINE_SIDE_KEY, NULL);
    return key == NULL ? NULL : val_get(line, key);
}

bool side_check(int dir_fd, const struct val *line, char *why, size_t why_size) {
    if (val_get(line, LINE_SIDE_KEY) == NULL) return true;
    const struct val *reference = reference_of(line);
    char name[NAME_SIZE];
    side_name(val_as_int(val_get(line, "seq"), -1), name);
    if (strcmp(val_get_str(reference, "file", ""), name) != 0) {
        return wrong(why, why_size, "it names a file that is not its own");
    }
    return check_file(dir_fd, name, reference, why, why_size);
}

// --- reading -----------------------------------------------------------------

static struct val *read_value(const char *run_dir, const struct val *line, struct err *e) {
    char name[NAME_SIZE], hash[SHA256_HEX];
    side_name(val_as_int(val_get(line, "seq"), -1), name);
    struct buf path = BUF_EMPTY, text = BUF_EMPTY;
    struct val *value = NULL;
    buf_printf(&path, "%s/%s", run_dir, name);
    if (path.failed) {
        err_memory(e);
    } else if (file_read(buf_str(&path), JSON_MAX_BYTES, &text, e)) {
        if (!sha256_hex(buf_str(&text), text.len, hash)) {
            err_memory(e);
        } else if (strcmp(hash, val_get_str(reference_of(line), "sha256", "")) != 0) {
            err_set(e, ERR_JOURNAL, "%s is not the file that was written", buf_str(&path));
        } else {
            value = json_parse(buf_str(&text), text.len, buf_str(&path), e);
        }
    }
    buf_free(&text);
    buf_free(&path);
    return value;
}

struct val *journal_large_value(const char *run_dir, const struct val *line, const char *key,
                                struct err *e) {
    if (strcmp(val_get_str(line, LINE_SIDE_KEY, ""), key) == 0) {
        return read_value(run_dir, line, e);
    }
    const struct val *value = val_get(line, key);
    return value == NULL ? val_nil() : val_ref(value);
}
