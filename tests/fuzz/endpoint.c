// endpoint.c - endpoint URLs and Region names: no second parser sees another host in them.
//
// The input is "REGION\nURL".
#include "fuzz.h"

#include "aws/endpoint.h"

// What libcurl and the Host header will make of the URL: scheme, host with port, path.
static void parts_agree(const struct endpoint *p) {
    const char *host = strstr(p->url, "://") + 3;
    size_t len = strcspn(host, "/");
    MUST(strncmp(p->url, "http://", 7) == 0 || strncmp(p->url, "https://", 8) == 0);
    MUST(strlen(p->host) == len && strncmp(host, p->host, len) == 0);
    MUST(strcmp(host + len, p->path) == 0 && p->path[0] == '/');
    MUST(strcspn(p->host, "@\\?#/ <>\"%") == len);
    MUST(fuzz_harmless(p->url) && utf8_valid(p->url, strlen(p->url)));
    const char *bare = p->host[0] == '[' ? "[" : p->host;
    MUST(!p->loopback || *bare == '[' || strncmp(p->host, "127.", 4) == 0 ||
         strncmp(p->host, "localhost", 9) == 0);
}

static void url(const char *text) {
    struct endpoint once, twice;
    struct err e = {0};
    if (!endpoint_parse(text, "input", &once, &e)) {
        MUST(e.code[0] && fuzz_harmless(e.message));
        return;
    }
    parts_agree(&once);
    MUST(endpoint_parse(once.url, "again", &twice, &e));
    MUST(strcmp(once.url, twice.url) == 0 && strcmp(once.host, twice.host) == 0);
    MUST(once.loopback == twice.loopback);
}

// Whatever passes for a Region gives the host of a standard endpoint, and no other.
static void resolved(const struct config *c, const char *region) {
    struct err e = {0};
    struct endpoint p;
    const struct service *s = model_service(fuzz_model(), "ec2", &e);
    if (!endpoint_resolve(c, s, region, &p, &e)) {
        MUST(e.code[0] && fuzz_harmless(e.message));
        return;
    }
    parts_agree(&p);
    char start[80];
    snprintf(start, sizeof start, "https://ec2.%s.", region);
    MUST(c->endpoint_flag || text_starts(p.url, start));
    MUST(!c->loopback_only || p.loopback);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct profiles *files;
    struct err e = {0};
    char region[REGION_SIZE];
    setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
    if (!files) files = profiles_load(&e);
    MUST(files);
    char *name = fuzz_field(&data, &size, '\n'), *text = fuzz_string(data, size);
    struct config c = {.profile = "default", .region_flag = name, .files = files};
    url(text);
    if (endpoint_region(&c, region, &e)) {
        MUST(strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(region));
        resolved(&c, region);
        c.endpoint_flag = text;
        resolved(&c, region);
        c.loopback_only = true;
        resolved(&c, region);
    } else {
        MUST(fuzz_harmless(e.message));
    }
    free(name);
    free(text);
    return 0;
}
