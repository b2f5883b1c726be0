// replay.c - a bare C program on libcurl that sends what another program sent.
//
//   replay URL FILE
//
// The yardstick for what the network part alone costs. FILE holds the recorded requests:
// "round status header_bytes body_bytes\n", the header lines, the body, one after the other.
// The requests of a round go out at once and all are awaited, as the recorded program did;
// bodies and headers, signatures included, are sent as they were. Nothing is signed, decoded,
// checked (but the status), decided, asked or written to disk.
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_AT_ONCE 32
#define MOST_IN_FILE ((size_t)16 * 1024 * 1024)

struct request {
    int round;
    long status;
    char *headers, *body;
    size_t body_len;
};

struct transfer {
    CURL *easy;
    struct curl_slist *headers;
    size_t received;
    const struct request *request;
};

static size_t take(char *bytes, size_t size, size_t count, void *ctx) {
    (void)bytes;
    ((struct transfer *)ctx)->received += size * count;
    return size * count;
}

static _Noreturn void die(const char *why) {
    fprintf(stderr, "replay: %s\n", why);
    exit(1);
}

static char *read_all(const char *path, size_t *len) {
    FILE *f = fopen(path, "re");
    char *bytes = malloc(MOST_IN_FILE);
    if (!f || !bytes) die("cannot read the recorded requests");
    *len = fread(bytes, 1, MOST_IN_FILE, f);
    fclose(f);
    return bytes;
}

// The next request of the file, in `r`; false at its end. It keeps pointing into the file.
static int next_request(char **at, const char *end, struct request *r) {
    size_t headers_len;
    int line_len = 0;
    if (*at >= end) return 0;
    if (sscanf(*at, "%d %ld %zu %zu%n", &r->round, &r->status, &headers_len, &r->body_len,
               &line_len) != 4)
        die("the file is not one of recorded requests");
    r->headers = *at + line_len + 1;
    r->body = r->headers + headers_len;
    *at = r->body + r->body_len;
    if (*at > end) die("the file is cut off");
    r->headers[headers_len - 1] = '\0';  // its last line end
    return 1;
}

static void start(CURLM *multi, struct transfer *t, const char *url, const struct request *r) {
    char *rest = r->headers;
    if (!t->easy) t->easy = curl_easy_init();
    curl_slist_free_all(t->headers);
    t->headers = curl_slist_append(NULL, "Expect:");
    for (char *line; (line = strsep(&rest, "\n")) && *line;)
        t->headers = curl_slist_append(t->headers, line);
    t->request = r;
    curl_easy_setopt(t->easy, CURLOPT_URL, url);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE, (long)r->body_len);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, r->body);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->easy, CURLOPT_NOPROXY, "*");
    const char *bundle = getenv("AWS_CA_BUNDLE");
    if (bundle) curl_easy_setopt(t->easy, CURLOPT_CAINFO, bundle);
    curl_multi_add_handle(multi, t->easy);
}

static void finish(CURLM *multi) {
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(multi, &left));) {
        struct transfer *t;
        long status = 0;
        CURL *easy = m->easy_handle;
        if (m->data.result != CURLE_OK) die(curl_easy_strerror(m->data.result));
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        if (status != t->request->status) die("another status than was recorded");
        curl_multi_remove_handle(multi, easy);
    }
}

static void play_round(CURLM *multi) {
    int running = 1;
    while (running) {
        if (curl_multi_perform(multi, &running) != CURLM_OK) die("libcurl gave up");
        if (running) curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    finish(multi);
}

int main(int argc, char **argv) {
    static struct transfer transfers[MOST_AT_ONCE];
    static struct request requests[MOST_AT_ONCE];
    if (argc != 3) die("usage: replay URL FILE");
    size_t len;
    char *file = read_all(argv[2], &len), *at = file;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    struct request next;
    int more = next_request(&at, file + len, &next), sent = 0;
    while (more) {
        int count = 0, round = next.round;
        for (; more && next.round == round && count < MOST_AT_ONCE; count++) {
            requests[count] = next;
            start(multi, &transfers[count], argv[1], &requests[count]);
            more = next_request(&at, file + len, &next);
        }
        play_round(multi);
        sent += count;
    }
    for (int i = 0; i < MOST_AT_ONCE; i++) {
        curl_slist_free_all(transfers[i].headers);
        curl_easy_cleanup(transfers[i].easy);
    }
    curl_multi_cleanup(multi);
    curl_global_cleanup();
    free(file);
    printf("%d requests\n", sent);
    return 0;
}
