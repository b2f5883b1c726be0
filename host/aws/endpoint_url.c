// endpoint_url.c - what an endpoint's URL may look like.
//
// Owns: taking it apart. It is strict, so that no second parser can see another host in
// the same text.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/endpoint.h"
#include "base/buf.h"
#include "base/text.h"

struct parts {
    bool https;
    char host[256];  // lower case, IPv6 with its brackets
    int port;        // 0: the scheme's own
    const char *path;
};

static bool take_scheme(const char **p, struct parts *out) {
    out->https = strncasecmp(*p, "https://", 8) == 0;
    if (!out->https && strncasecmp(*p, "http://", 7) != 0) return false;
    *p += out->https ? 8 : 7;
    return true;
}

static bool take_host(const char **p, struct parts *out) {
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    size_t len;
    if (**p == '[') {
        len = 1 + strspn(*p + 1, "0123456789abcdefABCDEF:.");
        if (len < 3 || (*p)[len] != ']') return false;
        len++;
    } else {
        len = strspn(*p, name);
    }
    if (len == 0 || len >= sizeof out->host) return false;
    for (size_t i = 0; i < len; i++) {
        char c = (*p)[i];
        out->host[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    out->host[len] = '\0';
    *p += len;
    return true;
}

static bool take_port(const char **p, struct parts *out) {
    out->port = 0;
    if (**p != ':') return true;
    size_t len = strspn(*p + 1, "0123456789");
    if (len == 0 || len > 5) return false;
    out->port = atoi(*p + 1);
    *p += 1 + len;
    return out->port > 0 && out->port < 65536;
}

static bool take_path(const char *p, struct parts *out) {
    for (const char *q = p; *q != '\0'; q++)
        if (*q <= ' ' || *q >= 127 || strchr("?#\\\"<>", *q) != NULL) return false;
    out->path = p[0] == '/' ? p : "/";
    return p[0] == '/' || p[0] == '\0';
}

static bool is_loopback(const char *host) {
    struct in_addr v4;
    struct in6_addr v6;
    if (strcmp(host, "localhost") == 0) return true;
    if (inet_pton(AF_INET, host, &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
    size_t len = strlen(host);
    if (host[0] != '[' || len < 4 || len > 60) return false;
    char bare[64];
    memcpy(bare, host + 1, len - 2);
    bare[len - 2] = '\0';
    return inet_pton(AF_INET6, bare, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static bool malformed(const char *url, const char *from, struct err *e) {
    struct buf shown = BUF_EMPTY;
    text_escape(&shown, url, strlen(url), 200);
    err_set(e, ERR_USAGE,
            "\"%s\" (%s) is not an endpoint: write http://HOST[:PORT] or https://HOST[:PORT], "
            "without user, query or fragment",
            buf_str(&shown), from);
    buf_free(&shown);
    return false;
}

bool endpoint_parse(const char *url, const char *from, struct endpoint *out, struct err *e) {
    struct parts parts;
    const char *p = url;
    *out = (struct endpoint){0};
    bool ok = take_scheme(&p, &parts) && take_host(&p, &parts) && take_port(&p, &parts) &&
              take_path(p, &parts) && strlen(parts.path) < sizeof out->path;
    if (!ok) return malformed(url, from, e);
    bool usual = parts.port == 0 || parts.port == (parts.https ? 443 : 80);
    if (usual)
        snprintf(out->host, sizeof out->host, "%s", parts.host);
    else
        snprintf(out->host, sizeof out->host, "%s:%d", parts.host, parts.port);
    snprintf(out->path, sizeof out->path, "%s", parts.path);
    snprintf(out->url, sizeof out->url, "%s://%s%s", parts.https ? "https" : "http", out->host,
             out->path);
    out->loopback = is_loopback(parts.host);
    return true;
}
