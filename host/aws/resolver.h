// resolver.h - the credentials in force, fetched and kept fresh.
//
// Owns: carrying out a credential_plan step by step, the keys in memory until they expire
// or it is freed, when they are fetched anew, and who waits for them. It sends nothing
// itself: the tools it was given do.
#ifndef CORDON_AWS_RESOLVER_H
#define CORDON_AWS_RESOLVER_H

#include "aws/aws.h"
#include "aws/credentials.h"

struct resolver;

// `options` and `tools` are borrowed for the resolver's life: the files are read again at
// every refresh. So is `skew_us`, the server's clock less ours: expiry is by the server's.
struct resolver *resolver_new(const struct aws_options *options, const struct source_tools *tools,
                              const int64_t *skew_us, struct err *e);
void resolver_free(struct resolver *r);  // wipes; nobody who waits is called

// Keys to sign with now, or NULL when there are none yet or they end too soon. Keys that
// end soon are returned, and new ones fetched meanwhile.
const struct credentials *resolver_current(struct resolver *r);

// Fetches keys, unless that is under way, and calls `ready` when resolver_current has some
// or, with the reason, when it cannot. Those who wait are called in order. False, and no
// call, when memory runs out. `ready` may be called before this returns.
typedef void resolver_ready(void *ctx, const struct err *why_not);
bool resolver_want(struct resolver *r, resolver_ready *ready, void *ctx, struct err *e);

// AWS says that this key has ended: what is in force is fetched anew before the next use,
// unless that has happened already.
void resolver_expired(struct resolver *r, const char *access_key);

// Where the keys in force came from, "" before there were any; their account where the
// source said it, and their end (0: none).
const char *resolver_source(const struct resolver *r);
const char *resolver_account(const struct resolver *r);
int64_t resolver_expires_us(const struct resolver *r);

// When keys with this life are to be replaced: pure, for tests. Fifteen minutes before
// their end (ten: no longer usable), but never in the first half of their life.
enum freshness { KEYS_FRESH, KEYS_AGING, KEYS_SPENT };
enum freshness resolver_freshness(int64_t obtained_us, int64_t expires_us, int64_t now_us);
// When they begin to age.
int64_t resolver_aging_us(int64_t obtained_us, int64_t expires_us);

#endif
