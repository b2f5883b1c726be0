// resolver.h - the credentials in force, fetched and kept fresh.
//
// Owns: carrying out a credential_plan step by step, the keys in memory until they expire
// or it is freed, and who waits for them. It sends nothing itself: AssumeRole goes through
// the function it was given.
#ifndef CORDON_AWS_RESOLVER_H
#define CORDON_AWS_RESOLVER_H

#include "aws/aws.h"
#include "aws/credentials.h"

struct resolver;

// Starts sts AssumeRole with these parameters, signed with these keys; `answered` is called
// once, later. False, and no call, when memory runs out. The keys may be wiped on return.
typedef bool resolver_send(void *ctx, const struct credentials *keys, const struct val *params,
                           aws_done *answered, void *answered_ctx, struct err *e);

// `options` is borrowed for the resolver's life: the files are read again at every refresh.
// So is `skew_us`, the server's clock less ours: expiry is by the server's clock.
struct resolver *resolver_new(const struct aws_options *options, resolver_send *send,
                              void *send_ctx, const int64_t *skew_us, struct err *e);
void resolver_free(struct resolver *r);  // wipes; nobody who waits is called

// Keys to sign with now, or NULL when there are none yet or they end too soon. Keys that
// end soon are returned, and new ones fetched meanwhile.
const struct credentials *resolver_current(struct resolver *r);

// Fetches keys, unless that is under way, and calls `ready` when resolver_current has some
// or, with the reason, when it cannot. Those who wait are called in order. False, and no
// call, when memory runs out. `ready` may be called before this returns.
typedef void resolver_ready(void *ctx, const struct err *why_not);
bool resolver_want(struct resolver *r, resolver_ready *ready, void *ctx, struct err *e);

// Where the keys in force came from, "" before there were any.
const char *resolver_source(const struct resolver *r);

// When keys with this life are to be replaced: pure, for tests. Fifteen minutes before
// their end (ten: no longer usable), but never in the first half of their life.
enum freshness { KEYS_FRESH, KEYS_AGING, KEYS_SPENT };
enum freshness resolver_freshness(int64_t obtained_us, int64_t expires_us, int64_t now_us);

#endif
