// cli.c - verbs, and what each one needs.
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/verbs_journal.h"
#include "run/outcome.h"
#include "run/world_file.h"

#define DEFAULT_DEADLINE_S 300

enum need { NEEDS_PLAYBOOKS = 1, NEEDS_ADVISOR = 2, NEEDS_AWS = 4, NEEDS_MODEL = 8,
            NEEDS_POLICY = 16,
            TAKES_ROLES = 32 };  // of a policy that may be broken: it closes or only reads

struct verb {
    const char *name;
    const char *usage, *summary;
    int needs;
    int (*run)(struct host *h, const struct options *o);
};

static int verb_help(struct host *h, const struct options *o);
static int verb_version(struct host *h, const struct options *o);

static int runs(struct host *h, const struct options *o) {
    return verb_runs(o->word_count, o->words, h->json);
}

static int log_verb(struct host *h, const struct options *o) {
    return verb_log(o->word_count, o->words, h->json);
}

static const struct verb verbs[] = {
    {"run", "run PLAYBOOK [key=value ...]", "plan, confirm each step, execute, verify",
     NEEDS_PLAYBOOKS | NEEDS_ADVISOR | NEEDS_AWS | NEEDS_POLICY, verb_run},
    {"plan", "plan PLAYBOOK [key=value ...]", "show what would change; change nothing",
     NEEDS_PLAYBOOKS | NEEDS_ADVISOR | NEEDS_AWS | NEEDS_POLICY, verb_plan},
    {"apply", "apply FILE", "execute a plan that `plan --out FILE` saved, if nothing has moved",
     NEEDS_PLAYBOOKS | NEEDS_ADVISOR | NEEDS_POLICY, verb_apply},
    {"undo", "undo RUN", "take a run back: plan, confirm, execute, verify",
     NEEDS_PLAYBOOKS | NEEDS_ADVISOR | NEEDS_POLICY, verb_undo},
    {"verify", "verify RUN", "is all still as the run left it, or what came loose",
     NEEDS_ADVISOR | TAKES_ROLES, verb_verify},
    {"close", "close RUN", "close a window left open", NEEDS_ADVISOR | TAKES_ROLES,
     verb_close},
    {"resume", "resume RUN", "finish a run that stopped half-way",
     NEEDS_PLAYBOOKS | NEEDS_ADVISOR | NEEDS_POLICY, verb_resume},
    {"runs", "runs", "what ran, its state, and what to type next", 0, runs},
    {"find", "find INSTANCE", "where it is, over the policy's accounts and Regions; what to type",
     NEEDS_ADVISOR | NEEDS_AWS | NEEDS_POLICY, verb_find},
    {"log", "log verify RUN|FILE", "check a journal's hash chain", 0, log_verb},
    {"list", "list", "the playbooks that can be named", NEEDS_PLAYBOOKS, verb_list},
    {"show", "show PLAYBOOK", "what a playbook does, and its arguments", NEEDS_PLAYBOOKS, verb_show},
    {"new", "new NAME", "write a playbook to begin with: playbooks/NAME.lua", 0, verb_new},
    {"lint", "lint PLAYBOOK ...", "check playbooks without calling AWS",
     NEEDS_PLAYBOOKS | NEEDS_ADVISOR, verb_lint},
    {"call", "call SERVICE OPERATION [JSON]", "one API call through the gate",
     NEEDS_ADVISOR | NEEDS_AWS | NEEDS_POLICY, verb_call},
    {"drill", "drill [FILE|FOLDER ...] [--junit F]", "rehearse playbooks in scripted worlds; prints TAP",
     NEEDS_PLAYBOOKS | NEEDS_ADVISOR, verb_drill},
    {"doctor", "doctor [PLAYBOOK key=value ...]", "who, where, with which keys and why; what is denied",
     NEEDS_PLAYBOOKS | NEEDS_ADVISOR | NEEDS_AWS, verb_doctor},
    {"snapshot", "snapshot VPC --out FILE", "copy a VPC into a world's file, to drill on",
     NEEDS_ADVISOR | NEEDS_AWS, verb_snapshot},
    {"sim", "sim serve [--port N] [--world FILE]", "the simulator on a loopback port, for any AWS client",
     NEEDS_ADVISOR, verb_sim},
    {"version", "version", "the version", 0, verb_version},
    {"help", "help", "this text", 0, verb_help},
};

