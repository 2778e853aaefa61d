/* Certificates of others (rule 1): members first, then every signature, and only then used. */
#include "consensus/state.h"

void qn_cert_job_clear(struct qn_cert_job *job)
{
    qn_buf_drop(job->bytes);
    if (job->parked != NULL) {
        qn_block_drop(job->parked);
    }
    qn_buf_drop(job->parked_signature);
    job->bytes = NULL;
    job->parked = NULL;
    job->parked_signature = NULL;
    job->pending_count = 0;
}

struct qn_cert_job *qn_cert_job_of(struct qn_consensus *c, uint64_t view,
                                   const struct qn_hash *block_id)
{
    for (size_t i = 0; i < QN_CONSENSUS_CERT_JOBS; i++) {
        struct qn_cert_job *job = &c->cert_jobs[i];
        if (job->bytes != NULL && job->view == view && job->kind != QN_VOTE_NULLIFY &&
            qn_hash_equal(&job->block_id, block_id)) {
            return job;
        }
    }
    return NULL;
}

/* A free place for a certificate of this sender; NULL if there is none, or if this sender has too many or
 * the same one under way. What is turned away comes again on request. */
static struct qn_cert_job *find_place(struct qn_consensus *c, int from, const struct qn_cert *cert)
{
    struct qn_cert_job *place = NULL;
    unsigned mine = 0;

    for (size_t i = 0; i < QN_CONSENSUS_CERT_JOBS; i++) {
        struct qn_cert_job *job = &c->cert_jobs[i];
        if (job->bytes == NULL) {
            place = job;
        } else if (job->from == from) {
            mine += 1;
            if (job->kind == cert->kind && job->view == cert->view) {
                return NULL;
            }
        }
    }
    return mine < QN_CONSENSUS_CERT_JOBS_EACH ? place : NULL;
}

/* Does this certificate tell us anything? Above the window only that we are behind. */
static bool is_wanted(struct qn_consensus *c, const struct qn_cert *cert)
{
    if (cert->epoch != c->epoch || cert->view <= c->final_view) {
        return false;
    }
    if (cert->view - c->final_view > QN_CONSENSUS_WINDOW) {
        return cert->kind == QN_VOTE_FINALIZE;
    }
    struct qn_view_slot *slot = qn_slot_find(c, cert->view);
    bool settled = slot != NULL && slot->certs[QN_VOTE_FINALIZE - 1].bytes != NULL;
    return slot == NULL || (slot->certs[cert->kind - 1].bytes == NULL &&
                            !(settled && cert->kind == QN_VOTE_NOTARIZE));
}

static void finish(struct qn_consensus *c, struct qn_cert_job *job)
{
    struct qn_cert cert;
    struct qn_block *block = job->parked;
    struct qn_buf *signature = job->parked_signature;
    uint64_t parent_view = job->parked_parent_view;
    int parked_from = job->parked_from;

    QN_ASSERT(qn_cert_decode(&cert, qn_buf_span(job->bytes)) == QN_OK);
    struct qn_buf *bytes = qn_buf_hold(job->bytes);
    int from = job->from;
    job->parked = NULL;
    job->parked_signature = NULL;
    qn_cert_job_clear(job);

    struct qn_view_slot *slot = block != NULL ? qn_slot_get(c, cert.view) : NULL;
    if (slot != NULL && qn_slot_body_of(slot, &block->id) == NULL && slot->other.block == NULL) {
        qn_body_set(c, &slot->other, cert.view, parent_view, block, signature, parked_from);
    }
    qn_certificate_adopt(c, &cert, bytes, from);
    if (block != NULL) {
        qn_block_drop(block);
    }
    qn_buf_drop(signature);
}

/* False: no room for all of its verifications. */
static bool start_verifying(struct qn_consensus *c, struct qn_cert_job *job,
                            const struct qn_cert *cert)
{
    struct qn_hash digest = qn_cert_digest(cert, &c->network);

    for (size_t i = 0; i < cert->signature_count; i++) {
        int signer = qn_cert_signer(cert, i);
        struct qn_verify_job what =
            qn_verify_vote(cert->view, cert->kind, signer, &digest, cert->signatures[i]);
        enum qn_verify_answer answer = qn_verify_start(c, &what, &digest, cert->signatures[i]);
        if (answer == QN_VERIFY_FULL) {
            return false;
        }
        job->keys[i] = what.key;
        job->pending[i] = answer == QN_VERIFY_STARTED;
        job->pending_count += job->pending[i];
    }
    return true;
}

enum qn_err qn_on_certificate(struct qn_consensus *c, int validator, struct qn_span bytes)
{
    struct qn_cert cert;
    enum qn_err err = qn_cert_decode(&cert, bytes);

    if (err == QN_OK && cert.epoch == c->epoch && !QN_MUTANT_IS(QN_MUTANT_NO_MEMBER_CHECK) &&
        !QN_MUTANT_IS(QN_MUTANT_SMALL_QUORUM)) {
        err = qn_cert_check_members(&cert, c->validators);
    }
    if (err != QN_OK || !is_wanted(c, &cert)) {
        return err;
    }
    struct qn_cert_job *job = find_place(c, validator, &cert);
    if (job == NULL) {
        return QN_OK;
    }
    *job = (struct qn_cert_job){.bytes = qn_buf_copy(bytes),
                                .from = validator,
                                .kind = cert.kind,
                                .view = cert.view,
                                .parent_view = cert.parent_view,
                                .block_id = cert.block_id,
                                .signature_count = cert.signature_count};
    if (!start_verifying(c, job, &cert)) {
        qn_cert_job_clear(job);
    } else if (job->pending_count == 0) {
        finish(c, job);
    }
    return QN_OK;
}

static void job_verified(struct qn_consensus *c, struct qn_cert_job *job, const struct qn_hash *key,
                         bool ok)
{
    for (size_t i = 0; i < job->signature_count; i++) {
        if (!job->pending[i] || !qn_hash_equal(&job->keys[i], key)) {
            continue;
        }
        if (!ok) { /* an honest validator passes on only what it verified */
            c->bad_signatures += 1;
            qn_consensus_fault(c, job->from, QN_ERR_BAD_SIGNATURE);
            qn_cert_job_clear(job);
            return;
        }
        job->pending[i] = false;
        job->pending_count -= 1;
    }
    if (job->pending_count == 0) {
        finish(c, job);
    }
}

void qn_cert_jobs_verified(struct qn_consensus *c, const struct qn_hash *key, bool ok)
{
    for (size_t i = 0; i < QN_CONSENSUS_CERT_JOBS; i++) {
        if (c->cert_jobs[i].bytes != NULL) {
            job_verified(c, &c->cert_jobs[i], key, ok);
        }
    }
}
