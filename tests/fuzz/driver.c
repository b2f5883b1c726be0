// driver.c - runs a fuzz target without libFuzzer: the corpus, then changes of it.
//
// Owns: the order of inputs, which is the same every time, and keeping the one that breaks
// the target. `TARGET [-seconds=N] [-seed=N] [-artifact_prefix=P] FILE|FOLDER...`; its
// closing line is "TARGET: N executions". It measures no coverage: `make fuzz` does.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MOST_BYTES ((size_t)65536)
#define HANG_SECONDS 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    uint8_t *bytes;
    size_t len;
};

static struct input *corpus;
static size_t count;
static struct input current;  // what the target was given last
static char artifact[512] = "crash";
static uint64_t state = 1;

// --- keeping what broke it -----------------------------------------------------

// Called from signal handlers and from the sanitizer: system calls only.
static void keep_input(void) {
    int fd = open(artifact, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0) return;
    if (write(fd, current.bytes, current.len) < 0) (void)!write(2, "not kept\n", 9);
    close(fd);
    (void)!write(2, "\ninput kept in ", 15);
    (void)!write(2, artifact, strlen(artifact));
    (void)!write(2, "\n", 1);
}

static void on_signal(int number) {
    keep_input();
    signal(number, SIG_DFL);
    raise(number == SIGALRM ? SIGKILL : number);
}

// The sanitizers' own; absent without them.
void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

static void catch_ends(void) {
    static const int numbers[] = {SIGABRT, SIGALRM, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    bool sanitized = __sanitizer_set_death_callback != NULL;
    if (sanitized) __sanitizer_set_death_callback(keep_input);
    for (size_t i = 0; i < (sanitized ? 2 : 6); i++) signal(numbers[i], on_signal);
}

// --- the corpus -------------------------------------------------------------------

static void add(const char *path) {
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = malloc(MOST_BYTES);
    corpus = realloc(corpus, (count + 1) * sizeof *corpus);
    if (!f || !bytes || !corpus) {
        perror(path);
        exit(2);
    }
    corpus[count++] = (struct input){bytes, fread(bytes, 1, MOST_BYTES, f)};
    fclose(f);
}

static int visible(const struct dirent *d) {
    return d->d_name[0] != '.';
}

static void add_all(const char *path) {
    struct stat st;
    struct dirent **names;
    if (stat(path, &st) != 0) {
        perror(path);
        exit(2);
    }
    if (!S_ISDIR(st.st_mode)) {
        add(path);
        return;
    }
    int found = scandir(path, &names, visible, alphasort);
    for (int i = 0; i < found; i++) {
        char whole[4096];
        snprintf(whole, sizeof whole, "%s/%s", path, names[i]->d_name);
        add(whole);
        free(names[i]);
    }
    if (found >= 0) free(names);
}

// --- changes ------------------------------------------------------------------------

// xorshift64*: the same on every machine.
static size_t random_below(size_t bound) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return bound ? (size_t)((state * UINT64_C(2685821657736338717)) >> 33) % bound : 0;
}

// Replaces `cut` bytes at `at` by others; the result stays within MOST_BYTES.
static void replace_part(struct input *in, size_t at, size_t cut, const uint8_t *bytes,
                         size_t len) {
    size_t tail = in->len - at - cut;
    if (at + len + tail > MOST_BYTES) return;
    memmove(in->bytes + at + len, in->bytes + at + cut, tail);
    memcpy(in->bytes + at, bytes, len);
    in->len = at + len + tail;
}

static void insert_part_of_another(struct input *in) {
    const struct input *other = &corpus[random_below(count)];
    size_t from = random_below(other->len), most = other->len - from;
    size_t len = random_below((most < 256 ? most : 256) + 1);
    replace_part(in, random_below(in->len + 1), 0, other->bytes + from, len);
}

static void repeat_a_part(struct input *in) {
    uint8_t part[256];
    size_t from = random_below(in->len), most = in->len - from;
    size_t len = random_below((most < sizeof part ? most : sizeof part) + 1);
    memcpy(part, in->bytes + from, len);
    for (size_t times = 1 + random_below(4); times > 0; times--)
        replace_part(in, from, 0, part, len);
}

static void set_special(struct input *in) {
    static const uint8_t special[] = {0,  1,  9,  10,  13,  27,  32,  34,  35,  37,
                                      38, 39, 44, 45,  46,  47,  48,  58,  60,  62,
                                      91, 92, 93, 123, 125, 127, 128, 192, 254, 255};
    in->bytes[random_below(in->len)] = special[random_below(sizeof special)];
}

static void change(struct input *in) {
    if (in->len == 0) {
        insert_part_of_another(in);
        return;
    }
    size_t at = random_below(in->len), most = in->len - at;
    uint8_t byte = (uint8_t)random_below(256);
    switch (random_below(7)) {
    case 0: in->bytes[at] ^= (uint8_t)(1u << random_below(8)); break;
    case 1: in->bytes[at] = byte; break;
    case 2: set_special(in); break;
    case 3: replace_part(in, at, random_below((most < 64 ? most : 64) + 1), &byte, 0); break;
    case 4: replace_part(in, at, 0, &byte, 1); break;
    case 5: repeat_a_part(in); break;
    default: insert_part_of_another(in); break;
    }
}

// --- running ---------------------------------------------------------------------------

// From a block of just this size, so that a byte read past the end is seen.
static void run(const struct input *in) {
    uint8_t *exact = malloc(in->len ? in->len : 1);
    if (!exact) exit(2);
    memcpy(exact, in->bytes, in->len);
    current = (struct input){exact, in->len};
    alarm(HANG_SECONDS);
    LLVMFuzzerTestOneInput(exact, in->len);
    free(exact);
}

static long run_changes(long seconds) {
    struct timespec start, now;
    struct input in = {malloc(MOST_BYTES), 0};
    long done = 0;
    if (!in.bytes) exit(2);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (now = start; now.tv_sec - start.tv_sec < seconds; done++) {
        const struct input *seed = &corpus[random_below(count)];
        memcpy(in.bytes, seed->bytes, seed->len);
        in.len = seed->len;
        for (size_t n = 1 + random_below(6); n > 0; n--) change(&in);
        run(&in);
        clock_gettime(CLOCK_MONOTONIC, &now);
    }
    free(in.bytes);
    return done;
}

int main(int argc, char **argv) {
    long seconds = 0;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "-seconds=", 9) == 0)
            seconds = atol(argv[i] + 9);
        else if (strncmp(argv[i], "-seed=", 6) == 0)
            state = strtoull(argv[i] + 6, NULL, 10) | 1;
        else if (strncmp(argv[i], "-artifact_prefix=", 17) == 0)
            snprintf(artifact, sizeof artifact, "%scrash", argv[i] + 17);
        else
            add_all(argv[i]);
    }
    catch_ends();
    for (size_t i = 0; i < count; i++) run(&corpus[i]);
    long changes = count ? run_changes(seconds) : 0;
    alarm(0);
    printf("%s: %ld executions\n", argv[0], (long)count + changes);
    for (size_t i = 0; i < count; i++) free(corpus[i].bytes);
    free(corpus);
    return 0;
}