#define VERB_COUNT (sizeof verbs / sizeof *verbs)

static const char flags_text[] =
    "\n"
    "Flags:\n"
    "  --profile NAME        credentials and Region of this profile\n"
    "  --region REGION       the Region\n"
    "  --endpoint-url URL    send to this endpoint instead of AWS's own\n"
    "  --ticket ID           the case; shown, journaled and tagged\n"
    "  --dry-run             run, undo: only the plan; call: send DryRun=true where there is one\n"
    "  --hold TIME           run: look every 15 s for so long (90s, 10m, 1h) that it stays cut\n"
    "  --recut               with --hold and --yes: run the playbook again when it came loose\n"
    "  --yes                 say yes beforehand (never to irreversible calls of a playbook)\n"
    "  --no-input            never ask; what needs a question is refused (exit 5)\n"
    "  --policy FILE         what may be changed (~/.config/cordon/policy.json, /etc/cordon/policy.json)\n"
    "  --max-hit N           how many others a plan may hit; only lowers the policy's\n"
    "  --account ID          refuse any other account; takes the role or profile that the policy says\n"
    "  --ignore-lease        take over an instance that another host's run holds\n"
    "  --ignore-own-address  the instance has an address of this machine by coincidence\n"
    "  --sim[=WORLD]         a simulated world instead of AWS; --save writes it back\n"
    "  --out FILE            plan, snapshot: save it there\n"
    "  --port N --world FILE sim serve: the port, and the world; --save writes it back at the end\n"
    "  --deadline SECONDS    computing time of a playbook (300)\n"
    "  --timeout SECONDS     how long one request to AWS may take (60)\n"
    "  --detailed-exitcode   plan: exit 10 when changes are pending\n"
    "  --json                events or data on stdout, one JSON value a line\n"
    "  --quiet --verbose --no-color\n"
    "\n"
    "Exit: 0 done; 1 failed or held by another run, nothing changed; 2 usage; 3 PARTIAL: something\n"
    "changed and the run did not finish; 4 credentials, permission or policy; 5 declined; 6 the\n"
    "playbook left the plan; 7 not verified; 8 journal lost or false; 9 A WINDOW MAY STILL BE OPEN;\n"
    "130, 143 signal.\n";

static int verb_help(struct host *h, const struct options *o) {
    struct buf text = BUF_EMPTY;
    (void)o;
    buf_add_str(&text, "cordon: isolates EC2 instances by playbooks, step by step, with a journal\n\n");
    for (size_t i = 0; i < VERB_COUNT; i++)
        buf_printf(&text, "  cordon %-32s %s\n", verbs[i].usage, verbs[i].summary);
    buf_add_str(&text, flags_text);
    console_data(h->console, buf_str(&text), text.len);
    buf_free(&text);
    return EXIT_DONE;
}

static int verb_version(struct host *h, const struct options *o) {
    static const char text[] = "cordon " CORDON_VERSION "\n";
    (void)o;
    console_data(h->console, text, sizeof text - 1);
    return EXIT_DONE;
}

