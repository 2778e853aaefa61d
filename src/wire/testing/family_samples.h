/* Makers of encoded samples, one for each row of the family table. */
#ifndef QN_TESTING_FAMILY_SAMPLES_H
#define QN_TESTING_FAMILY_SAMPLES_H

#include "base/buf.h"
#include "wire/testing/sample.h"

struct qn_buf *qn_sample_hello(struct qn_sampler *s);
struct qn_buf *qn_sample_goodbye(struct qn_sampler *s);
struct qn_buf *qn_sample_ping(struct qn_sampler *s);
struct qn_buf *qn_sample_pong(struct qn_sampler *s);
struct qn_buf *qn_sample_get_rtt(struct qn_sampler *s);
struct qn_buf *qn_sample_rtt(struct qn_sampler *s);
struct qn_buf *qn_sample_empty(struct qn_sampler *s);
struct qn_buf *qn_sample_redirect(struct qn_sampler *s);
struct qn_buf *qn_sample_lan_beacon(struct qn_sampler *s);

struct qn_buf *qn_sample_record(struct qn_sampler *s);
struct qn_buf *qn_sample_announce(struct qn_sampler *s);
struct qn_buf *qn_sample_head(struct qn_sampler *s);

struct qn_buf *qn_sample_genesis_cert(struct qn_sampler *s);
struct qn_buf *qn_sample_get_genesis(struct qn_sampler *s);
struct qn_buf *qn_sample_genesis(struct qn_sampler *s);

struct qn_buf *qn_sample_register(struct qn_sampler *s);
struct qn_buf *qn_sample_update(struct qn_sampler *s);
struct qn_buf *qn_sample_revoke(struct qn_sampler *s);
struct qn_buf *qn_sample_rotate(struct qn_sampler *s);
struct qn_buf *qn_sample_issue(struct qn_sampler *s);
struct qn_buf *qn_sample_validators(struct qn_sampler *s);
struct qn_buf *qn_sample_evidence(struct qn_sampler *s);
struct qn_buf *qn_sample_transaction(struct qn_sampler *s); /* any of these */
struct qn_buf *qn_sample_tx(struct qn_sampler *s);
struct qn_buf *qn_sample_submit(struct qn_sampler *s);
struct qn_buf *qn_sample_submit_result(struct qn_sampler *s);

struct qn_buf *qn_sample_header(struct qn_sampler *s);
struct qn_buf *qn_sample_block(struct qn_sampler *s);
struct qn_buf *qn_sample_get_blocks(struct qn_sampler *s);
struct qn_buf *qn_sample_blocks(struct qn_sampler *s);

struct qn_buf *qn_sample_get_snapshot(struct qn_sampler *s);
struct qn_buf *qn_sample_snapshot_manifest(struct qn_sampler *s);
struct qn_buf *qn_sample_snapshot_epochs(struct qn_sampler *s);
struct qn_buf *qn_sample_snapshot_chunk(struct qn_sampler *s);
struct qn_buf *qn_sample_snapshot(struct qn_sampler *s); /* any of the three, or none */

struct qn_buf *qn_sample_notarize(struct qn_sampler *s);
struct qn_buf *qn_sample_finalize(struct qn_sampler *s);
struct qn_buf *qn_sample_nullify(struct qn_sampler *s);
struct qn_buf *qn_sample_propose(struct qn_sampler *s);
struct qn_buf *qn_sample_block_cert(struct qn_sampler *s);
struct qn_buf *qn_sample_nullify_cert(struct qn_sampler *s);
struct qn_buf *qn_sample_cert(struct qn_sampler *s); /* any of the two */
struct qn_buf *qn_sample_status(struct qn_sampler *s);
struct qn_buf *qn_sample_consensus_request(struct qn_sampler *s);
struct qn_buf *qn_sample_recover(struct qn_sampler *s);
struct qn_buf *qn_sample_recover_reply(struct qn_sampler *s);

#endif
