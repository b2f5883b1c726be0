// endpoint.c - which Region, and where a service is.
//
// Owns: the order in which Regions and endpoints are looked for, the standard host names
// by partition. It resolves no names and opens no connection.
#include "aws/endpoint.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

// --- Region ---------------------------------------------------------------------

static bool region_is_valid(const char *name) {
    size_t len = strlen(name);
    if (len == 0 || len >= REGION_SIZE || name[0] == '-' || name[len - 1] == '-') return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

bool endpoint_check_region(const char *name, const char *from, char region[REGION_SIZE],
                           struct err *e) {
    if (!region_is_valid(name)) {
        struct buf shown = BUF_EMPTY;
        text_escape(&shown, name, strlen(name), 60);
        err_set(e, ERR_USAGE,
                "\"%s\" (%s) is not a Region: its name has only a-z, 0-9 and '-', as eu-west-1",
                buf_str(&shown), from);
        buf_free(&shown);
        return false;
    }
    snprintf(region, REGION_SIZE, "%s", name);
    return true;
}

static bool no_region(const struct config *c, struct err *e) {
    struct buf files = BUF_EMPTY;
    profiles_describe_files(c->files, &files);
    err_set(e, ERR_USAGE,
            "no Region: looked at --region, AWS_REGION, AWS_DEFAULT_REGION and \"region\" of "
            "profile %.100s in %s. Give --region, as --region eu-west-1",
            c->profile, buf_str(&files));
    buf_free(&files);
    return false;
}

const char *endpoint_region_named(const struct config *c, const char **value) {
    if ((*value = c->region_flag) != NULL) return "--region";
    static const char *const variables[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
    for (size_t i = 0; i < 2; i++)
        if ((*value = config_env(variables[i])) != NULL) return variables[i];
    *value = config_get(c, "region");
    return *value != NULL ? "the profile's region" : NULL;
}

bool endpoint_region(const struct config *c, char region[REGION_SIZE], struct err *e) {
    const char *value;
    const char *from = endpoint_region_named(c, &value);
    region[0] = '\0';
    return from != NULL ? endpoint_check_region(value, from, region, e) : no_region(c, e);
}

// --- standard endpoints -----------------------------------------------------------

struct partition {
    const char *name;
    const char *region_prefix;
    const char *suffix;
    const char *dualstack_suffix;  // NULL: it has none
    bool plain_fips;               // its usual endpoints are FIPS endpoints
    // IAM is one for the whole partition; NULL: where is not known here.
    const char *iam_label, *iam_dualstack_label, *iam_region;
};

static const struct partition PARTITIONS[] = {
    {"aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", false, ".cn-north-1",
     ".global", "cn-north-1"},
    {"aws-us-gov", "us-gov-", "amazonaws.com", "api.aws", true, ".us-gov", ".us-gov",
     "us-gov-west-1"},
    {"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud", false, NULL, NULL, NULL},
    {"aws-iso-f", "us-isof-", "csp.hci.ic.gov", NULL, false, NULL, NULL, NULL},
    {"aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov", false, NULL, NULL, NULL},
    {"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", NULL, false, NULL, NULL, NULL},
    {"aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu", false, NULL, NULL, NULL},
    {"aws", "", "amazonaws.com", "api.aws", false, "", ".global", "us-east-1"},
};

static const struct partition *partition_of(const char *region) {
    const struct partition *p = PARTITIONS;
    while (!text_starts(region, p->region_prefix)) p++;
    return p;
}

const char *endpoint_partition(const char *region) {
    return partition_of(region)->name;
}

static bool no_such_endpoint(const struct service *s, const char *region, const char *what,
                             struct err *e) {
    return err_set(e, ERR_USAGE,
                   "%s in Region %s has no %s endpoint that is known here: give --endpoint-url or "
                   "AWS_ENDPOINT_URL",
                   s->name, region, what);
}

// One for all Regions of the partition, and signed for one of them.
static bool iam_endpoint(const struct partition *p, bool fips, bool dualstack, char *url,
                         size_t size, struct endpoint *out) {
    if (p->iam_label == NULL) return false;
    snprintf(url, size, "https://iam%s%s.%s/", fips && !p->plain_fips ? "-fips" : "",
             dualstack ? p->iam_dualstack_label : p->iam_label,
             dualstack ? p->dualstack_suffix : p->suffix);
    snprintf(out->signing_region, sizeof out->signing_region, "%s", p->iam_region);
    return true;
}

static bool standard_endpoint(const struct config *c, const struct service *s, const char *region,
                              struct endpoint *out, struct err *e) {
    const struct partition *p = partition_of(region);
    bool fips = config_switch(c, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
    bool dualstack = config_switch(c, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
    bool fips_name = fips && (dualstack || !p->plain_fips);
    char url[512];
    if (dualstack && p->dualstack_suffix == NULL)
        return no_such_endpoint(s, region, "dualstack", e);
    struct endpoint global = {.signing_region = ""};
    if (strcmp(s->name, "iam") == 0) {
        if (!iam_endpoint(p, fips, dualstack, url, sizeof url, &global))
            return no_such_endpoint(s, region, "global", e);
    } else {
        snprintf(url, sizeof url, "https://%s%s.%s.%s/", s->endpoint_prefix,
                 fips_name ? "-fips" : "", region, dualstack ? p->dualstack_suffix : p->suffix);
    }
    if (!endpoint_parse(url, "the standard endpoint", out, e)) return false;
    snprintf(out->from, sizeof out->from, "AWS's own of partition %s%s%s", p->name,
             fips ? ", FIPS" : "", dualstack ? ", dualstack" : "");
    memcpy(out->signing_region, global.signing_region, sizeof out->signing_region);
    return true;
}

// --- configured endpoints -----------------------------------------------------------

static bool from_services(const struct config *c, const struct service *s, const char **url,
                          struct err *e) {
    const char *section = config_get(c, "services");
    if (section == NULL) return true;
    if (!profiles_has_services(c->files, section))
        return err_set(e, ERR_USAGE,
                       "profile %.100s says services = %.100s, but there is no section "
                       "[services %.100s] in the config file",
                       c->profile, section, section);
    *url = profiles_services_get(c->files, section, s->config_name, "endpoint_url");
    return true;
}

struct found {
    const char *url;  // NULL: nothing is configured
    char from[96];
};

static bool found_in(struct found *f, const char *url, const char *from) {
    f->url = url;
    snprintf(f->from, sizeof f->from, "%s", from);
    return url != NULL && url[0] != '\0';
}

// "AWS_ENDPOINT_URL_EC2"
static void service_variable(const struct service *s, char *out, size_t size) {
    snprintf(out, size, "AWS_ENDPOINT_URL_%s", s->config_name);
    for (char *p = out; *p != '\0'; p++)
        *p = *p == '-' ? '_' : *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
}

static bool configured_url(const struct config *c, const struct service *s, struct found *f,
                           struct err *e) {
    char variable[96];
    const char *in_services = NULL;
    service_variable(s, variable, sizeof variable);
    if (found_in(f, c->endpoint_flag, "--endpoint-url")) return true;
    if (config_switch(c, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"))
        return true;
    if (found_in(f, config_env(variable), variable)) return true;
    if (found_in(f, config_env("AWS_ENDPOINT_URL"), "AWS_ENDPOINT_URL")) return true;
    if (!from_services(c, s, &in_services, e)) return false;
    if (found_in(f, in_services, "the profile's services section")) return true;
    found_in(f, config_get(c, "endpoint_url"), "the profile's endpoint_url");
    return true;
}

static bool check_variants(const struct config *c, const char *from, struct err *e) {
    bool fips = config_switch(c, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
    if (!fips && !config_switch(c, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"))
        return true;
    return err_set(e, ERR_USAGE,
                   "%s endpoints are asked for, but %s gives an endpoint of its own: drop one "
                   "of the two (AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true drops the latter)",
                   fips ? "FIPS" : "dualstack", from);
}

bool endpoint_resolve(const struct config *c, const struct service *s, const char *region,
                      struct endpoint *out, struct err *e) {
    struct found f;
    if (!configured_url(c, s, &f, e)) return false;
    if (f.url == NULL) {
        if (!standard_endpoint(c, s, region, out, e)) return false;
    } else {
        if (!check_variants(c, f.from, e) || !endpoint_parse(f.url, f.from, out, e)) return false;
        out->configured = true;
        snprintf(out->from, sizeof out->from, "%s", f.from);
    }
    if (out->signing_region[0] == '\0')
        snprintf(out->signing_region, sizeof out->signing_region, "%s", region);
    if (c->loopback_only && !out->loopback)
        return err_set(e, ERR_REFUSED,
                       "this build talks to loopback endpoints only, and %.200s is none: give "
                       "--endpoint-url http://127.0.0.1:PORT",
                       out->host);
    return true;
}
