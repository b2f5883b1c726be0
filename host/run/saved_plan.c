// saved_plan.c - writes a plan to its file, reads it, and checks where it is for.
#include "run/saved_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "journal/runs.h"
#include "run/origin.h"

#define KIND "cordon-plan"
#define MOST_BYTES ((size_t)16 * 1024 * 1024)
#define HOUR_US INT64_C(3600000000)

// --- writing -----------------------------------------------------------------

bool saved_plan_fingerprint(const struct val *before, char out[65]) {
    struct buf text = BUF_EMPTY;
    json_print(&text, before);
    bool ok = !text.failed && sha256_hex(buf_str(&text), text.len, out);
    buf_free(&text);
    return ok;
}

// What a reader wants to see, and the before-state as its fingerprint.
static struct val *call_kept(const struct val *call, struct err *e) {
    char fingerprint[SHA256_HEX];
    struct val *v = val_copy(call);
    if (val_as_bool(val_get(call, "redacted"), false)) {
        val_unref(v);
        err_set(e, ERR_REFUSED,
                "%s has a secret parameter, which a file must not hold, so it could not be compared "
                "later; use `cordon run`",
                val_get_str(call, "operation", "?"));
        return NULL;
    }
    if (v && saved_plan_fingerprint(val_get(call, "before"), fingerprint) &&
        val_set(v, "before_sha256", val_cstr(fingerprint)) && val_set(v, "before", val_nil()) &&
        val_set(v, "result", val_nil()))
        return v;
    val_unref(v);
    err_memory(e);
    return NULL;
}

static struct val *step_kept(const struct val *step, struct err *e) {
    const struct val *calls = val_get(step, "calls");
    struct val *v = val_copy(step), *kept = val_list();
    bool ok = (v && kept) || err_memory(e);
    for (size_t i = 0; ok && i < val_count(calls); i++) {
        struct val *call = call_kept(val_at(calls, i), e);
        ok = call && (val_append(kept, call) || err_memory(e));
    }
    ok = ok && (val_set(v, "calls", val_ref(kept)) || err_memory(e));
    val_unref(kept);
    if (ok) return v;
    val_unref(v);
    return NULL;
}

static struct val *steps_kept(const struct plan *p, struct model *m, struct err *e) {
    struct val *steps = plan_to_val(p, m, e), *kept = val_list();
    bool ok = steps && (kept || err_memory(e));
    for (size_t i = 0; ok && i < val_count(steps); i++) {
        struct val *step = step_kept(val_at(steps, i), e);
        ok = step && (val_append(kept, step) || err_memory(e));
    }
    val_unref(steps);
    if (ok) return kept;
    val_unref(kept);
    return NULL;
}

static bool set_text(struct val *v, const char *key, const char *text) {
    return val_set(v, key, text ? val_cstr(text) : val_nil());
}

static bool set_times(struct val *v, int64_t started_us) {
    char created[CLOCK_ISO_SIZE], expires[CLOCK_ISO_SIZE];
    int64_t now = clock_now_us(), end = now + SAVED_PLAN_HOURS * HOUR_US;
    clock_iso_us(now, created);
    clock_iso_us(end, expires);
    return val_set(v, "started_us", val_int(started_us)) && set_text(v, "created", created) &&
           set_text(v, "expires", expires);
}

// "aws", "aws-cn", "aws-us-gov", of the caller's ARN.
static struct val *partition_of(const struct scene *s) {
    const char *arn = val_get_str(s->identity, "Arn", "");
    const char *start = strncmp(arn, "arn:", 4) == 0 ? arn + 4 : "";
    return val_string(start, strcspn(start, ":"));
}

