// aws_memory_test.c - memory runs out at every point of fetching keys: an error that says so,
// no crash, no leak, nobody waits for ever. And: large runs are paced, past their budget only.
//
// link: -Wl,--wrap=malloc,--wrap=realloc,--wrap=calloc,--wrap=strdup
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/call.h"
#include "aws/http_headers.h"
#include "aws_files.h"
#include "base/clock.h"
#include "codec/codec.h"
#include "failing.h"

static struct loop *loop;
static struct model *model;

// --- a carrier that answers by what is asked for ----------------------------------------------

#define KEYS                                                                                       \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","    \
    "\"Expiration\":\"2199-01-01T00:00:00Z\"}"
#define KEYS_V1 "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\"}"
#define ROLE(action)                                                                               \
    "<" action "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" action             \
    "Result><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"      \
    "<SessionToken>t</SessionToken><Expiration>2199-01-01T00:00:00Z</Expiration></"                \
    "Credentials></" action "Result></" action "Response>"

static const struct {
    const char *asked, *answer;
} answers[] = {
    {"latest/api/token", "token"},
    {"placement/region", "eu-west-1"},
    {"security-credentials/role", KEYS},
    {"security-credentials/", "role"},
    {"/container", KEYS},
    {"/federation/", "{\"roleCredentials\":{\"accessKeyId\":\"ASIA\",\"secretAccessKey\":\"s\","
                     "\"sessionToken\":\"t\",\"expiration\":7226582400000}}"},
    {"Action=AssumeRoleWithWebIdentity", ROLE("AssumeRoleWithWebIdentity")},
    {"Action=AssumeRole", ROLE("AssumeRole")},
    {"Action=DescribeVpcs", "<DescribeVpcsResponse/>"},
};

struct pending {
    const char *answer;
    http_done *done;
    void *ctx;
    bool (*starting)(void *ctx, struct err *e);
};

// The one that was asked for last, until it is answered: as http_free, whoever frees the door
// drops it.
static struct pending *last;
static struct loop_timer *last_timer;

static void drop_last(void) {
    loop_timer_cancel(last_timer);
    free(last);
    last = NULL;
    last_timer = NULL;
}

static void deliver(void *ctx) {
    struct pending p = *(struct pending *)ctx;
    if (ctx == last) {
        last = NULL;
        last_timer = NULL;
    }
    struct http_response r = {.fate = HTTP_ANSWERED, .status = 200};
    struct err e;
    free(ctx);
    http_headers_clear(&r);
    r.body = p.answer;
    r.body_len = strlen(p.answer);
    if (p.starting != NULL) assert_true(p.starting(p.ctx, &e));
    p.done(p.ctx, &r);
}

static bool carry(void *ctx, const struct http_request *q, http_done *done, void *done_ctx,
                  struct err *e) {
    long left = allocations_left;
    allocations_left = -1;  // the peer's memory is its own
    struct pending *p = calloc(1, sizeof *p);
    *p = (struct pending){.answer = "", .done = done, .ctx = done_ctx, .starting = q->starting};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0] && p->answer[0] == '\0'; i++)
        if (strstr(q->url, answers[i].asked) != NULL ||
            (q->body_len > 0 &&
             memmem(q->body, q->body_len, answers[i].asked, strlen(answers[i].asked)) != NULL))
            p->answer = answers[i].answer;
    last = p;
    last_timer = loop_timer_add(loop, 0, deliver, p);
    assert_non_null(last_timer);
    allocations_left = left;
    (void)ctx;
    (void)e;
    return true;
}

static const struct http_carrier carrier = {.start = carry};

// --- the sweep --------------------------------------------------------------------------------

static void on_too_long(void *ctx) {
    (void)ctx;
    fail_msg("somebody waits for ever");
}

// One attempt with `n` allocations; true when it succeeded with some to spare.
static bool attempt(long n, struct err *why) {
    struct err e = {0};
    struct aws_options o = {.carrier = &carrier};
    struct loop_timer *limit = loop_timer_add(loop, 20000, on_too_long, NULL);
    struct aws *a = aws_new(loop, model, &o, &e);
    const char *region = "";
    assert_non_null(a);
    allocations_left = n;
    bool ok = aws_region(a, &region, &e) && aws_credentials(a, &e);
    bool spare = allocations_left != 0;
    allocations_left = -1;
    if (!ok && e.code[0] == '\0') fail_msg("no error after %ld allocations", n);
    if (ok) assert_string_equal(resolver_current(a->resolver)->secret_key, "s");
    aws_free(a);
    drop_last();
    loop_timer_cancel(limit);
    *why = e;
    return ok && spare;
}

