// chain-suite.c - runs others' cases of the credential chain: each a folder with env.json,
// fs/, http-traffic.json and test-case.json.
//
// usage: chain-suite FOLDER ...   (a case, or a folder of cases)
// Closes with "N passed, N failed, N skipped".
//
// The recordings are years old and their keys expired: the clock is set to an hour before
// the end of the keys that are expected. Errors are another program's words there; the table
// below says what each means here.
#include "aws/call.h"
#include "base/clock.h"
#include "chain_replay.h"
#include "chain_world.h"

#define HOUR_US ((int64_t)3600 * 1000000)

static int passed, failed, skipped;

struct run {
    const char *name;
    struct world world;
    struct replay replay;
    struct loop *loop;
    struct model *model;
    struct aws *aws;
    struct err err;
    bool ok;
};

// --- errors -----------------------------------------------------------------------------------

// What an error has to say here where another program's error says `theirs`.
static const struct {
    const char *theirs, *ours;
} errors[] = {
    {"provider was not enabled", "no credentials"},
    {"`web_identity_token_file` was specified but `role_arn` was missing",
     "web_identity_token_file but no role_arn"},
    {"will resolve an access token instead of credentials", "no sso_account_id and sso_role_name"},
    {"external process exited with code exit status: 1", "exited with 1"},
    {"infinite loop", "circle"},
    {"was not defined", "no profile"},
    {"did not contain credential", "no credentials"},
};

// "SomethingException: words": the code without its suffix, and the words.
static bool says_exception(const char *theirs, const char *ours) {
    const char *suffix = strstr(theirs, "Exception: ");
    char code[128];
    if (suffix == NULL || suffix - theirs >= (long)sizeof code) return false;
    snprintf(code, sizeof code, "%.*s", (int)(suffix - theirs), theirs);
    return strstr(ours, code) != NULL && strstr(ours, suffix + strlen("Exception: ")) != NULL;
}

// "failed to read `/home/.aws/sso/cache/x.json`: ...": the file's name.
static bool says_file(const char *theirs, const char *ours) {
    const char *start = strchr(theirs, '`'), *end = start != NULL ? strchr(start + 1, '`') : NULL;
    if (strncmp(theirs, "failed to read `", 16) != 0 || end == NULL) return false;
    while (end > start + 1 && *end != '/') end--;
    char name[256];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(end + 1, "`"), end + 1);
    return strstr(ours, name) != NULL;
}

static bool error_fits(const struct run *r, const char *theirs) {
    const char *ours = r->err.message;
    bool known = false, said = says_exception(theirs, ours) || says_file(theirs, ours);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (strstr(theirs, errors[i].theirs) == NULL) continue;
        known = true;
        said = said || strstr(ours, errors[i].ours) != NULL;
    }
    bool pattern = strstr(theirs, "Exception: ") != NULL || strstr(theirs, "failed to read `") != NULL;
    if (said) return true;
    if (known || pattern) return false;
    printf("note: %s: it fails, as it should; the words are not compared: \"%s\" / \"%s\"\n", r->name,
           theirs, ours);
    return true;
}

// --- keys -------------------------------------------------------------------------------------

static bool differs(struct run *r, const char *what, const char *got, const char *wanted) {
    char *to = r->replay.problem;
    if (strcmp(got != NULL ? got : "", wanted != NULL ? wanted : "") == 0) return false;
    snprintf(to, sizeof r->replay.problem, "%s is \"%.200s\", expected is \"%.200s\"", what,
             got != NULL ? got : "", wanted != NULL ? wanted : "");
    return true;
}

static bool keys_fit(struct run *r, const struct val *wanted) {
    const struct credentials *c = resolver_current(r->aws->resolver);
    char got[32] = "", expiry[32] = "";
    if (c == NULL) return !differs(r, "keys", "none", "some");
    if (c->expires_us != 0)
        snprintf(got, sizeof got, "%lld", (long long)(c->expires_us / 1000000));
    if (val_get(wanted, "expiry") != NULL)
        snprintf(expiry, sizeof expiry, "%lld",
                 (long long)val_as_int(val_get(wanted, "expiry"), 0));
    return !differs(r, "access key", c->access_key, val_get_str(wanted, "access_key_id", "")) &&
           !differs(r, "secret", c->secret_key, val_get_str(wanted, "secret_access_key", "")) &&
           !differs(r, "token", c->session_token, val_get_str(wanted, "session_token", "")) &&
           (val_get(wanted, "account_id") == NULL ||
            !differs(r, "account", c->account, val_get_str(wanted, "account_id", ""))) &&
           !differs(r, "expiry", got, expiry);
}

// --- one case -----------------------------------------------------------------------------------

static void fail_case(const struct run *r, const char *why) {
    printf("FAILED %s: %s\n", r->name, why);
    failed++;
}

// The recorded program renewed a sign-in: that is the aws command's to do here.
static bool renews_a_sign_in(const struct run *r) {
    for (size_t i = 0; i < r->replay.count; i++) {
        const char *uri = val_get_str(r->replay.exchanges[i].request, "uri", "");
        if (strstr(uri, "//oidc.") != NULL || strstr(uri, "signin") != NULL) return true;
    }
    return false;
}

// What cordon refuses where the recorded program went on, as the aws command does.
static const char *refused_as_the_aws_command(const struct run *r) {
    if (strstr(r->err.message, "; type: aws ") != NULL && renews_a_sign_in(r))
        return "the sign-in has expired, and cordon renews none: it says which aws command does";
    if (!err_is(&r->err, ERR_USAGE)) return NULL;
    if (strstr(r->err.message, "there is no profile") != NULL)
        return "the profile that AWS_PROFILE names is not there, and no other keys are taken in "
               "its place: they could be another account's";
    if (strstr(r->err.message, "neither [section] nor key") != NULL)
        return "a malformed profile file is refused, not passed over";
    return NULL;
}