static struct val *file_value(const struct saved_facts *f, struct val *steps) {
    char id[37];
    const struct scene *s = f->scene;
    struct val *v = val_map();
    bool ok = v && random_uuid(id) && val_set(v, "format_version", val_int(1)) &&
              set_text(v, "kind", KIND) && set_text(v, "id", id) && set_text(v, "run", f->run) &&
              set_times(v, f->started_us) && set_text(v, "version", CORDON_VERSION) &&
              set_text(v, "playbook", val_get_str(f->declaration, "name", f->source->file)) &&
              origin_set(v, f->source, f->modules) && val_set(v, "given", val_ref(f->given)) &&
              val_set(v, "args", f->args ? val_ref(f->args) : val_map()) &&
              val_set(v, "labels", val_ref(s->labels)) && set_text(v, "ticket", s->ticket) &&
              set_text(v, "account", scene_account(s)) &&
              val_set(v, "partition", partition_of(s)) && set_text(v, "region", s->region) &&
              set_text(v, "profile", s->profile) &&
              set_text(v, "endpoint_url", s->endpoint_url) &&
              set_text(v, "backend", scene_is_simulated(s) ? "simulator" : "aws") &&
              val_set(v, "steps", val_ref(steps));
    if (ok) return v;
    val_unref(v);
    return NULL;
}

static bool is_there(const char *path, struct err *e) {
    return err_set(e, ERR_USAGE, "%s is there already; remove it, or give --out another name", path);
}

bool saved_plan_can_write(const char *path, struct err *e) {
    return access(path, F_OK) != 0 || is_there(path, e);
}

static bool write_all(int fd, const struct buf *text) {
    for (size_t done = 0; done < text->len;) {
        ssize_t n = write(fd, text->data + done, text->len - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        done += (size_t)n;
    }
    return fsync(fd) == 0;
}

static bool sync_folder_of(const char *path, struct err *e) {
    char *copy = strdup(path);
    bool ok = copy ? file_sync_dir(dirname(copy), e) : err_memory(e);
    free(copy);
    return ok;
}

static bool write_new(const char *path, const struct buf *text, struct err *e) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST) return is_there(path, e);
    if (fd < 0) return err_errno(e, "cannot write %s", path);
    bool ok = write_all(fd, text) || err_errno(e, "cannot write %s", path);
    ok = (close(fd) == 0 || !ok || err_errno(e, "cannot write %s", path)) && ok;
    if (ok) return sync_folder_of(path, e);
    unlink(path);
    return false;
}

bool saved_plan_write(const char *path, const struct saved_facts *f, const struct plan *p,
                      struct model *m, struct err *e) {
    struct val *steps = steps_kept(p, m, e);
    struct val *v = steps ? file_value(f, steps) : NULL;
    if (steps && !v) err_memory(e);
    struct buf text = BUF_EMPTY;
    if (v) json_print_pretty(&text, v);
    buf_add_char(&text, '\n');
    bool ok = v && (!text.failed || err_memory(e)) && write_new(path, &text, e);
    buf_free(&text);
    val_unref(steps);
    val_unref(v);
    return ok;
}

// --- reading -----------------------------------------------------------------

static bool bad(const char *path, const char *what, struct err *e) {
    return err_set(e, ERR_INVALID, "%s: %s", path, what);
}

static bool is_text(const struct val *v, const char *key) {
    const struct val *text = val_get(v, key);
    return val_str_len(text) && strlen(val_as_str(text, "")) == val_str_len(text);
}

static bool is_uuid(const char *s) {
    return strlen(s) == 36 && strspn(s, "0123456789abcdef-") == 36;
}

static bool are_texts(const struct val *v) {
    for (size_t i = 0; i < val_count(v); i++)
        if (val_type(val_at(v, i)) != VAL_STRING) return false;
    return val_type(v) == VAL_MAP;
}

