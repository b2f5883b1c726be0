// keys.c - what sources of keys give: command lines, JSON documents.
//
// The input is a command line, a newline, and a JSON document.
#include "fuzz.h"

#include "aws/argv_split.h"
#include "aws/key_document.h"

// Words that need no quotes stand in the line as they are.
static void splits(const char *line) {
    struct err e = {0};
    char **words = argv_split(line, &e);
    MUST(words || (e.code[0] && fuzz_harmless(e.message)));
    size_t count = 0, bytes = 0;
    for (; words && words[count]; count++) bytes += strlen(words[count]);
    MUST(!words || (count > 0 && count <= ARGV_MAX_WORDS && bytes <= strlen(line)));
    argv_free(words);
}

static void takes(const struct val *document, bool milliseconds) {
    const struct key_document names = {.id = "AccessKeyId",
                                       .secret = "SecretAccessKey",
                                       .token = "SessionToken",
                                       .expires = "Expiration",
                                       .account = "AccountId",
                                       .expires_needed = true,
                                       .expires_ms = milliseconds};
    struct credentials out = {0};
    struct err e = {0};
    const char *secret = val_get_str(document, "SecretAccessKey", "");
    if (key_document_take(&names, document, "the document", &out, &e)) {
        MUST(out.access_key && out.access_key[0] && out.secret_key && out.secret_key[0]);
        MUST(fuzz_harmless(out.access_key) && fuzz_harmless(out.secret_key));
        MUST(!out.session_token || fuzz_harmless(out.session_token));
    } else {
        MUST(err_is(&e, ERR_CREDENTIALS));
        MUST(strlen(secret) < 12 || !strstr(e.message, secret));
    }
    credentials_wipe(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct err e;
    int64_t us;
    char *line = fuzz_field(&data, &size, '\n');
    splits(line);
    key_document_instant(line, &us);
    struct val *document = json_parse((const char *)data, size, "the document", &e);
    if (document) {
        takes(document, false);
        takes(document, true);
    }
    val_unref(document);
    free(line);
    return 0;
}
