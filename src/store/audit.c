/* The ledger in a data directory, checked from the ground up: nothing that it says of itself is believed. */
#include "ledger/ledger.h"
#include "ledger/store_keys.h"
#include "node/vote_log.h"
#include "store/admin.h"
#include "wire/vote.h"

#include <stdio.h>
#include <stdlib.h>

enum { PROGRESS_EVERY = 64 };

struct audit {
    struct qn_store_audit *result;
    const struct qn_storage *storage;
    const struct qn_genesis *genesis;
    const struct qn_store_progress *progress;
    struct qn_ledger *ledger; /* as stored; NULL: cannot be loaded */
    uint64_t head;
    /* blocks */
    struct qn_ledger
        *replayed; /* executes them again; NULL: not from the first one on, or no more */
    struct qn_ledger_commit commit; /* of the block under way */
    uint64_t next;                  /* height that comes next; 0: any */
    struct qn_hash last_id;
    /* certificates */
    uint64_t certificates_all;
    bool has_validators; /* of this epoch */
    uint64_t epoch;
    struct qn_validator_set validators;
};

static void tell(const struct audit *audit, const char *phase, uint64_t done, uint64_t all)
{
    if (audit->progress->tell != NULL && done % PROGRESS_EVERY == 0) {
        audit->progress->tell(audit->progress->context, phase, done, all);
    }
}

/* ---- blocks ---- */

/* Does it follow the block before it? */
static bool follows(struct audit *audit, const struct qn_block *block, uint64_t height)
{
    const struct qn_header *header = &block->header;

    if (header->height != height ||
        !qn_network_id_equal(&header->network, &audit->genesis->network)) {
        qn_store_complain(&audit->result->problems, "block %llu is another one: height %llu",
                          (unsigned long long)height, (unsigned long long)header->height);
        return false;
    }
    if (audit->next == 0) {
        return true; /* the first one that is here */
    }
    if (height != audit->next) {
        qn_store_complain(&audit->result->problems, "blocks %llu to %llu are missing",
                          (unsigned long long)audit->next, (unsigned long long)height - 1);
        return false;
    }
    if (!qn_hash_equal(&header->parent, &audit->last_id)) {
        qn_store_complain(&audit->result->problems, "block %llu does not name the block before it",
                          (unsigned long long)height);
        return false;
    }
    return true;
}

/* From here on only the chain of hashes is looked at. */
static void end_replay(struct audit *audit)
{
    qn_ledger_free(audit->replayed);
    audit->replayed = NULL;
}

static void replay(struct audit *audit, struct qn_block *block)
{
    if (audit->replayed == NULL) {
        return;
    }
    enum qn_err err = qn_ledger_execute(audit->replayed, block, 0);
    if (err != QN_OK) {
        qn_store_complain(&audit->result->problems, "block %llu does not execute: %s",
                          (unsigned long long)block->header.height, qn_err_text(err));
        end_replay(audit);
        return;
    }
    qn_ledger_commit(audit->replayed, &audit->commit, &block->id, NULL);
    qn_batch_free(audit->commit.batch); /* what the ledger holds in memory is enough */
    audit->result->executed += 1;
}

static bool visit_block(void *context, struct qn_span key, struct qn_buf *value)
{
    struct audit *audit = context;
    struct qn_block *block = NULL;
    uint64_t height = 0;

    if (!qn_store_key_is_height(&height, QN_STORE_BLOCK, key)) {
        return false;
    }
    if (audit->next == 0) {
        audit->result->first_block = height;
        if (height != 1) {
            end_replay(audit); /* it began with a snapshot */
        }
    }
    audit->result->blocks += 1;
    tell(audit, "blocks", audit->result->blocks, audit->head);
    enum qn_err err = qn_block_decode(&block, qn_buf_span(value));
    if (err != QN_OK) {
        qn_store_complain(&audit->result->problems, "block %llu cannot be read: %s",
                          (unsigned long long)height, qn_err_text(err));
        end_replay(audit);
        return false;
    }
    bool goes_on = follows(audit, block, height);
    if (goes_on) {
        replay(audit, block);
        audit->next = height + 1;
        audit->last_id = block->id;
    }
    qn_block_drop(block);
    return goes_on;
}

static void check_blocks(struct audit *audit)
{
    struct qn_storage scratch;
    struct qn_store_key first = qn_store_key_kind(QN_STORE_BLOCK);

    qn_storage_memory_open(&scratch);
    enum qn_err err = qn_ledger_new(&audit->replayed, audit->genesis, &scratch);
    QN_ASSERT(err == QN_OK); /* block 0 */
    err = audit->storage->walk(audit->storage->context, qn_store_key_span(&first), visit_block,
                               audit);
    if (err != QN_OK) {
        qn_store_complain(&audit->result->problems, "the blocks cannot be read: %s",
                          qn_err_text(err));
    }
    end_replay(audit);
    scratch.close(scratch.context);
}

/* The stored state has the root that the head names, and the head is the last block. */
static void check_head(struct audit *audit)
{
    enum qn_err err = qn_ledger_new(&audit->ledger, audit->genesis, audit->storage);

    if (err != QN_OK) {
        qn_store_complain(&audit->result->problems, "the registry cannot be loaded: %s",
                          qn_err_text(err));
        return;
    }
    audit->head = qn_ledger_height(audit->ledger);
    check_blocks(audit);
    struct qn_hash head_id = qn_ledger_head_id(audit->ledger);
    if (audit->head > 0 && audit->result->problems.count == 0 &&
        (audit->next != audit->head + 1 || !qn_hash_equal(&audit->last_id, &head_id))) {
        qn_store_complain(&audit->result->problems,
                          "the head is block %llu, but the last block is %llu",
                          (unsigned long long)audit->head, (unsigned long long)audit->next - 1);
    }
}