static const struct verb *find_verb(const char *name, struct err *e) {
    const char *names[VERB_COUNT];
    for (size_t i = 0; i < VERB_COUNT; i++) {
        names[i] = verbs[i].name;
        if (strcmp(name, names[i]) == 0) return &verbs[i];
    }
    const char *near = text_nearest(name, names, VERB_COUNT);
    err_set(e, ERR_USAGE, "unknown verb \"%.40s\"%s%s%s; see `cordon help`", name,
            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return NULL;
}

// The embedded models, and a team's own in $XDG_CONFIG_HOME/cordon/models.
static bool open_model(struct host *h, struct err *e) {
    struct buf folder = BUF_EMPTY;
    bool there = file_xdg_path(&folder, "XDG_CONFIG_HOME", ".config", "cordon/models", NULL) &&
                 access(folder.data, F_OK) == 0;
    h->model = model_open(there ? folder.data : NULL, e);
    buf_free(&folder);
    return h->model != NULL;
}

// What may change something goes nowhere with a policy that cannot be read. A world is no account
// of the policy's: there it counts only when it is named.
static bool find_policy(struct host *h, const struct options *o, struct err *e) {
    struct policy *p = NULL;
    if (o->sim && !o->policy) return true;
    bool ok = policy_load(o->policy, &p, e);
    h->policy = p;
    return ok;
}

static bool set_up(struct host *h, const struct verb *v, const struct options *o,
                   const struct parts *parts, struct advisor *advisor, struct err *e) {
    if (v->needs && !open_model(h, e)) return false;
    if (v->needs & NEEDS_POLICY && !find_policy(h, o, e)) return false;
    if (v->needs & TAKES_ROLES && !find_policy(h, o, e)) console_warn(h->console, "%s", e->message);
    if (v->needs & NEEDS_ADVISOR) {
        if (!parts->make_advisor(advisor, e)) return false;
        h->advisor = advisor;
    }
    return !(v->needs & NEEDS_AWS) || connect_backend(h, e);
}

static struct host host_of(const struct options *o) {
    return (struct host){.profile = o->profile,
                         .region = o->region,
                         .endpoint_url = o->endpoint_url,
                         .ticket = o->ticket,
                         .sim = o->sim,
                         .account = o->account,
                         .policy_file = o->policy,
                         .max_hit = o->max_hit,
                         .ignore_lease = o->ignore_lease,
                         .ignore_own_address = o->ignore_own_address,
                         .save = o->save,
                         .deadline_ms = (o->deadline_s ? o->deadline_s : DEFAULT_DEADLINE_S) * 1000,
                         .timeout_ms = o->timeout_s * 1000,
                         .yes = o->yes,
                         .no_input = o->no_input,
                         .verbose = o->verbose,
                         .json = o->json};
}

int usage(struct host *h, const char *text) {
    struct err e;
    err_set(&e, ERR_USAGE, "%s", text);
    console_error(h->console, &e);
    return EXIT_USAGE;
}

static int fail(struct host *h, const struct err *e) {
    if (h->console) console_error(h->console, e);
    else fprintf(stderr, "cordon: %s\n", e->message);
    return error_exit(e);
}

static int run_verb(struct host *h, const struct verb *v, const struct options *o,
                    const struct parts *parts) {
    struct advisor advisor;
    struct err e;
    struct console_options c = {.quiet = o->quiet, .verbose = o->verbose, .no_color = o->no_color};
    int code;
    h->loop = loop_new(&e);
    h->console = h->loop ? console_new(h->loop, &c) : NULL;
    if (!h->console) err_memory(&e);
    bool ok = h->console && (!v->needs || loop_catch_signals(h->loop, &e)) &&
              set_up(h, v, o, parts, &advisor, &e);
    code = ok ? v->run(h, o) : fail(h, &e);
    // The world goes on where it stands only when that was asked for.
    bool in_world = h->sim && *h->sim && h->backend.name && !h->backend.aws;
    if (ok && h->save && in_world && !world_save(h->advisor, "live", h->sim, &e)) code = fail(h, &e);
    backend_free(&h->backend);
    val_unref(h->kept);
    if (h->advisor) parts->free_advisor(&advisor);
    model_free(h->model);
    policy_free(h->policy);
    bool lost = h->console && !console_finish(h->console);
    console_free(h->console);
    loop_free(h->loop);
    // Who asked for data did not get it; what was changed is not undone by that.
    return lost && code == EXIT_DONE && !h->changed ? EXIT_FAILED : code;
}

int cli_main(int argc, char **argv, const struct parts *parts) {
    struct options o;
    struct err e;
    struct host h = {0};
    const struct verb *v = NULL;
    if (options_parse(argc, argv, &o, &e)) {
        const char *name = o.help || !o.word_count ? "help" : o.words[0];
        v = find_verb(name, &e);
    }
    if (!v) return fail(&h, &e);
    h = host_of(&o);
    // Before a file is read, a library is loaded or a thread exists.
    if (v->needs & NEEDS_PLAYBOOKS) {
        h.server = fork_server_start(parts->playbook_process, &e);
        if (!h.server) return fail(&h, &e);
    }
    int code = run_verb(&h, v, &o, parts);
    fork_server_stop(h.server);
    bool unasked = !o.help && !o.word_count;
    return unasked ? EXIT_USAGE : code;
}
