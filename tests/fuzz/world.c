// world.c - the simulator under any calls: AWS's errors, never one of its own Lua.
//
// The input is calls, line by line: "SERVICE OPERATION {parameters}", on the default world.
#include "fuzz.h"

#include "codec/codec.h"
#include "lua/advisor.h"
#include "run/simulated.h"
#include "run/world_file.h"

static const struct advisor *advisor(void) {
    static struct advisor made;
    static struct trusted *lua;
    struct err e;
    if (!lua) {
        lua = trusted_new(0, &e);
        MUST(lua);
        made = advisor_from_lua(lua);
    }
    return &made;
}

static const struct operation *operation(const char *service, const char *name) {
    static char asked_service[16], asked[96];
    static const struct operation *last;
    struct err e;
    if (strlen(name) >= sizeof asked || strlen(service) >= sizeof asked_service) return NULL;
    if (strcmp(asked, name) != 0 || strcmp(asked_service, service) != 0) {
        strcpy(asked, name);
        strcpy(asked_service, service);
        // "Did you mean" is for people, and slow: without an error nobody asks for it.
        last = model_service(fuzz_model(), service, &e)
                   ? model_operation(fuzz_model(), service, name, NULL)
                   : NULL;
    }
    return last;
}

// What is answered can be sent, and read by a client.
static void answer_travels(const struct operation *op, const struct val *result) {
    struct buf body = BUF_EMPTY;
    struct val *again = NULL;
    struct err e = {0};
    if (!codec_encode_response(fuzz_model(), op, result, "id", &body, &e) ||
        !codec_decode_response(fuzz_model(), op, 200, buf_str(&body), body.len, NULL, &again, NULL,
                               &e))
        fuzz_broken(e.message, op->name, 0);
    val_unref(again);
    buf_free(&body);
}

static void call(struct simulated *s, const struct operation *op, const struct val *params) {
    struct err e = {0};
    struct val *result = NULL;
    if (!codec_check(fuzz_model(), op, params, &e)) return;
    if (simulated_answer(s, op, params, &result, &e))
        answer_travels(op, result);
    else if (!e.code[0] || err_is(&e, ERR_SYSTEM) || strstr(e.message, "stdlib/"))
        fuzz_broken(e.message, op->name, 0);
    val_unref(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct simulated s = {.model = fuzz_model(), .advisor = advisor()};
    struct err e;
    MUST(world_open(s.advisor, "", &e));
    for (int calls = 0; size > 0 && calls < 20; calls++) {
        char *line = fuzz_field(&data, &size, '\n'), *name = strchr(line, ' ');
        char *json = name ? strchr(name + 1, ' ') : NULL;
        if (json) {
            *name = *json = '\0';
            const struct operation *op = operation(line, name + 1);
            struct val *params = json_parse(json + 1, strlen(json + 1), "params", &e);
            if (op && params) call(&s, op, params);
            val_unref(params);
        }
        free(line);
    }
    simulated_free(&s);
    return 0;
}
