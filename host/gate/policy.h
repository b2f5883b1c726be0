// policy.h - what a team allows cordon to do: policy.json.
//
// Owns: finding the file, refusing one that others could have written, reading it strictly, and
// looking things up in it. It judges nothing: policy_check.c does.
//
// The members, all but the first optional:
//   format_version  1
//   accounts        {"111122223333": {"name", "profile", "role_arn", "external_id"}, ...}: no
//                   other account may be changed
//   regions         ["eu-west-1", ...]: no other Region may be changed
//   protected       {"ids": [...], "tags": {KEY: [VALUE, ...]}}: never touched; "*" is any value
//   max_hit         how many others than the named a plan may hit
//   ticket_required true: a run that changes something needs --ticket
//   ticket_pattern  extended regular expression that the whole ticket has to match
#ifndef CORDON_GATE_POLICY_H
#define CORDON_GATE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/val.h"

#define POLICY_MAX_BYTES ((size_t)1024 * 1024)

// Its code is of the same rank as a denial: exit 4.
#define ERR_POLICY "RefusedByPolicy"

struct policy;

// `path`: of --policy, which has to be there. NULL: $XDG_CONFIG_HOME/cordon/policy.json, else
// /etc/cordon/policy.json; *out is NULL when neither exists. ERR_USAGE, with the file and the
// place in it, for one that cannot be read, is not as above, or may be written by others.
bool policy_load(const char *path, struct policy **out, struct err *e);

// The same of a text; `path` names it in errors.
struct policy *policy_parse(const char *text, size_t len, const char *path, struct err *e);

void policy_free(struct policy *p);  // NULL is allowed

const char *policy_path(const struct policy *p);
// All of it, as it was read; borrowed.
const struct val *policy_value(const struct policy *p);

// A policy of NULL allows all.
bool policy_allows_account(const struct policy *p, const char *account);
bool policy_allows_region(const struct policy *p, const char *region);
// The account's row, {name, profile, role_arn, external_id}; NULL when there is none.
const struct val *policy_account(const struct policy *p, const char *account);
// The ceiling; -1: none.
int64_t policy_max_hit(const struct policy *p);
// True when resources are protected by their tags.
bool policy_protects_tags(const struct policy *p);
bool policy_protects_id(const struct policy *p, const char *id);
// `tags` is {key: value}. The key of the tag that protects, NULL when none does.
const char *policy_protecting_tag(const struct policy *p, const struct val *tags);
// False, with what is missing in `e` (ERR_USAGE). `ticket` may be NULL.
bool policy_ticket(const struct policy *p, const char *ticket, struct err *e);

#endif
