// outcome.c - exit codes.
#include "run/outcome.h"

#include <stddef.h>

#include "gate/policy.h"

bool error_is_denial(const struct err *e) {
    static const char *const codes[] = {
        "UnauthorizedOperation", "AccessDenied",          "AccessDeniedException",
        "AuthFailure",           "OperationNotPermitted", "UnrecognizedClientException",
        "InvalidClientTokenId",  "ExpiredToken",          "SignatureDoesNotMatch",
        "ExpiredTokenException", "RequestExpired",        "OptInRequired"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (err_is(e, codes[i])) return true;
    return e->status == 403 || e->status == 401;
}

int error_exit(const struct err *e) {
    static const struct {
        const char *code;
        int exit;
    } table[] = {{ERR_USAGE, EXIT_USAGE},           {ERR_CREDENTIALS, EXIT_PERMISSION},
                 {ERR_DECLINED, EXIT_DECLINED},     {ERR_LEFT_PLAN, EXIT_LEFT_PLAN},
                 {ERR_JOURNAL, EXIT_JOURNAL},       {"WindowOpen", EXIT_WINDOW_OPEN},
                 {ERR_POLICY, EXIT_PERMISSION},     {ERR_BUSY, EXIT_FAILED}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (err_is(e, table[i].code)) return table[i].exit;
    return error_is_denial(e) ? EXIT_PERMISSION : EXIT_FAILED;
}

int outcome_exit(const struct outcome *o) {
    if (o->window_may_be_open) return EXIT_WINDOW_OPEN;
    if (o->journal_lost) return EXIT_JOURNAL;
    if (o->signal) return 128 + o->signal;
    // A resumed run that was refused or declined changed nothing more: that is what its code says.
    bool stands = o->before && !o->changed && !o->finished;
    if (stands && error_exit(&o->err) != EXIT_FAILED) return error_exit(&o->err);
    if ((o->changed || o->before) && (!o->finished || o->warned)) return EXIT_PARTIAL;
    if (!o->finished) return error_exit(&o->err);
    if (o->warned) return EXIT_PARTIAL;
    return o->not_verified ? EXIT_NOT_VERIFIED : EXIT_DONE;
}

const char *outcome_state(const struct outcome *o) {
    if (o->finished && !o->warned) return "done";
    return o->changed || o->before || o->warned ? "partial" : "failed";
}
