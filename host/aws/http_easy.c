// http_easy.c - one transfer: what libcurl is told about it, what came of it.
//
// Owns: the options of a request and its response's bytes. Part of http.c's duty, apart
// for length.
#include "aws/http_easy.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/http_headers.h"
#include "base/text.h"

#define SYSTEM_CERTIFICATES "/etc/ssl/certs"

// --- bytes in and out ------------------------------------------------------------------

static size_t give_body(char *out, size_t size, size_t count, void *ctx) {
    struct transfer *t = ctx;
    size_t left = t->body_len - t->body_given;
    size_t n = size * count < left ? size * count : left;
    if (n == 0) return CURL_READFUNC_ABORT;  // asked again for what it had: as refuse_rewind
    t->body_asked = true;
    memcpy(out, t->body + t->body_given, n);
    t->body_given += n;
    return n;
}

// When a kept connection turns out dead after the request was written, libcurl would send
// the request once more by itself. The server may have carried it out: whether it is sent
// again is retry.c's to decide.
static int refuse_rewind(void *ctx, curl_off_t offset, int origin) {
    (void)ctx;
    (void)offset;
    (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *ctx) {
    struct transfer *t = ctx;
    size_t n = size * count;
    if (n > HTTP_MAX_BODY - t->received.len) {
        t->too_large = true;
        return 0;
    }
    buf_add(&t->received, bytes, n);
    return t->received.failed ? 0 : n;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *ctx) {
    struct transfer *t = ctx;
    size_t n = size * count;
    if (n > HTTP_MAX_HEADERS - t->header_bytes) {
        t->too_large = true;
        return 0;
    }
    t->header_bytes += n;
    http_headers_line(&t->response, bytes, n);
    return n;
}

// --- options -----------------------------------------------------------------------------

static bool is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

// A folder is of use to OpenSSL only when its certificates are linked by hash.
static bool is_hashed_folder(const char *path) {
    DIR *d = opendir(path);
    bool found = false;
    for (struct dirent *x; d != NULL && !found && (x = readdir(d)) != NULL;)
        found = strlen(x->d_name) == 10 && text_ends(x->d_name, ".0");
    if (d != NULL) closedir(d);
    return found;
}

static void set_certificates(struct transfer *t, const char *ca_bundle) {
    static int hashed = -1;
    if (hashed < 0) hashed = is_hashed_folder(SYSTEM_CERTIFICATES);
    if (ca_bundle != NULL) {
        bool folder = is_folder(ca_bundle);
        t->curl->easy_setopt(t->easy, CURLOPT_CAINFO, folder ? NULL : ca_bundle);
        t->curl->easy_setopt(t->easy, CURLOPT_CAPATH, folder ? ca_bundle : NULL);
    } else if (hashed) {  // reading the whole bundle costs 35 ms
        t->curl->easy_setopt(t->easy, CURLOPT_CAINFO, NULL);
        t->curl->easy_setopt(t->easy, CURLOPT_CAPATH, SYSTEM_CERTIFICATES);
    }
    t->curl->easy_setopt(t->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static bool set_limits(struct transfer *t, int64_t timeout_ms) {
    bool ok = t->curl->easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
    t->curl->easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
    t->curl->easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    t->curl->easy_setopt(t->easy, CURLOPT_TCP_NODELAY, 1L);
    t->curl->easy_setopt(t->easy, CURLOPT_TCP_KEEPALIVE, 1L);
    t->curl->easy_setopt(t->easy, CURLOPT_MAXAGE_CONN, HTTP_IDLE_S);
    t->curl->easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    t->curl->easy_setopt(t->easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    t->curl->easy_setopt(t->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    bool short_one = timeout_ms > 0 && timeout_ms < HTTP_CONNECT_MS;
    t->curl->easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS,
                         short_one ? (long)timeout_ms : HTTP_CONNECT_MS);
    t->curl->easy_setopt(t->easy, CURLOPT_TIMEOUT_MS,
                         timeout_ms > 0 ? (long)timeout_ms : HTTP_TOTAL_MS);
    return ok;
}

// A GET has no body; a PUT here has an empty one, which libcurl knows as a POST.
static bool set_method(struct transfer *t, const char *method) {
    if (method != NULL && strcmp(method, "GET") == 0)
        return t->curl->easy_setopt(t->easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    t->curl->easy_setopt(t->easy, CURLOPT_POST, 1L);
    return method == NULL ||
           t->curl->easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
}

static bool set_callbacks(struct transfer *t) {
    t->curl->easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_len);
    t->curl->easy_setopt(t->easy, CURLOPT_READFUNCTION, give_body);
    t->curl->easy_setopt(t->easy, CURLOPT_READDATA, t);
    t->curl->easy_setopt(t->easy, CURLOPT_SEEKFUNCTION, refuse_rewind);
    t->curl->easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, take_body);
    t->curl->easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    t->curl->easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, take_header);
    t->curl->easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
    return t->curl->easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->reason) == CURLE_OK;
}

static bool add_header(struct transfer *t, const char *name, const char *value) {
    struct buf line = BUF_EMPTY;
    buf_printf(&line, "%s: %s", name, value);
    struct curl_slist *grown =
        line.failed ? NULL : t->curl->slist_append(t->headers, buf_str(&line));
    buf_wipe(&line);  // a session token passes here
    if (grown != NULL) t->headers = grown;
    return grown != NULL;
}

static bool set_headers(struct transfer *t, const struct http_request *r, struct err *e) {
    for (size_t i = 0; i < r->header_count; i++) {
        const struct http_header *h = &r->headers[i];
        if (strpbrk(h->value, "\r\n") != NULL || strpbrk(h->name, "\r\n:") != NULL)
            return err_set(e, ERR_INVALID, "the header %.60s has a line end in it", h->name);
        if (!add_header(t, h->name, h->value)) return err_memory(e);
    }
    // No waiting for a 100 Continue; no content type that libcurl makes up.
    static const char *const without[] = {"Expect:", "Content-Type:"};
    for (size_t i = 0; i < (r->method != NULL ? 2 : 1); i++) {
        struct curl_slist *grown = t->curl->slist_append(t->headers, without[i]);
        if (grown == NULL) return err_memory(e);
        t->headers = grown;
    }
    return t->curl->easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK ||
           err_memory(e);
}

static char *origin_of(const char *url) {
    const char *host = strstr(url, "://");
    size_t len = host != NULL ? (size_t)(host - url) + 3 : 0;
    len += strcspn(url + len, "/?#");
    return strndup(url, len);
}

static bool set_all(struct transfer *t, const struct http_request *r, const char *ca_bundle,
                    struct err *e) {
    t->origin = origin_of(r->url);
    t->easy = t->curl->easy_init();
    if (t->origin == NULL || t->easy == NULL) return err_memory(e);
    if (!set_limits(t, r->timeout_ms) || !set_method(t, r->method) || !set_callbacks(t) ||
        t->curl->easy_setopt(t->easy, CURLOPT_URL, r->url) != CURLE_OK)
        return err_set(e, ERR_SYSTEM, "libcurl refuses an option: is it older than 7.85?");
    set_certificates(t, ca_bundle);
    if (r->direct) t->curl->easy_setopt(t->easy, CURLOPT_PROXY, "");
    return set_headers(t, r, e);
}

struct transfer *transfer_new(const struct curl_functions *curl, const struct http_request *r,
                              const char *ca_bundle, struct err *e) {
    struct transfer *t = calloc(1, sizeof *t);
    if (t == NULL) {
        err_memory(e);
        return NULL;
    }
    t->curl = curl;
    t->body = r->body;
    t->body_len = r->body_len;
    t->starting = r->starting;
    http_headers_clear(&t->response);
    if (set_all(t, r, ca_bundle, e)) return t;
    transfer_free(t);
    return NULL;
}

void transfer_free(struct transfer *t) {
    if (t->easy != NULL) t->curl->easy_cleanup(t->easy);
    t->curl->slist_free_all(t->headers);
    buf_wipe(&t->received);  // it may hold credentials
    free(t->origin);
    free(t);
}

// --- the outcome ---------------------------------------------------------------------------

// Failures that come again however often it is tried.
static bool is_hopeless(CURLcode result) {
    return result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE ||
           result == CURLE_URL_MALFORMAT || result == CURLE_UNSUPPORTED_PROTOCOL ||
           result == CURLE_SSL_ISSUER_ERROR;
}

static const char *way_out(CURLcode result) {
    if (result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE)
        return "; AWS_CA_BUNDLE names the certificates to trust";
    if (result == CURLE_SSL_CONNECT_ERROR) return "; cordon wants TLS 1.2 or newer";
    if (result == CURLE_COULDNT_RESOLVE_HOST) return "; check the Region's name and the endpoint";
    return "";
}

static void describe(struct transfer *t) {
    struct http_response *r = &t->response;
    const char *why = t->reason[0] != '\0' ? t->reason : t->curl->easy_strerror(t->result);
    if (t->too_large) why = "the answer is larger than it may be";
    if (t->result == CURLE_SEND_FAIL_REWIND) why = "the connection ended without an answer";
    struct buf shown = BUF_EMPTY;
    text_escape(&shown, why, strlen(why), 300);
    err_set(&r->err, r->timed_out ? ERR_TIMEOUT : ERR_NETWORK, "%.200s: %s%s", t->origin,
            buf_str(&shown), way_out(t->result));
    buf_free(&shown);
}

void transfer_finish(struct transfer *t) {
    struct http_response *r = &t->response;
    if (t->withdrawn) {
        r->fate = HTTP_WITHDRAWN;
        return;
    }
    if (t->result == CURLE_OK) {
        long status = 0;
        t->curl->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        r->fate = HTTP_ANSWERED;
        r->status = (int)status;
        r->body = buf_str(&t->received);
        r->body_len = t->received.len;
        return;
    }
    r->timed_out = t->result == CURLE_OPERATION_TIMEDOUT;
    if (t->body_asked)
        r->fate = HTTP_UNKNOWN;
    else
        r->fate = is_hopeless(t->result) ? HTTP_REFUSED : HTTP_NOT_SENT;
    describe(t);
}