static void judge(struct run *r, const struct val *test) {
    const struct val *wanted = val_path(test, "result", "Ok", NULL);
    const char *error = val_as_str(val_path(test, "result", "ErrorContains", NULL), NULL);
    const char *refusal = wanted != NULL && !r->ok ? refused_as_the_aws_command(r) : NULL;
    if (refusal != NULL) {
        printf("skipped %s: %s\n", r->name, refusal);
        skipped++;
        return;
    }
    char left[64];
    snprintf(left, sizeof left, "%zu of %zu recorded requests were made", r->replay.next,
             r->replay.count);
    if (wanted != NULL && !r->ok) fail_case(r, r->err.message);
    else if (r->replay.problem[0] != '\0') fail_case(r, r->replay.problem);
    else if (wanted != NULL && !keys_fit(r, wanted)) fail_case(r, r->replay.problem);
    else if (error != NULL && r->ok) fail_case(r, "keys came out, expected is an error");
    else if (error != NULL && !error_fits(r, error)) fail_case(r, r->err.message);
    else if (r->replay.next != r->replay.count) fail_case(r, left);
    else passed++;
}

static void set_clock(struct run *r, const struct val *test) {
    int64_t end = val_as_int(val_path(test, "result", "Ok", "expiry", NULL), 0);
    if (end != 0) r->aws->skew_us = end * 1000000 - HOUR_US - clock_now_us();
}

// Some cases were recorded with the profile alone, past the environment's keys: --profile.
static const char *profile_flag(const struct run *r, const struct val *test) {
    const char *key = getenv("AWS_ACCESS_KEY_ID"), *named = getenv("AWS_PROFILE");
    const char *wanted = val_as_str(val_path(test, "result", "Ok", "access_key_id", NULL), "");
    if (key == NULL || strcmp(key, wanted) == 0) return NULL;
    printf("note: %s: run with --profile: the environment's keys are not to count\n", r->name);
    return named != NULL ? named : "default";
}

static void resolve(struct run *r, const struct val *test) {
    struct http_carrier carrier = {&r->replay, replay_start};
    struct aws_options o = {.carrier = &carrier, .profile = profile_flag(r, test)};
    int attempts = replay_metadata_attempts(&r->replay);
    char number[16];
    snprintf(number, sizeof number, "%d", attempts);
    if (attempts > 1) {
        printf("note: %s: AWS_METADATA_SERVICE_NUM_ATTEMPTS=%d, as the recorded program tries by "
               "itself\n", r->name, attempts);
        setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", number, 0);
    }
    if (r->world.shelled)
        printf("note: %s: its credential_process leans on a shell: run as sh -c '...'\n", r->name);
    r->replay.loop = r->loop;
    r->aws = aws_new(r->loop, r->model, &o, &r->err);
    if (r->aws == NULL) return;
    set_clock(r, test);
    r->ok = aws_credentials(r->aws, &r->err);
    judge(r, test);
    aws_free(r->aws);
}

static void run_case(const char *folder, struct model *model) {
    struct err e;
    const char *slash = strrchr(folder, '/');
    struct run r = {.name = slash != NULL ? slash + 1 : folder, .model = model};
    struct val *test = world_json(folder, "test-case.json");
    struct val *traffic = world_json(folder, "http-traffic.json");
    bool ready = test != NULL && traffic != NULL && world_open(&r.world, folder) &&
                 replay_load(&r.replay, traffic) && (r.loop = loop_new(&e)) != NULL;
    const struct val *result = val_get(test, "result");
    bool token = val_path(result, "Ok", "token", NULL) != NULL;
    if (!ready) {
        fail_case(&r, "it cannot be read");
    } else if (token) {
        printf("skipped %s: it expects a bearer token, which no service of cordon's takes\n", r.name);
        skipped++;
    } else {
        resolve(&r, test);
    }
    loop_free(r.loop);
    replay_free(&r.replay);
    if (r.world.root[0] != '\0') world_remove(r.world.root);
    val_unref(test);
    val_unref(traffic);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// A case, or the cases in a folder, in the order of their names.
static void run_folder(const char *folder, struct model *model) {
    char path[WORLD_PATH], *names[1024];
    size_t count = 0;
    world_join(path, folder, "test-case.json");
    if (access(path, F_OK) == 0) {
        run_case(folder, model);
        return;
    }
    DIR *d = opendir(folder);
    for (struct dirent *x; d != NULL && count < 1024 && (x = readdir(d)) != NULL;) {
        world_join(path, folder, x->d_name);
        struct stat st;
        if (x->d_name[0] != '.' && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
            names[count++] = strdup(path);
    }
    if (d != NULL) closedir(d);
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) {
        run_folder(names[i], model);
        free(names[i]);
    }
}

int main(int argc, char **argv) {
    struct err e;
    struct model *model = argc > 1 ? model_open(NULL, &e) : NULL;
    if (model == NULL) {
        fprintf(stderr, "usage: chain-suite FOLDER ...\n");
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        char *folder = realpath(argv[i], NULL);
        if (folder == NULL) {
            fprintf(stderr, "%s is not there\n", argv[i]);
            failed++;
            continue;
        }
        run_folder(folder, model);
        free(folder);
    }
    model_free(model);
    if (passed + failed + skipped == 0) failed++;
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed != 0;
}
