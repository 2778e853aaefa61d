/* What the files of snapshot sync call of each other. */
#ifndef QN_NODE_SNAPSHOT_PARTS_H
#define QN_NODE_SNAPSHOT_PARTS_H

#include "node/parts.h"

/* ---- snapshot.c ---- */
/* The peer sent what no honest one sends: its link is closed, and it is not asked again in this sync. */
void qn_snapshot_accuse(struct qn_node *node, qn_link_id id, const struct qn_node_id *peer,
                        enum qn_err err);
bool qn_snapshot_is_accused(const struct qn_snapshot_sync *sync, const struct qn_node_id *id);
bool qn_snapshot_is_source(const struct qn_node *node, const struct qn_link *link);
uint64_t qn_snapshot_threshold(const struct qn_node *node);
struct qn_snapshot_request *qn_snapshot_free_request(struct qn_snapshot_sync *sync);
void qn_snapshot_ask(struct qn_node *node, struct qn_link *link,
                     struct qn_snapshot_request *request, const struct qn_get_snapshot *message);
/* Asks for manifests anew; chunks that are here stay, to be proved against the next one. */
void qn_snapshot_begin_round(struct qn_node *node, uint64_t preferred);
/* Nothing more is wanted for this long; block sync goes on. */
void qn_snapshot_end(struct qn_node *node, qn_time_us pause);

/* ---- snapshot_prove.c ---- */
void qn_snapshot_take_manifest(struct qn_node *node, struct qn_link *link, struct qn_span bytes);
void qn_snapshot_take_steps(struct qn_node *node, struct qn_link *link, struct qn_span bytes);
/* The request for epoch steps brought nothing. */
void qn_snapshot_ask_again(struct qn_node *node);
void qn_snapshot_drop_proof(struct qn_snapshot_sync *sync);

/* ---- snapshot_chunks.c ---- */
/* The manifest is proved. */
void qn_snapshot_begin_chunks(struct qn_node *node);
void qn_snapshot_ask_for_chunks(struct qn_node *node);
void qn_snapshot_take_chunk(struct qn_node *node, struct qn_link *link, size_t task,
                            struct qn_span bytes);
void qn_snapshot_chunk_lost(struct qn_snapshot_sync *sync, size_t task);
void qn_snapshot_drop_tasks(struct qn_snapshot_sync *sync);

/* ---- snapshot_switch.c ---- */
/* All chunks are here. */
void qn_snapshot_begin_install(struct qn_node *node);
void qn_snapshot_drop_install(struct qn_snapshot_sync *sync);

#endif
