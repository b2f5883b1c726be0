// verbs_journal.h - the verbs that read journals.
//
// Owns: `cordon runs` and `cordon log verify`. They change nothing and call nobody.
#ifndef CORDON_CLI_VERBS_JOURNAL_H
#define CORDON_CLI_VERBS_JOURNAL_H

#include <stdbool.h>

// Both get the words of the command line from the verb on (argv[0] is "runs" or "log"), global
// options taken out, and give the exit code.

// Lists the runs, newest first; says in capitals where a window is open and what to type. 0; 9
// when a window is open that no process is there to close; 8 when a journal does not verify.
int verb_runs(int argc, char **argv, bool json);

// `log verify RUN|FILE`: 0 and the head hash, or 8 and the first line that is wrong. An
// incomplete last line, as a crash leaves it, verifies and is named. 2: no such journal.
int verb_log(int argc, char **argv, bool json);

#endif
