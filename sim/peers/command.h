/* The peer scenarios from the command line: ./dev sim --scenario peers/NAME. */
#ifndef QN_PEERS_COMMAND_H
#define QN_PEERS_COMMAND_H

#include "base/base.h"

/* Is this the name of a peer scenario, or of all of them ("peers/all")? */
bool qn_peers_command_knows(const char *name);
void qn_peers_command_list(void);
/* Runs it, prints its figures, and returns the program's exit status. */
int qn_peers_command_run(const char *name, uint64_t seed, bool quick);

#endif
