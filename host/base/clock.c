// clock.c - clocks, and instants as text.
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND INT64_C(1000000)
// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what four digits of a year can say.
#define FIRST_SECOND INT64_C(-62167219200)
#define LAST_SECOND INT64_C(253402300799)

static bool simulated;
static int64_t simulated_us;

void clock_simulate(int64_t us) {
    if (!simulated || us > simulated_us) simulated_us = us;
    simulated = true;
}

bool clock_is_simulated(void) {
    return simulated;
}

int64_t clock_now_us(void) {
    struct timespec t;
    if (simulated) return simulated_us;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * SECOND + t.tv_nsec / 1000;
}

int64_t clock_mono_ms(void) {
    return simulated ? simulated_us / 1000 : clock_real_ms();
}

int64_t clock_real_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

// Splits an instant; instants outside the years 0 to 9999 become 1970.
static int split(int64_t us, struct tm *tm) {
    int64_t seconds = us / SECOND, rest = us % SECOND;
    if (rest < 0) {
        seconds--;
        rest += SECOND;
    }
    time_t t = (time_t)seconds;
    if (seconds < FIRST_SECOND || seconds > LAST_SECOND) t = 0;
    gmtime_r(&t, tm);
    return (int)rest;
}

// "2026-11-24T02:15:30". Not strftime: its %Y has no leading zeros.
static void print_second(const struct tm *tm, char out[80]) {
    snprintf(out, 80, "%04d-%02d-%02dT%02d:%02d:%02d", tm->tm_year + 1900, tm->tm_mon + 1,
             tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec);
}

void clock_iso_us(int64_t us, char out[CLOCK_ISO_SIZE]) {
    struct tm tm;
    int rest = split(us, &tm);
    char text[80];
    print_second(&tm, text);
    snprintf(out, CLOCK_ISO_SIZE, "%.19s.%06dZ", text, rest);
}

void clock_basic(int64_t us, char out[CLOCK_BASIC_SIZE]) {
    struct tm tm;
    char text[80];
    split(us, &tm);
    snprintf(text, sizeof text, "%04d%02d%02dT%02d%02d%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
             tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    snprintf(out, CLOCK_BASIC_SIZE, "%.16s", text);
}

void clock_python(int64_t us, char out[CLOCK_PYTHON_SIZE]) {
    struct tm tm;
    int rest = split(us, &tm);
    char text[80];
    print_second(&tm, text);
    if (rest)
        snprintf(out, CLOCK_PYTHON_SIZE, "%.19s.%06d+00:00", text, rest);
    else
        snprintf(out, CLOCK_PYTHON_SIZE, "%.19s+00:00", text);
}

// The text that is still to be read.
struct reader {
    const char *at, *end;
};

static bool digits(struct reader *r, int count, int *value) {
    *value = 0;
    if (r->end - r->at < count) return false;
    for (int i = 0; i < count; i++, r->at++) {
        if (*r->at < '0' || *r->at > '9') return false;
        *value = *value * 10 + (*r->at - '0');
    }
    return true;
}

static bool literal(struct reader *r, char c) {
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    return true;
}

// ".123" as microseconds; further digits are cut off. Absent is 0.
static bool fraction(struct reader *r, int *us) {
    *us = 0;
    if (!literal(r, '.') && !literal(r, ',')) return true;
    int scale = 100000, seen = 0;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++, seen++) {
        *us += (*r->at - '0') * scale;
        scale /= 10;
    }
    return seen > 0;
}

// "Z", "+01:00", "-0530" or nothing, as seconds east of UTC.
static bool offset(struct reader *r, int *seconds) {
    *seconds = 0;
    if (r->at == r->end || literal(r, 'Z') || literal(r, 'z')) return true;
    int sign = *r->at == '-' ? -1 : *r->at == '+' ? 1 : 0, hours, minutes;
    r->at++;
    if (!sign || !digits(r, 2, &hours)) return false;
    literal(r, ':');
    if (!digits(r, 2, &minutes)) return false;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return hours < 24 && minutes < 60;
}

static bool in_range(const struct tm *tm) {
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 &&
           tm->tm_mday <= days[tm->tm_mon] && tm->tm_hour < 24 && tm->tm_min < 60 &&
           tm->tm_sec <= 60;
}

static bool finish(struct tm *tm, int us, int east, int64_t *out) {
    if (!in_range(tm)) return false;
    int day = tm->tm_mday, leap = tm->tm_sec == 60;
    int64_t seconds = (int64_t)timegm(tm);
    // timegm makes 1 March of the 29 February that a year does not have.
    if (tm->tm_mday != day && !leap) return false;
    seconds -= east;
    *out = seconds * SECOND + us;
    return seconds >= FIRST_SECOND && seconds <= LAST_SECOND;
}

static bool parse_iso(struct reader r, int64_t *out) {
    struct tm tm = {0};
    int year, month, us = 0, east = 0;
    if (!digits(&r, 4, &year)) return false;
    bool extended = literal(&r, '-');
    if (!digits(&r, 2, &month) || (extended && !literal(&r, '-')) || !digits(&r, 2, &tm.tm_mday))
        return false;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    if (r.at == r.end) return finish(&tm, 0, 0, out);
    if (!literal(&r, 'T') && !literal(&r, 't') && !literal(&r, ' ')) return false;
    if (!digits(&r, 2, &tm.tm_hour) || (extended && !literal(&r, ':')) ||
        !digits(&r, 2, &tm.tm_min) || (extended && !literal(&r, ':')) || !digits(&r, 2, &tm.tm_sec))
        return false;
    return fraction(&r, &us) && offset(&r, &east) && r.at == r.end && finish(&tm, us, east, out);
}

static int month_of(const char *name) {
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++)
        if (memcmp(months + 3 * i, name, 3) == 0) return i;
    return -1;
}

// "Fri, 24 May 2013 00:00:00 GMT", the day of the week ignored.
static bool parse_http(struct reader r, int64_t *out) {
    struct tm tm = {0};
    int year, us = 0;
    if (r.end - r.at < 25 || r.at[3] != ',' || r.at[4] != ' ') return false;
    r.at += 5;
    if (!digits(&r, 2, &tm.tm_mday) || !literal(&r, ' ') || r.end - r.at < 20) return false;
    tm.tm_mon = month_of(r.at);
    r.at += 3;
    if (tm.tm_mon < 0 || !literal(&r, ' ') || !digits(&r, 4, &year) || !literal(&r, ' ') ||
        !digits(&r, 2, &tm.tm_hour) || !literal(&r, ':') || !digits(&r, 2, &tm.tm_min) ||
        !literal(&r, ':') || !digits(&r, 2, &tm.tm_sec) || !fraction(&r, &us))
        return false;
    tm.tm_year = year - 1900;
    return r.end - r.at == 4 && memcmp(r.at, " GMT", 4) == 0 && finish(&tm, us, 0, out);
}

bool clock_parse(const char *text, size_t len, int64_t *us) {
    struct reader r = {text, text + len};
    return len > 0 && len < 64 && (parse_iso(r, us) || parse_http(r, us));
}
