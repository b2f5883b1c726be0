// sim_verb.c - `sim serve`: the simulator on a loopback port, for boto3, awscli and cordon.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "run/outcome.h"
#include "run/world_file.h"
#include "serve/server.h"

#define EXAMPLE_SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

static bool answer(void *ctx, const struct operation *op, const char *region,
                   const struct val *params, struct server_note *note, struct val **result,
                   struct err *e) {
    struct host *h = ctx;
    struct simulated_note told;
    (void)region;
    bool ok = simulated_serve(&h->backend.world, op, params, clock_now_us(), &told, result, e);
    memcpy(note->shape, told.shape, sizeof note->shape);
    note->wait_ms = told.wait_ms;
    return ok;
}

// The key pair that clients must sign with: of the environment, or the documented example's.
static struct sigv4_keys keys_of_environment(void) {
    const char *key = getenv("AWS_ACCESS_KEY_ID"), *secret = getenv("AWS_SECRET_ACCESS_KEY");
    bool given = key && *key && secret && *secret;
    return (struct sigv4_keys){.access_key = given ? key : "AKIAIOSFODNN7EXAMPLE",
                               .secret_key = given ? secret : EXAMPLE_SECRET};
}

// The documented example's secret is public; any other one is not ours to show.
static bool is_example(const struct sigv4_keys *keys) {
    return strcmp(keys->secret_key, EXAMPLE_SECRET) == 0;
}

static void say_where(struct host *h, const struct server *s, const struct sigv4_keys *keys) {
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d\n", server_port(s));
    console_say(h->console, STYLE_CARE, "SIMULATOR: nothing here is AWS. Stop it with Ctrl-C.");
    struct buf keys_said = BUF_EMPTY;
    if (is_example(keys))
        buf_printf(&keys_said, " AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s", keys->access_key,
                   keys->secret_key);
    console_say(h->console, STYLE_PLAIN,
                "In another shell%s:", is_example(keys) ? "" : ", with the keys of this one");
    console_say(h->console, STYLE_PLAIN,
                "  export AWS_ENDPOINT_URL=http://127.0.0.1:%d AWS_REGION=%s%s", server_port(s),
                simulated_region(&h->backend.world), buf_str(&keys_said));
    buf_free(&keys_said);
    console_data(h->console, url, strlen(url));
}

static int serve(struct host *h, const struct options *o) {
    struct err e;
    const struct sigv4_keys keys = keys_of_environment();
    const struct server_options so = {.port = (int)o->port,
                                      .keys = keys,
                                      .model = h->model,
                                      .answer = answer,
                                      .ctx = h,
                                      .banner = AWS_SIMULATOR};
    backend_simulated(&h->backend, h->loop, h->model, h->advisor);
    if (!world_open(h->advisor, o->world ? o->world : "", &e)) {
        console_error(h->console, &e);
        return EXIT_USAGE;
    }
    struct server *s = server_start(h->loop, &so, &e);
    bool done = false;
    bool ok = s != NULL;
    if (ok) {
        say_where(h, s, &keys);
        ok = loop_until(h->loop, &done, true, &e);
    }
    if (ok && o->save && o->world) ok = world_save(h->advisor, "live", o->world, &e);
    if (!ok) console_error(h->console, &e);
    server_stop(s);
    return ok ? EXIT_DONE : EXIT_FAILED;
}

int verb_sim(struct host *h, const struct options *o) {
    if (o->word_count == 2 && strcmp(o->words[1], "serve") == 0) return serve(h, o);
    struct err e;
    err_set(&e, ERR_USAGE, "sim knows one thing: `cordon sim serve [--port N] [--world FILE]`");
    console_error(h->console, &e);
    return EXIT_USAGE;
}
