// doctor_facts.c - what `doctor` finds out.
//
// Owns: the questions it asks AWS (reads, and DryRun=true) and the machine. It changes
// nothing, and what it could not find out it says.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "journal/runs.h"

#define OFFSET_MAX_US ((int64_t)60 * 1000000)  // AWS takes five minutes

struct facts {
    struct host *host;
    struct val *report, *checks;
    bool healthy, memory;
};

bool doctor_check(struct val *checks, const char *name, bool ok, struct val *text) {
    struct val *row = val_map();
    bool good = row && val_set(row, "text", val_ref(text)) && val_set(row, "name", val_cstr(name)) &&
                val_set(row, "ok", val_bool(ok));
    val_unref(text);
    if (good) return val_append(checks, row);
    val_unref(row);
    return false;
}

static void check(struct facts *f, const char *name, bool ok, struct val *text) {
    if (!ok) f->healthy = false;
    if (!doctor_check(f->checks, name, ok, text)) f->memory = false;
}

// --- AWS --------------------------------------------------------------------------------------

struct answer {
    struct aws_reply reply;
    struct val *value;
    int64_t ms;
};

static bool ask(struct facts *f, const char *service, const char *operation, bool dry_run,
                struct answer *a) {
    struct val *params = val_map();
    struct err e = {0};
    *a = (struct answer){0};
    const struct operation *op = model_operation(f->host->model, service, operation, &e);
    bool ok = op && params && (!dry_run || val_set(params, "DryRun", val_bool(true)));
    struct aws_call call = {.op = op, .params = params};
    if (ok) ok = aws_wait(f->host->backend.aws, &call, &a->reply, &a->value);
    else a->reply.err = e;
    val_unref(params);
    a->ms = (a->reply.answered_us - a->reply.sent_us) / 1000;
    return ok;
}

static bool check_keys(struct facts *f) {
    struct err e = {0};
    bool ok = aws_credentials(f->host->backend.aws, &e);
    check(f, "keys", ok, ok ? val_printf("from %s", aws_credential_source(f->host->backend.aws))
                            : val_cstr(e.message));
    return ok;
}

static bool check_identity(struct facts *f) {
    struct answer a;
    bool ok = ask(f, "sts", "get_caller_identity", false, &a);
    check(f, "identity", ok,
          ok ? val_printf("%.300s, account %.20s (%lld ms)", val_get_str(a.value, "Arn", "?"),
                          val_get_str(a.value, "Account", "?"), (long long)a.ms)
             : val_printf("%.80s: %.800s", a.reply.err.code, a.reply.err.message));
    if (ok && !val_set(f->report, "identity", val_ref(a.value))) f->memory = false;
    val_unref(a.value);
    return ok;
}

// Readable or not, it is no fault.
static void check_alias(struct facts *f) {
    struct answer a;
    bool ok = ask(f, "iam", "list_account_aliases", false, &a);
    const char *alias = val_as_str(val_path(a.value, "AccountAliases", "0", NULL), NULL);
    check(f, "account alias", true,
          ok && alias ? val_cstr(alias)
          : ok        ? val_cstr("none")
                      : val_printf("not readable (%.80s)", a.reply.err.code));
    if (alias && !val_set(f->report, "alias", val_cstr(alias))) f->memory = false;
    val_unref(a.value);
}

static void check_ec2(struct facts *f) {
    struct answer a;
    bool ok = ask(f, "ec2", "describe_instances", true, &a) ||
              err_is(&a.reply.err, "DryRunOperation");
    check(f, "EC2", ok,
          ok ? val_printf("reachable in %lld ms; DescribeInstances is allowed", (long long)a.ms)
             : val_printf("%.80s: %.800s", a.reply.err.code, a.reply.err.message));
    val_unref(a.value);
}

static void check_clock(struct facts *f) {
    int64_t us;
    if (!aws_clock_offset(f->host->backend.aws, &us)) {
        check(f, "clock", true, val_cstr("not compared: no server said its time"));
        return;
    }
    bool ok = us < OFFSET_MAX_US && us > -OFFSET_MAX_US;
    if (!val_set(f->report, "clock_offset_ms", val_int(us / 1000))) f->memory = false;
    bool same = us < 1500000 && us > -1500000;  // a server says whole seconds
    if (same) check(f, "clock", true, val_cstr("agrees with the server's"));
    else check(f, "clock", ok,
          val_printf("this machine's is %.1f s %s the server's%s", (double)(us < 0 ? -us : us) / 1e6,
                     us < 0 ? "ahead of" : "behind", ok ? "" : ": set it, AWS takes 5 minutes at most"));
}

