// role_answer.c - the keys in an answer of STS AssumeRole*.
//
// Owns: reading them. It asks nothing.
#include "aws/role_answer.h"

#include <string.h>

#include "aws/key_document.h"

// The account in "arn:aws:sts::123456789012:assumed-role/...".
static void take_account(const struct val *answer, struct credentials *out) {
    const char *at = val_as_str(val_path(answer, "AssumedRoleUser", "Arn", NULL), "");
    for (int colons = 0; colons < 4; colons++) {
        at = strchr(at, ':');
        if (at == NULL) return;
        at++;
    }
    char account[24] = "";
    size_t len = strcspn(at, ":");
    if (len >= sizeof account) return;
    memcpy(account, at, len);
    credentials_set_account(out, account);
}

bool role_answer_take(const struct val *answer, const char *where, struct credentials *out,
                      struct err *e) {
    static const struct key_document names = {.id = "AccessKeyId",
                                              .secret = "SecretAccessKey",
                                              .token = "SessionToken",
                                              .expires = "Expiration",
                                              .token_needed = true,
                                              .expires_needed = true};
    if (!key_document_take(&names, val_get(answer, "Credentials"), where, out, e)) return false;
    take_account(answer, out);
    return true;
}
