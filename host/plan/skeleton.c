// skeleton.c - answers from output shapes.
#include "plan/skeleton.h"

#include <string.h>

#include "base/text.h"

// Id members whose prefix is not their name in small letters. Prefixes as in the EC2 user
// guide, "Resource IDs".
static const struct {
    const char *member, *prefix;
} prefixes[] = {
    {"AllocationId", "eipalloc"},   {"AssociationId", "assoc"},
    {"AttachmentId", "attach"},     {"EgressOnlyInternetGatewayId", "eigw"},
    {"GroupId", "sg"},              {"ImageId", "ami"},
    {"InstanceId", "i"},            {"InternetGatewayId", "igw"},
    {"NatGatewayId", "nat"},        {"NetworkAclId", "acl"},
    {"NetworkInterfaceId", "eni"},  {"RouteTableId", "rtb"},
    {"SecurityGroupRuleId", "sgr"}, {"SnapshotId", "snap"},
    {"SubnetId", "subnet"},         {"VolumeId", "vol"},
    {"VpcEndpointId", "vpce"},      {"VpcId", "vpc"},
};

static const char *prefix_of(const char *member) {
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strcmp(prefixes[i].member, member) == 0) return prefixes[i].prefix;
    return "id";
}

static struct val *next_id(struct skeleton_counters *c, const char *prefix) {
    if (!c->by_prefix) c->by_prefix = val_map();
    int64_t n = val_as_int(val_get(c->by_prefix, prefix), 0) + 1;
    if (!val_set(c->by_prefix, prefix, val_int(n))) return NULL;
    return val_printf("%s-(planned-%lld)", prefix, (long long)n);
}

// What is being filled: an output shape's top level, or one structure below it.
struct filling {
    struct model *model;
    const struct operation *op;
    const struct val *params;
    struct skeleton_counters *counters;
    struct err *e;
};

// True when the operation's name says that it makes the thing this id is of:
// CreateSecurityGroup and GroupId, CreateNetworkAcl and NetworkAclId.
static bool makes(const struct operation *op, const char *member) {
    static const char *const verbs[] = {"Create", "Allocate", "Associate", "Attach", "Copy",
                                        "Replace", "Run"};
    size_t stem = strlen(member) - 2;  // without "Id"
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (!text_starts(op->name, verbs[i])) continue;
        const char *thing = op->name + strlen(verbs[i]);
        size_t len = strlen(thing);
        if (len >= stem && memcmp(thing + len - stem, member, stem) == 0) return true;
        return strcmp(member, "AssociationId") == 0 || strcmp(member, "AllocationId") == 0 ||
               strcmp(member, "AttachmentId") == 0 || strcmp(member, "NewAssociationId") == 0;
    }
    return false;
}

static struct val *fill(struct filling *f, const struct shape *shape, int depth);

// The value of one member, or nil when only AWS can know it. NULL on failure.
static struct val *member_value(struct filling *f, struct member *member, int depth) {
    const struct val *given = val_get(f->params, member->name);
    const struct shape *shape = model_member_shape(f->model, f->op->service, member, f->e);
    if (!shape) return NULL;
    if (shape->kind == SHAPE_STRING && text_ends(member->name, "Id") && makes(f->op, member->name))
        return next_id(f->counters, prefix_of(member->name));
    if (shape->kind == SHAPE_BOOLEAN && strcmp(member->name, "Return") == 0) return val_bool(true);
    if (given && shape->kind == SHAPE_STRING && val_type(given) == VAL_STRING)
        return val_ref(given);
    if (shape->kind == SHAPE_STRUCTURE && depth == 0) return fill(f, shape, depth + 1);
    return val_nil();
}

static struct val *fill(struct filling *f, const struct shape *shape, int depth) {
    struct val *out = val_map();
    if (!out) err_memory(f->e);
    for (size_t i = 0; out && i < shape->member_count; i++) {
        struct val *v = member_value(f, &shape->members[i], depth);
        bool empty = val_type(v) == VAL_MAP && val_count(v) == 0;
        if (empty) {
            val_unref(v);
            continue;
        }
        if (v && val_set(out, shape->members[i].name, v)) continue;
        if (v) err_memory(f->e);
        val_unref(out);
        return NULL;
    }
    return out;
}

struct val *skeleton_answer(struct model *m, const struct operation *op, const struct val *params,
                            struct skeleton_counters *counters, struct err *e) {
    struct filling f = {m, op, params, counters, e};
    if (!*op->output) {
        struct val *empty = val_map();
        if (!empty) err_memory(e);
        return empty;
    }
    const struct shape *shape = model_shape(m, op->service, op->output, e);
    struct val *v = shape ? fill(&f, shape, 0) : NULL;
    if (!v && e && !*e->code) err_memory(e);
    return v;
}

void skeleton_free(struct skeleton_counters *counters) {
    val_unref(counters->by_prefix);
    counters->by_prefix = NULL;
}
