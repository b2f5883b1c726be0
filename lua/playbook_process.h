// playbook_process.h - what runs in the process of a playbook.
#ifndef CORDON_LUA_PLAYBOOK_PROCESS_H
#define CORDON_LUA_PLAYBOOK_PROCESS_H

// A child_main (host/child/child.h): locks itself in, serves one pass over `fd` as
// host/child/messages.h says, returns the exit code.
int playbook_process(int fd);

#endif