static bool check_members(const char *path, const struct val *v, struct err *e) {
    static const char *const texts[] = {"id",   "run",     "version", "playbook", "file",
                                        "sha256", "account", "region",  "backend",  "expires"};
    if (val_type(v) != VAL_MAP || strcmp(val_get_str(v, "kind", ""), KIND) != 0)
        return bad(path, "it is no plan of cordon's (`cordon plan PLAYBOOK ... --out FILE` makes one)", e);
    if (val_as_int(val_get(v, "format_version"), 0) != 1)
        return bad(path, "its format_version is not 1: another cordon made it; plan again", e);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!is_text(v, texts[i])) return err_set(e, ERR_INVALID, "%s: it has no text as \"%s\"", path, texts[i]);
    if (!is_uuid(val_get_str(v, "id", ""))) return bad(path, "its \"id\" is no UUID", e);
    if (strlen(val_get_str(v, "run", "")) >= RUN_ID_SIZE) return bad(path, "its \"run\" is too long", e);
    if (val_as_int(val_get(v, "started_us"), 0) <= 0) return bad(path, "it has no \"started_us\"", e);
    if (!are_texts(val_get(v, "given"))) return bad(path, "its \"given\" is no map of texts", e);
    if (!val_is_nil(val_get(v, "modules")) && !are_texts(val_get(v, "modules")))
        return bad(path, "its \"modules\" is no map of texts", e);
    if (val_type(val_get(v, "args")) != VAL_MAP) return bad(path, "its \"args\" is no map", e);
    return true;
}

// The steps are as a plan has them: whoever compares them need not doubt a type.
static bool check_steps(const char *path, struct model *m, const struct val *steps, struct err *e) {
    struct plan plan;
    bool ok = (plan_init(&plan) || err_memory(e)) &&
              (plan_from_val(&plan, m, steps, e) || err_prefix(e, "%s", path));
    plan_free(&plan);
    return ok;
}

static bool check_time(const char *path, const struct val *v, struct err *e) {
    const char *text = val_get_str(v, "expires", "");
    int64_t end;
    if (!clock_parse(text, strlen(text), &end)) return bad(path, "its \"expires\" is no time", e);
    if (clock_now_us() < end) return true;
    return err_set(e, ERR_LEFT_PLAN,
                   "the plan expired at %s, %d hours after it was made; plan again. Nothing was changed",
                   text, SAVED_PLAN_HOURS);
}

bool saved_plan_read(const char *path, struct model *m, struct saved_plan *out, struct err *e) {
    struct buf text = BUF_EMPTY;
    *out = (struct saved_plan){0};
    struct val *v = file_read(path, MOST_BYTES, &text, e)
                        ? json_parse(buf_str(&text), text.len, path, e)
                        : NULL;
    buf_free(&text);
    bool ok = v && check_members(path, v, e) && check_steps(path, m, val_get(v, "steps"), e) &&
              check_time(path, v, e);
    out->value = v;
    if (!ok) saved_plan_free(out);
    if (!ok) return false;
    out->id = val_get_str(v, "id", "");
    out->run = val_get_str(v, "run", "");
    out->started_us = val_as_int(val_get(v, "started_us"), 0);
    out->given = val_get(v, "given");
    out->args = val_get(v, "args");
    out->steps = val_get(v, "steps");
    return true;
}

void saved_plan_free(struct saved_plan *s) {
    val_unref(s->value);
    *s = (struct saved_plan){0};
}

// --- where it is for ---------------------------------------------------------

static bool differs(const char *what, const char *then, const char *now, struct err *e) {
    return err_set(e, ERR_LEFT_PLAN, "the plan is for %s %s, this is %s. Nothing was changed", what,
                   *then ? then : "(none)", *now ? now : "(none)");
}

bool saved_plan_is_for(const struct saved_plan *s, const struct scene *scene, struct err *e) {
    const struct val *v = s->value;
    const char *account = val_get_str(v, "account", ""), *region = val_get_str(v, "region", ""),
               *backend = val_get_str(v, "backend", ""),
               *endpoint = val_get_str(v, "endpoint_url", "");
    const char *now = scene_is_simulated(scene) ? "simulator" : "aws";
    if (strcmp(backend, now) != 0) return differs("the backend", backend, now, e);
    if (strcmp(account, scene_account(scene)) != 0)
        return err_set(e, ERR_CREDENTIALS,
                       "the plan is for account %s, these credentials are of %s; use another --profile. "
                       "Nothing was changed",
                       account, scene_account(scene));
    if (strcmp(region, scene->region ? scene->region : "") != 0)
        return differs("the Region", region, scene->region ? scene->region : "", e);
    now = scene->endpoint_url ? scene->endpoint_url : "";
    return strcmp(endpoint, now) == 0 || differs("the endpoint", endpoint, now, e);
}
