// key_document.c - a set of keys in a JSON document, as several sources give it.
//
// Owns: reading it strictly. It never puts a value of it in a message.
#include "aws/key_document.h"

#include <string.h>

#include "base/clock.h"

// Botocore wrote "...UTC" once, and such files live on.
bool key_document_instant(const char *text, int64_t *us) {
    char copy[64];
    size_t len = strlen(text);
    if (len > 3 && len < sizeof copy && strcmp(text + len - 3, "UTC") == 0) {
        memcpy(copy, text, len - 3);
        copy[len - 3] = 'Z';
        return clock_parse(copy, len - 2, us);
    }
    return clock_parse(text, len, us);
}

static bool take_end(const struct key_document *names, const struct val *document,
                     const char *where, struct credentials *out, struct err *e) {
    const struct val *end = names->expires != NULL ? val_get(document, names->expires) : NULL;
    if (val_is_nil(end) && !names->expires_needed) return true;
    if (names->expires_ms) {
        int64_t ms = val_as_int(end, 0);
        if (ms > 0 && ms < INT64_MAX / 1000) {
            out->expires_us = ms * 1000;
            return true;
        }
    } else if (key_document_instant(val_as_str(end, ""), &out->expires_us)) {
        return true;
    }
    return err_set(e, ERR_CREDENTIALS, "%s: %s is missing or no time", where, names->expires);
}

bool key_document_take(const struct key_document *names, const struct val *document,
                       const char *where, struct credentials *out, struct err *e) {
    const char *const members[] = {names->id, names->secret, names->token};
    const char *values[3];
    if (val_type(document) != VAL_MAP)
        return err_set(e, ERR_CREDENTIALS, "%s gave JSON that is no object", where);
    for (size_t i = 0; i < 3; i++) values[i] = val_get_str(document, members[i], NULL);
    if (names->token_needed && values[2] == NULL)
        return err_set(e, ERR_CREDENTIALS, "%s has no %s", where, names->token);
    if (!credentials_take(out, values, members, where, e) ||
        !take_end(names, document, where, out, e))
        return false;
    if (names->account != NULL)
        credentials_set_account(out, val_get_str(document, names->account, NULL));
    return true;
}
