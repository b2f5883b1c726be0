// full_disk.h - the fault "the disk is full", for a host process of a drill.
#ifndef CORDON_DRILL_FULL_DISK_H
#define CORDON_DRILL_FULL_DISK_H

// From now on no file of this process grows beyond what the journals under `state_dir` have, the
// room that they have reserved included.
void fill_disk(const char *state_dir);

#endif
