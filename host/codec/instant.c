// instant.c - points in time in parameters and results.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "codec/scalar.h"

#define SECOND 1000000
// 9999-12-31T23:59:59Z and 0001-01-01T00:00:00Z, the bounds of Python's datetime.
#define LATEST 253402300799.0
#define EARLIEST (-62135596800.0)

static bool from_seconds(double seconds, int64_t *us) {
    if (!(seconds >= EARLIEST && seconds <= LATEST)) return false;
    double whole = floor(seconds);
    *us = (int64_t)whole * SECOND + (int64_t)nearbyint((seconds - whole) * SECOND);
    return true;
}

static bool from_number_text(const char *text, size_t len, int64_t *us) {
    char copy[40], *end;
    if (len == 0 || len >= sizeof copy || strspn(text, "0123456789+-.eE") < len) return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    double seconds = strtod(copy, &end);
    return *end == '\0' && from_seconds(seconds, us);
}

static bool from_text(const char *text, size_t len, int64_t *us) {
    return from_number_text(text, len, us) || clock_parse(text, len, us);
}

bool instant_read(const struct val *v, int64_t *us) {
    if (val_type(v) == VAL_STRING) return from_text(val_as_str(v, ""), val_str_len(v), us);
    if (val_type(v) != VAL_INT && val_type(v) != VAL_DOUBLE) return false;
    return from_seconds(val_as_double(v, 0), us);
}

static int64_t floor_seconds(int64_t us) {
    return us / SECOND - (us % SECOND < 0);
}

static void print_iso(struct buf *out, int64_t us) {
    char text[CLOCK_ISO_SIZE];
    clock_iso_us(us, text);
    if (us % SECOND)
        buf_add_str(out, text);
    else
        buf_printf(out, "%.19sZ", text);
}

static void print_rfc822(struct buf *out, int64_t us) {
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)floor_seconds(us);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm)) return;
    buf_printf(out, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
               months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void instant_print(struct buf *out, int64_t us, enum timestamp_format format) {
    if (format == TIMESTAMP_UNIX)
        buf_printf(out, "%" PRId64, floor_seconds(us));
    else if (format == TIMESTAMP_RFC822)
        print_rfc822(out, us);
    else
        print_iso(out, us);
}

// "2024-01-01T10:00:00", without a zone: Python then prints none either.
static bool names_no_zone(const char *text, size_t len) {
    if (len < 8 || text[4] != '-') return false;
    for (size_t i = 8; i < len; i++)
        if (strchr("Zz+-", text[i])) return false;
    return true;
}

struct val *instant_result(const struct val *v) {
    int64_t us;
    if (!instant_read(v, &us)) return val_ref(v);
    char text[CLOCK_PYTHON_SIZE];
    clock_python(us, text);
    size_t len = strlen(text);
    if (val_type(v) == VAL_STRING && names_no_zone(val_as_str(v, ""), val_str_len(v)))
        len -= strlen("+00:00");
    return val_string(text, len);
}
