// messages.h - what host and playbook process say to each other.
//
// Owns: the words of the protocol. Every message is one framed map with a "t". Both
// ends are in this program, so there is no version; the host trusts none of it.
//
// Host to playbook:
//   load   {file, source, seed, memory, modules, kind, announces}   first. kind: "drill" for a drill, absent
//              for a playbook. file: chunk name for messages;
//              source: the text; seed: integer for math.random; memory: allocator cap, bytes;
//              modules: list of service names that become modules ("ec2", "sqs", "sts")
//   run    {args}          after the declaration was accepted
//   reply  {id, value} or {id, error = {code, message, ...}}
//              exactly one for each request, in the order of the requests
//
// Playbook to host (all but playbook and done are requests: they carry an `id` that counts
// from 1 and get one reply):
//   playbook {api, name, summary, args, ...}   the declaration, functions left out
//   call     {id, branch, service, operation, params}       value: the result
//   describe {id, service, operation}   value: {method, page_input, page_output, page_limit,
//              page_results = {..}}; empty strings when it is not paginated
//   step     {id, branch, title, options}                   value: "run" or "skip"
//   step_end {id, ok, error}            value: "continue"; an error reply is to be raised
//   window   {id, branch, settle}       value: "open"; then the calls of `open` follow
//   settle   {id}                       value after the settle time; then those of `close`
//   window_end {id, ok, error}          value: "closed"; an error reply is to be raised
//   expect   {id, ok, text, detail}     value: nil; it never raises
//   log      {id, text, value}          value: nil
//   wait     {id, timeout}              value: "skip" (a rehearsal: return true at once), or the time
//                                      now in microseconds: poll from now on
//   sleep    {id, seconds}              value: time in microseconds since 1970
//   time     {id}                       value: the same
//   require  {id, name}                 value: {file, source}
//   digest   {id, value}                value: the SHA-256 of its JSON, in hex
//   done     {ok, value, error}         last; value: what the playbook's `run` returned
//
// In simulated time (load says `announces`) the playbook process also says, before it waits for a
// message:
//   waiting  {got}                      it has read so many messages, and is at rest
//
// A drill sends no more than require, time, log, done and
//   drill    {id, ask, on, options}     a word of its language (stdlib/playbook/core_drill.lua);
//              value: what it gives. Its requests come one at a time.
//
// `branch` is "" outside `parallel`; inside, "1.3" is item 3 of the first parallel of the
// enclosing branch, joined by '/': "1.3/2.1".
#ifndef CORDON_CHILD_MESSAGES_H
#define CORDON_CHILD_MESSAGES_H

#define MSG_LOAD "load"
#define LOAD_DRILL "drill"
#define MSG_RUN "run"
#define MSG_REPLY "reply"

#define MSG_PLAYBOOK "playbook"
#define MSG_CALL "call"
#define MSG_DESCRIBE "describe"
#define MSG_STEP "step"
#define MSG_STEP_END "step_end"
#define MSG_WINDOW "window"
#define MSG_SETTLE "settle"
#define MSG_WINDOW_END "window_end"
#define MSG_EXPECT "expect"
#define MSG_LOG "log"
#define MSG_WAIT "wait"
#define MSG_SLEEP "sleep"
#define MSG_TIME "time"
#define MSG_REQUIRE "require"
#define MSG_DIGEST "digest"
#define MSG_DONE "done"
#define MSG_WAITING "waiting"
#define MSG_DRILL "drill"

#endif
