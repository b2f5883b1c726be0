// main.c - composes: host/ knows no Lua, lua/ knows no verbs.
#include "cli/cli.h"
#include "lua/advisor.h"
#include "lua/playbook_process.h"

int main(int argc, char **argv) {
    const struct parts parts = {playbook_process, advisor_make, advisor_free};
    return cli_main(argc, argv, &parts);
}