static void sweep(void) {
    long n = 0;
    struct err e;
    while (!attempt(n, &e))
        if (++n > 2000) fail_msg("it does not work with memory either: %s", e.message);
    assert_true(n > 5);
}

static void write_file(const char *name, const char *text, char path[256]) {
    snprintf(path, 256, "%s/%s", aws_files_folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void no_memory_for(void **state) {
    (void)state;
    char path[256], folder[256], config[512];
    aws_files_set("[default]\nregion=eu-west-1\nrole_arn=arn:a\nsource_profile=b\n"
                  "[profile b]\nrole_arn=arn:b\nsource_profile=c\n",
                  "[c]\naws_access_key_id=C\naws_secret_access_key=s\n");
    sweep();
    aws_files_set(NULL, NULL);
    unsetenv("AWS_EC2_METADATA_DISABLED");
    sweep();  // keys and Region of the instance
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/container", 1);
    setenv("AWS_REGION", "eu-west-1", 1);
    sweep();
    write_file("token", "a.b.c", path);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
    setenv("AWS_ROLE_ARN", "arn:w", 1);
    sweep();
    write_file("token", "echo '" KEYS_V1 "'", path);
    snprintf(config, sizeof config, "[default]\nregion=eu-west-1\ncredential_process=sh '%s'\n",
             path);
    aws_files_set(config, NULL);
    sweep();
    unlink(path);
    aws_files_set("[default]\nregion=eu-west-1\nsso_region=eu-west-1\nsso_start_url=u\n"
                  "sso_account_id=1\nsso_role_name=r\n",
                  NULL);
    // sha1("u")
    snprintf(folder, sizeof folder, "%s/.aws/sso/cache", aws_files_folder);
    char command[600];
    snprintf(command, sizeof command, "mkdir -p %s", folder);
    assert_int_equal(system(command), 0);
    write_file(".aws/sso/cache/51e69892ab49df85c6230ccc57f8e1d1606caccc.json",
               "{\"accessToken\":\"x\",\"expiresAt\":\"2199-01-01T00:00:00Z\"}", path);
    sweep();
    snprintf(command, sizeof command, "rm -r %s/.aws", aws_files_folder);
    assert_int_equal(system(command), 0);
}

// --- request budgets at the door
// ------------------------------------------------------------------

static int replies;
static bool all_over;

static void on_reply(void *ctx, const struct aws_reply *r) {
    if (!r->ok) fail_msg("%s", r->err.message);
    all_over = ++replies == *(int *)ctx;
}

static int64_t read_many(const char *endpoint, int count, struct pace_bucket *left) {
    struct err e;
    struct aws_options o = {.carrier = &carrier, .endpoint_url = endpoint, .region = "eu-west-1"};
    struct aws *a = aws_new(loop, model, &o, &e);
    struct val *params = val_map();
    struct aws_call call = {.op = model_operation(model, "ec2", "describe_vpcs", &e),
                            .params = params};
    assert_true(val_set(params, "MaxResults", val_int(5)));
    replies = 0;
    all_over = false;
    int64_t start = clock_mono_ms();
    for (int i = 0; i < count; i++) assert_true(aws_start(a, &call, on_reply, &count, &e));
    assert_true(loop_until(loop, &all_over, false, &e));
    *left = a->pace.buckets[PACE_READ];
    val_unref(params);
    aws_free(a);
    return clock_mono_ms() - start;
}

static void only_what_is_past_the_budget_waits(void **state) {
    (void)state;
    aws_files_set(NULL, NULL);
    setenv("AWS_ACCESS_KEY_ID", "A", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    struct pace_bucket left;
    assert_true(read_many(NULL, 105, &left) >= 750);  // fifteen too many, eighteen a second
    read_many(NULL, 80, &left);
    assert_true(left.tokens >= 0);  // nobody waited
    read_many("http://127.0.0.1:1", 200, &left);
    assert_true(left.at_ms == 0);  // a loopback endpoint is no account of AWS's
}

int main(void) {
    struct err e;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_memory_for),
        cmocka_unit_test(only_what_is_past_the_budget_waits),
    };
    loop = loop_new(&e);
    model = model_open(NULL, &e);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    model_free(model);
    loop_free(loop);
    aws_files_remove();
    return failed;
}
