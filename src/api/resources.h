/* What each resource does; docs/api.md has their shapes. */
#ifndef QN_API_RESOURCES_H
#define QN_API_RESOURCES_H

#include "api/call.h"

extern const struct qn_api_handler qn_api_status;      /* status.c */
extern const struct qn_api_handler qn_api_timings;     /* timings.c */
extern const struct qn_api_handler qn_api_peers;       /* peers.c */
extern const struct qn_api_handler qn_api_peer_limits; /* peer_limits.c */
extern const struct qn_api_handler qn_api_bans;        /* bans.c */
extern const struct qn_api_handler qn_api_ban;         /* bans.c */
extern const struct qn_api_handler qn_api_unban;       /* bans.c */
extern const struct qn_api_handler qn_api_regions;     /* regions.c */
extern const struct qn_api_handler qn_api_committee;   /* committee.c */
extern const struct qn_api_handler qn_api_registry;    /* registry.c */
extern const struct qn_api_handler qn_api_entry;       /* registry.c */
extern const struct qn_api_handler qn_api_proof;       /* proof.c */
extern const struct qn_api_handler qn_api_proof_file;  /* proof_file.c */
extern const struct qn_api_handler qn_api_block;       /* blocks.c */
extern const struct qn_api_handler qn_api_submit;      /* submit.c */
extern const struct qn_api_handler qn_api_livez;       /* health.c */
extern const struct qn_api_handler qn_api_readyz;      /* health.c */
extern const struct qn_api_handler qn_api_metrics;     /* metrics.c */

#endif
