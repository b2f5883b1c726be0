// line.c - one line of the journal: its text, and what makes it a good one.
//
// Owns: composing a line and reading one strictly. It never writes what it could not read
// back: strings that JSON cannot carry are spelled out, trees that are too deep or too broad are
// refused, and the text is looked through before it is given away.
#include "journal/line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

const char line_no_prev[SHA256_HEX] =
    "0000000000000000000000000000000000000000000000000000000000000000";

// What every line ends with: ,"prev":"<64>","hash":"<64>"}
#define PREV_OPEN ",\"prev\":\""
#define HASH_OPEN ",\"hash\":\""
#define HEX_DIGITS (SHA256_HEX - 1)
#define HASH_PART (sizeof HASH_OPEN - 1 + HEX_DIGITS + 2)
#define PREV_PART (sizeof PREV_OPEN - 1 + HEX_DIGITS + 1)

#define MAX_MEMBERS 10000  // far below JSON_MAX_KEYS: the envelope's come on top

static bool all_of(const char *s, size_t min, size_t max, const char *allowed) {
    size_t len = strlen(s);
    return len >= min && len <= max && strspn(s, allowed) == len;
}

bool line_run_ok(const char *run) {
    return all_of(run, 1, LINE_RUN_SIZE - 1,
                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") &&
           run[0] != '-';
}

bool line_kind_ok(const char *kind) {
    return all_of(kind, 1, 32, "abcdefghijklmnopqrstuvwxyz._") && kind[0] != '.';
}

bool line_member_ok(const char *name) {
    static const char *const own[] = {"v",    "seq",  "t",    "run",
                                      "kind", "prev", "hash", LINE_SIDE_KEY};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (strcmp(name, own[i]) == 0) return false;
    }
    return all_of(name, 1, 64, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

// --- values that read back ---------------------------------------------------

static bool text_clean(const char *bytes, size_t len) {
    return memchr(bytes, 0, len) == NULL && utf8_valid(bytes, len);
}

static bool value_clean(const struct val *v, int depth) {
    size_t n = val_count(v);
    if (val_type(v) == VAL_STRING) return text_clean(val_as_str(v, ""), val_str_len(v));
    if ((val_type(v) == VAL_LIST || val_type(v) == VAL_MAP) && depth > VAL_MAX_DEPTH) return false;
    if (val_type(v) == VAL_MAP && n > JSON_MAX_KEYS) return false;
    for (size_t i = 0; i < n; i++) {
        if (val_type(v) == VAL_MAP && !text_clean(val_key_at(v, i), val_key_len_at(v, i))) {
            return false;
        }
        if (!value_clean(val_at(v, i), depth + 1)) return false;
    }
    return true;
}

static void spell_out(struct buf *out, const char *bytes, size_t len) {
    for (size_t i = 0; i < len;) {
        size_t n = bytes[i] == '\0' ? 0 : utf8_char(bytes + i, len - i);
        if (n == 0) {
            buf_printf(out, "\\x%02x", (unsigned)(unsigned char)bytes[i++]);
        } else {
            buf_add(out, bytes + i, n);
            i += n;
        }
    }
}

static struct val *rebuild(const struct val *v, int depth, struct err *e);

static struct val *rebuild_string(const struct val *v) {
    struct buf text = BUF_EMPTY;
    spell_out(&text, val_as_str(v, ""), val_str_len(v));
    struct val *out = text.failed ? NULL : val_string(buf_str(&text), text.len);
    buf_free(&text);
    return out;
}

static bool rebuild_item(struct val *out, const struct val *v, size_t i, int depth, struct err *e) {
    struct val *item = rebuild(val_at(v, i), depth + 1, e);
    if (item == NULL) return false;
    if (val_type(v) == VAL_LIST) return val_append(out, item) || err_memory(e);
    struct buf key = BUF_EMPTY;
    spell_out(&key, val_key_at(v, i), val_key_len_at(v, i));
    bool ok = !key.failed;
    if (ok) {
        ok = val_set_n(out, buf_str(&key), key.len, item);
    } else {
        val_unref(item);
    }
    buf_free(&key);
    return ok || err_memory(e);
}

static struct val *rebuild(const struct val *v, int depth, struct err *e) {
    enum val_type type = val_type(v);
    struct val *out = NULL;
    if (type != VAL_LIST && type != VAL_MAP) {
        out = type == VAL_STRING ? rebuild_string(v) : v == NULL ? val_nil() : val_ref(v);
        if (out == NULL) err_memory(e);
        return out;
    }
    if (depth > VAL_MAX_DEPTH) {
        err_set(e, ERR_INVALID, "a journal line may be nested %d levels deep, no more",
                VAL_MAX_DEPTH);
        return NULL;
    }
    if (type == VAL_MAP && val_count(v) > JSON_MAX_KEYS) {
        err_set(e, ERR_INVALID, "a journal line may hold objects of %zu keys, no larger ones",
                JSON_MAX_KEYS);
        return NULL;
    }
    out = type == VAL_LIST ? val_list() : val_map();
    if (out == NULL) err_memory(e);
    for (size_t i = 0; out != NULL && i < val_count(v); i++) {
        if (!rebuild_item(out, v, i, depth, e)) {
            val_unref(out);
            out = NULL;
        }
    }
    return out;
}

struct val *line_clean(const struct val *v, int depth, struct err *e) {
    if (v != NULL && value_clean(v, depth)) return val_ref(v);
    return rebuild(v, depth, e);
}

// --- composing ---------------------------------------------------------------

static bool check_names(const char *kind, const struct val *members, struct err *e) {
    if (!line_kind_ok(kind)) {
        return err_set(e, ERR_INVALID, "not a kind of journal line: \"%.40s\"", kind);
    }
    if (members != NULL && val_type(members) != VAL_MAP) {
        return err_set(e, ERR_INVALID, "the members of a %s line are a %s, not a map", kind,
                       val_type_name(val_type(members)));
    }
    if (val_count(members) > MAX_MEMBERS) {
        return err_set(e, ERR_INVALID, "a %s line cannot have %zu members: %d at most", kind,
                       val_count(members), MAX_MEMBERS);
    }
    for (size_t i = 0; i < val_count(members); i++) {
        const char *name = val_key_at(members, i);
        if (!line_member_ok(name) || strlen(name) != val_key_len_at(members, i)) {
            return err_set(e, ERR_INVALID, "a %s line cannot have a member \"%.64s\"", kind, name);
        }
    }
    return true;
}

static void add_members(struct buf *out, const struct val *members) {
    for (size_t i = 0; i < val_count(members); i++) {
        buf_add_char(out, ',');
        json_print_string(out, val_key_at(members, i), val_key_len_at(members, i));
        buf_add_char(out, ':');
        json_print(out, val_at(members, i));
    }
}

static bool print_line(struct buf *line, const struct line_place *at, const char *kind,
                       const struct val *members, const char *side, char hash[SHA256_HEX],
                       struct err *e) {
    char now[CLOCK_ISO_SIZE];
    clock_iso_us(clock_now_us(), now);
    buf_printf(line, "{\"v\":1,\"seq\":%" PRId64 ",\"t\":\"%s\",\"run\":\"%s\",\"kind\":\"%s\"",
               at->seq, now, at->run, kind);
    if (side != NULL) buf_printf(line, ",\"" LINE_SIDE_KEY "\":\"%s\"", side);
    add_members(line, members);
    buf_printf(line, PREV_OPEN "%s\"", at->prev);
    if (line->failed || !sha256_hex(buf_str(line), line->len, hash)) return err_memory(e);
    buf_printf(line, HASH_OPEN "%s\"}", hash);
    if (line->failed) return err_memory(e);
    if (line->len < LINE_MAX_BYTES) return true;
    return err_set(e, ERR_INVALID, "a %s line of %zu bytes: a journal line has %zu at most", kind,
                   line->len, LINE_MAX_BYTES);
}

bool line_compose(struct buf *out, const struct line_place *at, const char *kind,
                  const struct val *members, const char *side, char hash[SHA256_HEX],
                  struct err *e) {
    if (!check_names(kind, members, e)) return false;
    struct val *clean = line_clean(members, 1, e);
    if (clean == NULL) return false;
    struct buf line = BUF_EMPTY;
    bool ok = print_line(&line, at, kind, clean, side, hash, e) &&
              json_look(buf_str(&line), line.len, kind, e);
    if (ok) {
        buf_add_char(&line, '\n');
        buf_add(out, buf_str(&line), line.len);
        if (line.failed || out->failed) ok = err_memory(e);
    }
    buf_free(&line);
    val_unref(clean);
    return ok;
}

// --- reading -----------------------------------------------------------------

__attribute__((format(printf, 3, 4))) static bool wrong(char *why, size_t size, const char *format,
                                                        ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(why, size, format, args);
    va_end(args);
    return false;
}

static bool check_chain(const char *bytes, size_t len, const struct line_place *at,
                        char hash[SHA256_HEX], char *why, size_t why_size) {
    if (len < HASH_PART + PREV_PART) return wrong(why, why_size, "it is too short");
    const char *tail = bytes + len - HASH_PART;
    const char *prev = tail - PREV_PART;
    if (memcmp(tail, HASH_OPEN, sizeof HASH_OPEN - 1) != 0 ||
        memcmp(bytes + len - 2, "\"}", 2) != 0) {
        return wrong(why, why_size, "it does not end with its hash");
    }
    if (!sha256_hex(bytes, len - HASH_PART, hash)) return wrong(why, why_size, "%s", "");
    if (memcmp(tail + sizeof HASH_OPEN - 1, hash, HEX_DIGITS) != 0) {
        return wrong(why, why_size, "its hash does not match its bytes");
    }
    if (memcmp(prev, PREV_OPEN, sizeof PREV_OPEN - 1) != 0 || tail[-1] != '"' ||
        memcmp(prev + sizeof PREV_OPEN - 1, at->prev, HEX_DIGITS) != 0) {
        return wrong(why, why_size, "it does not follow the line before it");
    }
    return true;
}

static bool check_envelope(const struct val *line, const struct line_place *at, char *why,
                           size_t why_size) {
    const char *t = val_get_str(line, "t", "");
    const char *run = val_get_str(line, "run", "");
    int64_t us;
    if (val_type(line) != VAL_MAP) return wrong(why, why_size, "it is not a JSON object");
    if (val_as_int(val_get(line, "v"), 0) != 1) {
        return wrong(why, why_size, "it has a version this program does not know");
    }
    if (val_as_int(val_get(line, "seq"), -1) != at->seq) {
        return wrong(why, why_size, "its number (seq) is not %" PRId64, at->seq);
    }
    if (!clock_parse(t, strlen(t), &us)) return wrong(why, why_size, "it has no time");
    if (!line_run_ok(run) || (at->run[0] != '\0' && strcmp(run, at->run) != 0)) {
        return wrong(why, why_size, "it belongs to another run");
    }
    if (!line_kind_ok(val_get_str(line, "kind", ""))) {
        return wrong(why, why_size, "it has no kind");
    }
    return true;
}

bool line_read(const char *bytes, size_t len, const struct line_place *at, struct val **line,
               char hash[SHA256_HEX], char *why, size_t why_size) {
    if (!check_chain(bytes, len, at, hash, why, why_size)) return false;
    struct err e;
    *line = json_parse(bytes, len, "the line", &e);
    if (*line == NULL && err_is(&e, ERR_MEMORY)) return wrong(why, why_size, "%s", "");
    if (*line == NULL) return wrong(why, why_size, "%.200s", e.message);
    if (check_envelope(*line, at, why, why_size)) return true;
    val_unref(*line);
    *line = NULL;
    return false;
}
