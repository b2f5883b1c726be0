// lease_text.c - the lease as text. Whatever stands in a tag may have been written by anybody.
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "run/lease.h"

// Ours end after 15 minutes; clocks may differ. What ends later would keep everybody away.
#define LONGEST_US ((int64_t)60 * 60 * 1000000)

#define UNTIL " until "

static bool copy_word(char *out, size_t size, const char *from, size_t len) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-=._:/@";
    if (!len || len >= size || strspn(from, plain) < len) return false;
    memcpy(out, from, len);
    out[len] = '\0';
    return true;
}

bool lease_parse(const char *text, int64_t now_us, struct lease_text *out) {
    const char *space = strchr(text, ' '), *until = space ? strstr(space, UNTIL) : NULL;
    if (!until || until == space || strlen(text) > LEASE_TEXT_MAX) return false;
    const char *time = until + strlen(UNTIL);
    return copy_word(out->run, sizeof out->run, text, (size_t)(space - text)) &&
           copy_word(out->holder, sizeof out->holder, space + 1, (size_t)(until - space - 1)) &&
           clock_parse(time, strlen(time), &out->until_us) && out->until_us < now_us + LONGEST_US;
}

static void add_holder(char *out, const char *holder) {
    size_t n = 0;
    for (; *holder && n < 100; holder++, n++) {
        char one[2] = {*holder, '\0'}, kept[2];
        out[n] = copy_word(kept, sizeof kept, one, 1) ? *holder : '-';
    }
    out[n] = '\0';
}

void lease_write(const char *run, const char *holder, int64_t until_us,
                 char out[LEASE_TEXT_MAX + 1]) {
    char iso[CLOCK_ISO_SIZE], safe[128];
    add_holder(safe, *holder ? holder : "?");
    if (*safe == '\0') snprintf(safe, sizeof safe, "-");
    clock_iso_us(until_us, iso);
    int n = snprintf(out, LEASE_TEXT_MAX + 1, "%s %s until %.19sZ", run, safe, iso);
    if (n < 0 || n > LEASE_TEXT_MAX) *out = '\0';
}