static void check_settings(struct facts *f) {
    struct val *settings = aws_explain(f->host->backend.aws);
    static const char *const problems[] = {"problem", "region_problem"};
    for (size_t i = 0; i < 2; i++) {
        const char *problem = val_get_str(settings, problems[i], NULL);
        if (problem) check(f, "settings", false, val_cstr(problem));
    }
    const struct val *endpoints = val_get(settings, "endpoints");
    for (size_t i = 0; i < val_count(endpoints); i++) {
        const struct val *row = val_at(endpoints, i);
        const char *problem = val_get_str(row, "problem", NULL);
        bool needed = strcmp(val_get_str(row, "service", ""), "iam") != 0;
        if (problem && needed) check(f, "endpoint", false, val_cstr(problem));
    }
    if (!settings || !val_set(f->report, "settings", settings)) f->memory = false;
}

// --- the machine --------------------------------------------------------------------------------

// Writable, or could be made: the nearest folder above that is there decides.
static void check_state(struct facts *f) {
    struct buf folder = BUF_EMPTY;
    struct err e;
    if (!runs_folder(&folder, &e)) {
        check(f, "state folder", false, val_cstr(e.message));
        return;
    }
    char *at = strdup(buf_str(&folder));
    while (at && access(at, F_OK) != 0 && strrchr(at, '/') > at) *strrchr(at, '/') = '\0';
    bool ok = at && access(at, W_OK | X_OK) == 0;
    check(f, "state folder", ok,
          val_printf("%.300s (%s)", buf_str(&folder),
                     ok ? "writable" : "NOT writable: no run can keep its journal"));
    free(at);
    buf_free(&folder);
}

static struct val *policy_text(const struct policy *p) {
    const struct val *v = policy_value(p), *protected = val_get(v, "protected");
    struct buf text = BUF_EMPTY;
    size_t accounts = val_count(val_get(v, "accounts")), regions = val_count(val_get(v, "regions"));
    buf_printf(&text, "%s: ", policy_path(p));
    if (accounts) buf_printf(&text, "%zu account%s", accounts, accounts == 1 ? "" : "s");
    else buf_add_str(&text, "any account");
    if (regions) buf_printf(&text, ", %zu Region%s", regions, regions == 1 ? "" : "s");
    else buf_add_str(&text, ", any Region");
    buf_printf(&text, ", %zu ids and %zu tags protected", val_count(val_get(protected, "ids")),
               val_count(val_get(protected, "tags")));
    if (policy_max_hit(p) >= 0) buf_printf(&text, ", at most %lld others hit", (long long)policy_max_hit(p));
    if (val_as_bool(val_get(v, "ticket_required"), false)) buf_add_str(&text, ", --ticket required");
    struct val *said = val_cstr(buf_str(&text));
    buf_free(&text);
    return said;
}

static bool is_allowed_here(const struct facts *f, const struct policy *p) {
    const char *account = val_as_str(val_path(f->report, "identity", "Account", NULL), NULL);
    const char *region = NULL;
    struct err e;
    bool placed = backend_region(&f->host->backend, &region, &e);
    return (!account || policy_allows_account(p, account)) &&
           (!placed || policy_allows_region(p, region));
}

// One that cannot be read stops every verb that changes something.
static void check_policy(struct facts *f) {
    struct policy *p = NULL;
    struct err e;
    bool ok = policy_load(f->host->policy_file, &p, &e);
    if (!ok) check(f, "policy", false, val_cstr(e.message));
    else if (!p) check(f, "policy", true, val_cstr("none: nothing but AWS's own permissions limits a run"));
    else {
        bool here = is_allowed_here(f, p);
        check(f, "policy", true, policy_text(p));
        if (!here)
            check(f, "policy", false, val_cstr("it does not allow this account or Region: see `cordon find`"));
        if (!val_set(f->report, "policy", val_ref(policy_value(p)))) f->memory = false;
    }
    policy_free(p);
}

static void check_terminal(struct facts *f) {
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0) close(fd);
    check(f, "terminal", true,
          val_cstr(fd >= 0 ? "there"
                           : "none: a run that has to ask ends with 5; --yes answers beforehand"));
}

struct val *doctor_facts(struct host *h, bool *healthy) {
    struct facts f = {h, val_map(), val_list(), true, true};
    if (f.report && f.checks) {
        // Keys before settings, which tell what came of it; each later one needs the former.
        if (check_keys(&f) && check_identity(&f)) {
            check_alias(&f);
            check_ec2(&f);
        }
        check_clock(&f);
        check_settings(&f);
        check_state(&f);
        check_policy(&f);
        check_terminal(&f);
    }
    bool ok = f.report && f.checks && f.memory && val_set(f.report, "checks", val_ref(f.checks)) &&
              val_set(f.report, "ok", val_bool(f.healthy));
    val_unref(f.checks);
    *healthy = ok && f.healthy;
    if (ok) return f.report;
    val_unref(f.report);
    return NULL;
}
