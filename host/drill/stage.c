// stage.c - one question, one answer.
#include "drill/stage.h"

bool stage_ask(const struct advisor *a, const char *function, struct val *about,
               struct val **answer, struct err *e) {
    bool ok = about ? a->drill(a->ctx, function, about, answer, e) : err_memory(e);
    val_unref(about);
    return ok;
}

bool stage_tell(const struct advisor *a, const char *function, struct val *about, struct err *e) {
    struct val *ignored = NULL;
    if (!stage_ask(a, function, about, &ignored, e)) return false;
    val_unref(ignored);
    return true;
}

bool stage_value(const struct val *answer, const struct val **value, struct err *e) {
    const struct val *error = val_get(answer, "error");
    if (error) {
        err_from_val(e, error);
        return false;
    }
    *value = val_get(answer, "value");
    return true;
}
