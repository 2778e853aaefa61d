/* What `qnet node` prepares before it runs: the node's configuration out of ours, limits, warnings. */
#ifndef QN_DAEMON_SETUP_H
#define QN_DAEMON_SETUP_H

#include "cli/config.h"

/* How long a registration is valid before an UPDATE must renew it. */
#define QN_REGISTRATION_LIFETIME_MS (365ULL * 86400000ULL)

/* Fills all but storage, log, delta and software. bound: where we listen (port known), or all zero. */
void qn_daemon_node_config(struct qn_node_config *node, const struct qn_config *config,
                           const struct qn_endpoint *bound);
/* The activation part of a registration, all but its signature. */
void qn_daemon_activation(struct qn_activation *activation, const struct qn_config *config);
/* Says what an operator should know before it hurts. */
void qn_daemon_warn(const struct qn_log *log, const struct qn_config *config);
/* Each link and each API connection is a file descriptor: raises the soft limit as far as needed. */
void qn_daemon_raise_file_limit(const struct qn_log *log, size_t links_max);
/* Asks for SIGTERM when the parent ends. False: text is no process, or it is not our parent any more. */
bool qn_daemon_follow_parent(const char *parent);

#endif
