// err.h - how a host function says why it failed.
//
// Owns: the one error shape of the program. A fixed-size struct, so that an
// error path cannot itself fail to allocate. It never holds a secret.
#ifndef CORDON_BASE_ERR_H
#define CORDON_BASE_ERR_H

#include <stdbool.h>

struct val;

// `code` is AWS's own code for AWS failures ("UnauthorizedOperation"), one of
// the ERR_* words below for ours. `message` is one sentence that names the place
// and the way out. `operation`, `request_id` and `status` (HTTP, 0 when none)
// are filled where they are known.
struct err {
    char code[96];
    char message[1024];
    char operation[96];
    char request_id[96];
    int status;
    bool retryable;
};

#define ERR_MEMORY "OutOfMemory"
#define ERR_USAGE "Usage"             // bad argument or file given by the user: exit 2
#define ERR_INVALID "InvalidInput"    // malformed data from outside
#define ERR_PARAMS "ParamValidation"  // parameters that do not fit their shape (boto3's word)
#define ERR_CREDENTIALS "NoCredentials"
#define ERR_NETWORK "ConnectionError"
#define ERR_TIMEOUT "RequestTimeout"
#define ERR_REFUSED "Refused"        // the gate said no
#define ERR_DECLINED "Declined"      // the operator said no, or nobody was there to ask
#define ERR_LEFT_PLAN "LeftThePlan"  // a call that was not rehearsed
#define ERR_JOURNAL "JournalLost"
#define ERR_INTERRUPTED "Interrupted"
#define ERR_BUSY "Busy"               // another run holds what this one needs
#define ERR_SYSTEM "SystemError"      // errno said no
#define ERR_PLAYBOOK "PlaybookError"  // the playbook raised, crashed or ran past its deadline

// Fills `e` (which may be NULL) and returns false, so that a failure path is one
// line: `return err_set(e, ERR_USAGE, "no such file: %s", path);`
// Operation, request id and status are cleared. Control characters and broken UTF-8 among what
// is quoted become '?', line ends and tabs blanks.
bool err_set(struct err *e, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// As err_set with ERR_MEMORY and a fixed message.
bool err_memory(struct err *e);

// As err_set with ERR_SYSTEM; appends strerror(errno).
bool err_errno(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Puts "prefix: " in front of the message that is already there. Returns false.
bool err_prefix(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

// True when `e` carries this code.
bool err_is(const struct err *e, const char *code);

// The error as the map a playbook sees: code, message, operation, status,
// request_id, retryable (absent members are left out). NULL when out of memory.
struct val *err_to_val(const struct err *e);

// The reverse; members of the wrong type are ignored.
void err_from_val(struct err *e, const struct val *v);

#endif
