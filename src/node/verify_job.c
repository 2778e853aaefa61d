#include "node/verify_job.h"

#include "node/parts.h"
#include "node/tickets.h"

#include <string.h>

bool qn_verify_job_holds(struct qn_verify_job *job)
{
    if (job->is_ticket) {
        return job->tries > 0 ? qn_ticket_search(&job->ticket, job->tries) == QN_OK
                              : qn_ticket_check(&job->ticket) == QN_OK;
    }
    struct qn_span signature = {job->signature.bytes, job->signature.len};
    return qn_verify(&job->key, job->kind, &job->digest, signature) == QN_OK;
}

size_t qn_node_verify_tx(struct qn_node *node, enum qn_owner owner, uint64_t cookie,
                         const struct qn_tx_checks *checks)
{
    for (size_t i = 0; i < checks->signature_count; i++) {
        const struct qn_tx_signature *signature = &checks->signatures[i];
        struct qn_verify_job *job = qn_node_job(node, owner, cookie);
        job->key = signature->key;
        job->kind = signature->kind;
        job->digest = signature->digest;
        job->signature.len = (uint16_t)signature->signature.len;
        memcpy(job->signature.bytes, signature->signature.at, signature->signature.len);
        qn_node_verify(node, job);
    }
    bool waits = checks->has_ticket && qn_node_verify_ticket(node, owner, cookie, &checks->ticket);
    return checks->signature_count + waits;
}

enum qn_err qn_verify_job_verdict(const struct qn_verify_job *job)
{
    if (job->ok) {
        return QN_OK;
    }
    return job->is_ticket ? QN_ERR_BAD_WORK : QN_ERR_BAD_SIGNATURE;
}
