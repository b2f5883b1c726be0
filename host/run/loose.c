// loose.c - compares an instance's interfaces with those of a run.
#include "run/loose.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "plan/binding.h"
#include "run/reads.h"
#include "run/taking_back.h"

bool loose_init(struct loose *l, const struct former *f, const struct val *changes,
                struct err *e) {
    *l = (struct loose){.former = f, .touched = val_ref(changes), .found = val_list()};
    l->instances = instances_in(val_get(f->run.start, "args"));
    return (l->instances && l->found) || err_memory(e);
}

void loose_free(struct loose *l) {
    val_unref(l->instances);
    val_unref(l->touched);
    val_unref(l->found);
}

static struct val *read_call(const char *operation, struct val *params) {
    struct val *call = val_map();
    bool ok = call && val_set(call, "service", val_cstr("ec2")) &&
              val_set(call, "operation", val_cstr(operation));
    if (!ok) val_unref(params);
    if (ok && val_set(call, "params", params)) return call;
    val_unref(call);
    return NULL;
}

struct val *loose_reads(const struct loose *l) {
    struct val *list = val_list();
    for (size_t i = 0; list && i < val_count(l->instances); i++) {
        const char *id = val_get_str(val_at(l->instances, i), "id", "");
        if (val_append(list, read_call("describe_network_interfaces",
                                       reads_params("Filters", reads_filter_by("attachment.instance-id",
                                                                               id)))) &&
            val_append(list, read_call("describe_instances",
                                       reads_params("InstanceIds", val_cstr(id)))))
            continue;
        val_unref(list);
        return NULL;
    }
    return list;
}

// --- judging -----------------------------------------------------------------------

static bool touches_interfaces(const struct val *v) {
    const char *text = val_as_str(v, NULL);
    if (text) return text_starts(text, "eni-");
    for (size_t i = 0; i < val_count(v); i++)
        if (touches_interfaces(val_at(v, i))) return true;
    return false;
}

static bool mentions(void *ctx, const struct val *line) {
    const char **id = ctx;
    if (val_mentions(line, *id)) *id = NULL;
    return *id != NULL;
}

// The run's journal names it: it was there. Reads too long for a line are beside it.
static bool was_seen(const struct loose *l, const char *id) {
    struct err ignored;
    const char *wanted = id;
    runs_lines(buf_str(&l->former->dir), mentions, &wanted, &ignored);
    return wanted == NULL;
}

static bool came_later(const struct loose *l, const struct val *interface) {
    const char *id = val_get_str(interface, "NetworkInterfaceId", "");
    const char *attached = val_get_str(val_get(interface, "Attachment"), "AttachTime", "");
    int64_t us;
    if (!*id || val_mentions(l->touched, id)) return false;
    if (!clock_parse(attached, strlen(attached), &us)) return !was_seen(l, id);
    // AWS says whole seconds.
    return us + 1000000 > l->former->run.started_us;
}

static bool is_kubernetes(const struct val *tags) {
    for (size_t i = 0; i < val_count(tags); i++) {
        const char *key = val_get_str(val_at(tags, i), "Key", "");
        if (text_starts(key, "kubernetes.io/cluster/") || text_starts(key, "eks:") ||
            strstr(key, ".k8s.amazonaws.com/") || text_starts(key, "k8s.io/"))
            return true;
    }
    return false;
}

static bool groups_of(const struct val *interface, struct buf *out) {
    const struct val *groups = val_get(interface, "Groups");
    for (size_t i = 0; i < val_count(groups); i++)
        buf_printf(out, "%s%s", i ? ", " : "", val_get_str(val_at(groups, i), "GroupId", "?"));
    return !out->failed;
}

static bool note(struct loose *l, const char *instance, const struct val *interface,
                 struct err *e) {
    struct buf groups = BUF_EMPTY;
    struct val *v = val_map();
    bool ok = v && groups_of(interface, &groups) && val_set(v, "instance", val_cstr(instance)) &&
              val_set(v, "interface",
                      val_cstr(val_get_str(interface, "NetworkInterfaceId", "?"))) &&
              val_set(v, "groups", val_cstr(buf_str(&groups))) &&
              val_set(v, "description", val_cstr(val_get_str(interface, "Description", "")));
    buf_free(&groups);
    if (!ok) val_unref(v);
    return (ok && val_append(l->found, v)) || err_memory(e);
}

static bool judge_interfaces(struct loose *l, const char *instance, const struct val *value,
                             struct err *e) {
    const struct val *list = val_get(value, "NetworkInterfaces");
    for (size_t i = 0; i < val_count(list); i++) {
        const struct val *one = val_at(list, i);
        l->kubernetes |= is_kubernetes(val_get(one, "TagSet")) ||
                         text_starts(val_get_str(one, "Description", ""), "aws-K8S-");
        if (came_later(l, one) && !note(l, instance, one, e)) return false;
    }
    return true;
}

bool loose_judge(struct loose *l, const struct val *answers, size_t from, struct err *e) {
    // A run that left the interfaces alone (network ACLs, routes) holds for new ones too.
    bool matters = touches_interfaces(l->touched);
    for (size_t i = 0; i < val_count(l->instances); i++) {
        const char *id = val_get_str(val_at(l->instances, i), "id", "");
        const struct val *interfaces = val_get(val_at(answers, from + 2 * i), "value"),
                         *instances = val_get(val_at(answers, from + 2 * i + 1), "value");
        if (matters && !judge_interfaces(l, id, interfaces, e)) return false;
        l->kubernetes |= is_kubernetes(
            val_path(instances, "Reservations", "0", "Instances", "0", "Tags", NULL));
    }
    return true;
}

bool loose_tell(const struct loose *l, const struct scene *s, bool good) {
    for (size_t i = 0; i < val_count(l->found); i++) {
        const struct val *one = val_at(l->found, i);
        const char *description = val_get_str(one, "description", "");
        console_say(s->console, STYLE_ALARM, "CAME LOOSE: %s was attached to %s since, with %s%s%s%s",
                    val_get_str(one, "interface", "?"), val_get_str(one, "instance", "?"),
                    val_get_str(one, "groups", "no groups"), *description ? " (" : "", description,
                    *description ? ")" : "");
    }
    if (l->kubernetes && (!good || val_count(l->found)))
        console_say(s->console, STYLE_CARE,
                    "  Its tags say that it is a Kubernetes node: the cluster's network plugin (EKS: "
                    "the aws-node pods) attaches interfaces and puts groups back by itself.");
    return !val_count(l->found);
}
