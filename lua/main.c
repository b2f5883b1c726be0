// main.c - composes: host/ knows no Lua, lua/ knows no verbs.
#include "cli/cli.h"
#include "lua/advisor.h"
#include "lua/playbook_process.h"

static bool make_advisor(struct advisor *out, struct err *e) {
    struct trusted *t = trusted_new(0, e);
    if (!t) return false;
    *out = advisor_from_lua(t);
    return true;
}

static void free_advisor(struct advisor *a) {
    trusted_free(a->ctx);
}

int main(int argc, char **argv) {
    const struct parts parts = {playbook_process, make_advisor, free_advisor};
    return cli_main(argc, argv, &parts);
}