/* ---- certificates ---- */

static bool names_block(struct audit *audit, const struct qn_cert *cert, uint64_t height)
{
    struct qn_store_key key = qn_store_key_height(QN_STORE_BLOCK, height);
    struct qn_buf *value = NULL;
    struct qn_block *block = NULL;
    enum qn_err err = audit->storage->get(audit->storage->context, &value, qn_store_key_span(&key));

    if (err == QN_OK) {
        err = qn_block_decode(&block, qn_buf_span(value));
    }
    qn_buf_drop(value);
    bool is_named = err == QN_OK && qn_hash_equal(&block->id, &cert->block_id);
    qn_block_drop(block);
    return is_named;
}

static void forget_validators(struct audit *audit)
{
    if (audit->has_validators) {
        qn_validator_set_fini(&audit->validators);
    }
    audit->has_validators = false;
}

/* The committee of an epoch; certificates come in its order, so one is kept. */
static bool knows_validators(struct audit *audit, uint64_t epoch)
{
    if (audit->has_validators && audit->epoch == epoch) {
        return true;
    }
    forget_validators(audit);
    audit->epoch = epoch;
    audit->has_validators =
        audit->ledger != NULL &&
        qn_ledger_validators_at(audit->ledger, epoch, &audit->validators, NULL) == QN_OK;
    return audit->has_validators;
}

static bool is_signed(struct audit *audit, const struct qn_cert *cert)
{
    struct qn_hash digest = qn_cert_digest(cert, &audit->genesis->network);

    for (size_t i = 0; i < cert->signature_count; i++) {
        const struct qn_public_key *key = &audit->validators.members[qn_cert_signer(cert, i)].key;
        audit->result->signatures += 1;
        if (qn_verify(key, qn_vote_sign_kind(cert->kind), &digest, cert->signatures[i]) != QN_OK) {
            return false;
        }
    }
    return true;
}

static void check_certificate(struct audit *audit, const struct qn_buf *value, uint64_t height)
{
    struct qn_cert cert;
    unsigned long long shown = height;
    enum qn_err err = qn_cert_decode(&cert, qn_buf_span(value));

    if (err != QN_OK || cert.kind != QN_VOTE_FINALIZE || !names_block(audit, &cert, height)) {
        qn_store_complain(&audit->result->problems,
                          "the certificate of block %llu is not one of that block", shown);
    } else if (!knows_validators(audit, cert.epoch)) {
        audit->result->certificates_unknown += 1;
    } else if (qn_cert_check_members(&cert, &audit->validators) != QN_OK ||
               !is_signed(audit, &cert)) {
        qn_store_complain(&audit->result->problems,
                          "the certificate of block %llu is not signed by a quorum", shown);
    }
}

static bool visit_certificate(void *context, struct qn_span key, struct qn_buf *value)
{
    struct audit *audit = context;
    uint64_t height = 0;

    if (!qn_store_key_is_height(&height, QN_STORE_CERT, key)) {
        return false;
    }
    audit->result->certificates += 1;
    tell(audit, "certificates", audit->result->certificates, audit->certificates_all);
    check_certificate(audit, value, height);
    return true;
}

static bool count_certificate(void *context, struct qn_span key, struct qn_buf *value)
{
    uint64_t height;
    (void)value;

    if (!qn_store_key_is_height(&height, QN_STORE_CERT, key)) {
        return false;
    }
    *(uint64_t *)context += 1;
    return true;
}

static void check_certificates(struct audit *audit)
{
    struct qn_store_key first = qn_store_key_kind(QN_STORE_CERT);
    enum qn_err err = audit->storage->walk(audit->storage->context, qn_store_key_span(&first),
                                           count_certificate, &audit->certificates_all);

    if (err == QN_OK) {
        err = audit->storage->walk(audit->storage->context, qn_store_key_span(&first),
                                   visit_certificate, audit);
    }
    if (err != QN_OK) {
        qn_store_complain(&audit->result->problems, "the certificates cannot be read: %s",
                          qn_err_text(err));
    }
}

/* ---- votes ---- */

static enum qn_store_votes check_votes(const struct audit *audit)
{
    static const uint8_t head_key[] = {'w'};
    struct qn_vote_log log;
    struct qn_buf *head = NULL;

    if (audit->ledger == NULL ||
        audit->storage->get(audit->storage->context, &head,
                            (struct qn_span){head_key, sizeof head_key}) != QN_OK) {
        return QN_STORE_VOTES_NONE;
    }
    qn_buf_drop(head);
    enum qn_memory memory =
        qn_vote_log_open(&log, audit->storage, qn_ledger_epoch(audit->ledger), NULL);
    qn_vote_log_close(&log);
    return memory == QN_MEMORY_INTACT ? QN_STORE_VOTES_INTACT : QN_STORE_VOTES_LOST;
}

void qn_store_audit(struct qn_store_audit *result, const struct qn_storage *storage,
                    const struct qn_genesis *genesis, const struct qn_store_progress *progress)
{
    struct audit *audit = calloc(1, sizeof *audit);

    QN_ASSERT(audit != NULL);
    *audit = (struct audit){
        .result = result, .storage = storage, .genesis = genesis, .progress = progress};
    *result = (struct qn_store_audit){0};
    check_head(audit);
    check_certificates(audit);
    result->votes = check_votes(audit);
    forget_validators(audit);
    qn_ledger_free(audit->ledger);
    free(audit);
}
