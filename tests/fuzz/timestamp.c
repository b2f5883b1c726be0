// timestamp.c - clock_parse: an instant that is read prints as one that reads back equal.
#include "fuzz.h"

#include "base/clock.h"

static void same_instant(const char *text, int64_t us) {
    int64_t again;
    MUST(clock_parse(text, strlen(text), &again));
    MUST(again == us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int64_t us;
    char iso[CLOCK_ISO_SIZE], basic[CLOCK_BASIC_SIZE], python[CLOCK_PYTHON_SIZE];
    // Any 64-bit number has a text that fits its room.
    if (size >= sizeof us) {
        memcpy(&us, data, sizeof us);
        clock_iso_us(us, iso);
        clock_basic(us, basic);
        clock_python(us, python);
        MUST(strlen(iso) < sizeof iso && strlen(basic) < sizeof basic);
        MUST(strlen(python) < sizeof python);
    }
    if (!clock_parse((const char *)data, size, &us)) return 0;
    clock_iso_us(us, iso);
    same_instant(iso, us);
    clock_python(us, python);
    same_instant(python, us);
    clock_basic(us, basic);
    int64_t second = us / 1000000 - (us % 1000000 < 0);
    same_instant(basic, second * 1000000);
    return 0;
}
