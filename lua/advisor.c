// advisor.c (lua) - fills the host's struct advisor from stdlib/host/.
//
// Owns: which function of which module answers what. No judgement of its own.
#include "advisor.h"

#include "names.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static bool reads_needed(void *t, const struct val *call, struct val **reads, struct err *e) {
    const struct val *in[] = {call};
    return trusted_call(t, "advisor", "reads_needed", in, COUNT(in), reads, e);
}

static bool before(void *t, const struct val *call, const struct val *answers, struct val **out,
                   struct err *e) {
    const struct val *in[] = {call, answers};
    return trusted_call(t, "advisor", "before", in, COUNT(in), out, e);
}

static bool inverse(void *t, const struct val *call, const struct val *state,
                    const struct val *result, struct val **out, struct err *e) {
    const struct val *in[] = {call, state, result};
    return trusted_call(t, "advisor", "inverse", in, COUNT(in), out, e);
}

static bool diff(void *t, const struct val *call, const struct val *state, struct val **out,
                 struct err *e) {
    const struct val *in[] = {call, state};
    return trusted_call(t, "advisor", "diff", in, COUNT(in), out, e);
}

static bool hits(void *t, const struct val *call, const struct val *state, struct val **out,
                 struct err *e) {
    const struct val *in[] = {call, state};
    return trusted_call(t, "advisor", "hits", in, COUNT(in), out, e);
}

static bool fate_reads(void *t, const struct val *call, struct val **reads, struct err *e) {
    const struct val *in[] = {call};
    return trusted_call(t, "advisor", "fate_reads", in, COUNT(in), reads, e);
}

static bool fate(void *t, const struct val *call, const struct val *answers, struct val **out,
                 struct err *e) {
    const struct val *in[] = {call, answers};
    return trusted_call(t, "advisor", "fate", in, COUNT(in), out, e);
}

static bool undo_reads(void *t, const struct val *changes, struct val **reads, struct err *e) {
    const struct val *in[] = {changes};
    return trusted_call(t, "advisor", "undo_reads", in, COUNT(in), reads, e);
}

static bool undo(void *t, const struct val *changes, const struct val *answers, struct val **plan,
                 struct err *e) {
    const struct val *in[] = {changes, answers};
    return trusted_call(t, "advisor", "undo", in, COUNT(in), plan, e);
}

static bool left(void *t, const struct val *changes, const struct val *answers, struct val **found,
                 struct err *e) {
    const struct val *in[] = {changes, answers};
    return trusted_call(t, "advisor", "left", in, COUNT(in), found, e);
}

static bool world(void *t, const char *function, const struct val *about, struct val **answer,
                  struct err *e) {
    const struct val *in[] = {about};
    return trusted_call(t, "world", function, in, COUNT(in), answer, e);
}

static bool drill(void *t, const char *function, const struct val *about, struct val **answer,
                  struct err *e) {
    const struct val *in[] = {about};
    return trusted_call(t, "drill", function, in, COUNT(in), answer, e);
}

static bool check_arguments(void *t, const struct val *declared, const struct val *given,
                            struct val **checked, struct err *e) {
    const struct val *in[] = {declared, given};
    return trusted_call(t, "arguments", "check", in, COUNT(in), checked, e);
}

static bool resolve_arguments(void *t, const struct val *declared, const struct val *checked,
                              const struct val *answers, struct val **resolved, struct err *e) {
    const struct val *in[] = {declared, checked, answers};
    return trusted_call(t, "arguments", "resolve", in, COUNT(in), resolved, e);
}

// For functions whose result nobody wants.
static bool tell(void *t, const char *function, const struct val *const *in, size_t count,
                 struct err *e) {
    struct val *nothing;
    if (!trusted_call(t, "rehearsal", function, in, count, &nothing, e)) return false;
    val_unref(nothing);
    return true;
}

static bool rehearsal_begin(void *t, struct err *e) {
    return tell(t, "begin", NULL, 0, e);
}

static bool rehearsal_answer(void *t, const struct val *call, const struct val *skeleton,
                             struct val **answer, struct err *e) {
    const struct val *in[] = {call, skeleton};
    return trusted_call(t, "rehearsal", "answer", in, COUNT(in), answer, e);
}

static bool rehearsal_wants(void *t, struct val **reads, struct err *e) {
    return trusted_call(t, "rehearsal", "wants", NULL, 0, reads, e);
}

static bool consequences(void *t, const struct val *about, struct val **found, struct err *e) {
    const struct val *in[] = {about};
    return trusted_call(t, "consequences", "of", in, COUNT(in), found, e);
}

static bool rehearsal_seen(void *t, const struct val *call, const struct val *result,
                           struct err *e) {
    const struct val *in[] = {call, result};
    return tell(t, "seen", in, COUNT(in), e);
}

static bool lint_names(void *t, const struct val *source, const struct val *services,
                       struct val **names, struct err *e) {
    const struct val *in[] = {source, services};
    return trusted_call(t, "lint", "names", in, COUNT(in), names, e);
}

static bool lint(void *t, const struct val *file, const struct val *source, const struct val *facts,
                 struct val **findings, struct err *e) {
    struct val *names, *all = val_copy(facts);
    if (!all) return err_memory(e);
    bool ok = names_of_sandbox(val_get(facts, "services"), &names, e) &&
              (val_set(all, "names", names) || err_memory(e));
    const struct val *in[] = {file, source, all};
    ok = ok && trusted_call(t, "lint", "check", in, COUNT(in), findings, e);
    val_unref(all);
    return ok;
}

struct advisor advisor_from_lua(struct trusted *t) {
    return (struct advisor){
        .ctx = t,
        .reads_needed = reads_needed,
        .before = before,
        .inverse = inverse,
        .diff = diff,
        .hits = hits,
        .fate_reads = fate_reads,
        .fate = fate,
        .undo_reads = undo_reads,
        .undo = undo,
        .left = left,
        .world = world,
        .drill = drill,
        .check_arguments = check_arguments,
        .resolve_arguments = resolve_arguments,
        .rehearsal_begin = rehearsal_begin,
        .rehearsal_answer = rehearsal_answer,
        .rehearsal_seen = rehearsal_seen,
        .rehearsal_wants = rehearsal_wants,
        .consequences = consequences,
        .lint_names = lint_names,
        .lint = lint,
    };
}
