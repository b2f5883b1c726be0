// explain.c - every decision of the resolver, told as a value.
//
// Owns: nothing: it asks the parts that decide, in the same order, and changes nothing. It
// never tells a secret.
#include <openssl/crypto.h>
#include <string.h>

#include "aws/call.h"
#include "base/clock.h"

static bool put(struct val *map, const char *key, const char *text) {
    return text == NULL || val_set(map, key, val_cstr(text));
}

static bool put_instant(struct val *map, const char *key, int64_t us) {
    char text[CLOCK_ISO_SIZE];
    if (us == 0) return true;
    clock_iso_us(us, text);
    return val_set(map, key, val_cstr(text));
}

// --- keys -----------------------------------------------------------------------------------

static struct val *tell_keys(const struct aws *a, const struct config *c) {
    struct credential_plan plan;
    struct err e;
    struct val *keys = val_map();
    bool planned = credentials_plan(c, &plan, &e);
    const char *source = resolver_source(a->resolver), *account = resolver_account(a->resolver);
    struct val *looked_at = credentials_explain(c, planned ? &plan : NULL, source[0] != '\0');
    bool ok = keys != NULL && val_set(keys, "looked_at", looked_at) &&
              (planned || put(keys, "problem", e.message)) &&
              put(keys, "source", source[0] != '\0' ? source : NULL) &&
              put(keys, "account", account[0] != '\0' ? account : NULL) &&
              put_instant(keys, "expires", resolver_expires_us(a->resolver));
    if (planned) credential_plan_free(&plan);
    if (ok) return keys;
    if (keys == NULL) val_unref(looked_at);
    val_unref(keys);
    return NULL;
}

// --- endpoints --------------------------------------------------------------------------------

static bool tell_endpoint(struct val *list, struct aws *a, const char *name) {
    struct endpoint at;
    struct err e;
    const struct service *s = model_service(a->model, name, &e);
    struct val *row = val_map();
    bool found = s != NULL && endpoint_resolve(&a->config, s, a->region, &at, &e);
    bool ok = row != NULL && put(row, "service", name) &&
              (found ? put(row, "url", at.url) && put(row, "why", at.from) &&
                           put(row, "signing_region", at.signing_region)
                     : put(row, "problem", e.message));
    if (ok) return val_append(list, row);
    val_unref(row);
    return false;
}

static struct val *tell_endpoints(struct aws *a) {
    static const char *const services[] = {"ec2", "sqs", "sts", "iam"};
    struct val *list = val_list();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < sizeof services / sizeof services[0]; i++)
        ok = tell_endpoint(list, a, services[i]);
    if (ok) return list;
    val_unref(list);
    return NULL;
}

// --- the way there ------------------------------------------------------------------------------

// What libcurl looks at, in its order; a user and password in it are not shown.
static const char *proxy(const char **name) {
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    for (size_t i = 0; i < 4; i++)
        if ((*name = names[i], config_env(names[i])) != NULL) return config_env(names[i]);
    return NULL;
}

static bool tell_proxy(struct val *map) {
    const char *name, *value = proxy(&name);
    if (value == NULL) return put(map, "proxy", "none");
    const char *at = strrchr(value, '@');
    return val_set(map, "proxy", val_printf("%.200s (%s)", at != NULL ? at + 1 : value, name)) &&
           put(map, "no_proxy",
               config_env("no_proxy") != NULL ? config_env("no_proxy") : config_env("NO_PROXY"));
}

static bool tell_ca(struct val *map, const struct config *c) {
    const char *bundle = config_env("AWS_CA_BUNDLE");
    const char *from = bundle != NULL ? "AWS_CA_BUNDLE" : "the profile's ca_bundle";
    if (bundle == NULL) bundle = config_get(c, "ca_bundle");
    if (bundle == NULL) return put(map, "ca_bundle", "the system's");
    return val_set(map, "ca_bundle", val_printf("%.300s (%s)", bundle, from));
}

static bool tell_switches(struct val *map, const struct config *c) {
    return val_set(map, "fips",
                   val_bool(config_switch(c, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"))) &&
           val_set(
               map, "dualstack",
               val_bool(config_switch(c, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")));
}

// --- all of it --------------------------------------------------------------------------------

static bool tell_files(struct val *map, const struct config *c) {
    struct buf files = BUF_EMPTY;
    profiles_describe_files(c->files, &files);
    bool ok = !files.failed && put(map, "files", buf_str(&files)) &&
              put(map, "profile", c->profile) &&
              put(map, "profile_why",
                  c->profile_by_flag                          ? "--profile"
                  : !c->profile_named                         ? "no other was named"
                  : config_env("AWS_DEFAULT_PROFILE") != NULL ? "AWS_DEFAULT_PROFILE"
                                                              : "AWS_PROFILE");
    buf_free(&files);
    return ok;
}

static bool tell_region(struct val *map, struct aws *a) {
    const char *region;
    struct err e;
    if (!aws_region(a, &region, &e)) return put(map, "region_problem", e.message);
    return put(map, "region", region) && put(map, "region_why", a->region_from) &&
           put(map, "partition", endpoint_partition(region)) &&
           val_set(map, "endpoints", tell_endpoints(a));
}

// The files are read again: the door forgot the secrets in its own reading, and whether they
// are there decides what is looked at.
static bool tell(struct val *map, struct aws *a) {
    struct config c;
    struct err e;
    if (!door_config(a, &e) || !config_load(&c, &a->options, &e))
        return put(map, "problem", e.message) && put(map, "problem_code", e.code);
    bool ok = tell_files(map, &c) && tell_region(map, a) &&
              val_set(map, "keys", tell_keys(a, &c)) && tell_switches(map, &c) && tell_proxy(map) &&
              tell_ca(map, &c) && val_set(map, "max_attempts", val_int(a->max_attempts));
    config_free(&c);
    return ok;
}

static bool tell_libraries(struct val *map) {
    struct err e;
    const char *curl = http_library(&e);
    return put(map, "libcurl", curl != NULL ? curl : e.message) &&
           put(map, "openssl", OpenSSL_version(OPENSSL_VERSION));
}

struct val *aws_explain(struct aws *a) {
    struct val *map = val_map();
    if (map != NULL && tell(map, a) && tell_libraries(map)) return map;
    val_unref(map);
    return NULL;
}
