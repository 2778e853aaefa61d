/* Rule 8: q matching votes are verified together, just as many as are needed; each bad one is replaced by
 * the next that is buffered. Verified ones become a certificate of exactly q signatures. */
#include "consensus/state.h"

struct tally {
    unsigned verified;
    unsigned verifying;
    unsigned buffered;
    unsigned own_coming; /* the own vote is cast and being signed */
};

static bool matches(const struct qn_vote_entry *entry, const struct qn_hash *digest)
{
    return entry->state != QN_ENTRY_EMPTY && entry->state != QN_ENTRY_BAD &&
           qn_hash_equal(&entry->digest, digest);
}

static struct tally count_votes(const struct qn_consensus *c, const struct qn_view_slot *slot,
                                struct qn_vote_view *votes, enum qn_vote_kind kind,
                                const struct qn_hash *digest)
{
    const struct qn_own_vote *own = &slot->own[kind - 1];
    struct tally tally = {0};

    for (int i = 0; i < (int)c->n; i++) {
        const struct qn_vote_entry *entry = qn_votes_entry(c, votes, kind, i);
        if (matches(entry, digest)) {
            tally.verified += entry->state == QN_ENTRY_VERIFIED;
            tally.verifying += entry->state == QN_ENTRY_VERIFYING;
            tally.buffered += entry->state == QN_ENTRY_BUFFERED;
        }
    }
    if (own->cast && own->message == NULL && !own->failed && slot->view > c->ceiling &&
        qn_hash_equal(&own->digest, digest)) {
        tally.own_coming = 1;
    }
    return tally;
}

static struct qn_span entry_signature(const struct qn_vote_entry *entry)
{
    return (struct qn_span){entry->signature.bytes, entry->signature.len};
}

/* What block the digest of FINALIZE votes stands for: the votes do not say. Whatever hashes to it will do,
 * a NOTARIZE vote too, which may be all that came of a lost proposal. */
static bool find_preimage(const struct qn_consensus *c, const struct qn_view_slot *slot,
                          struct qn_vote_view *votes, const struct qn_hash *p, struct qn_cert *cert)
{
    const struct qn_view_cert *notarized = qn_slot_notarized(slot);

    if (notarized != NULL && qn_hash_equal(&notarized->p, p)) {
        cert->parent_view = notarized->parent_view;
        cert->block_id = notarized->block_id;
        return true;
    }
    if (slot->proposed.block != NULL && qn_hash_equal(&slot->proposed.p, p)) {
        cert->parent_view = slot->proposed.parent_view;
        cert->block_id = slot->proposed.block->id;
        return true;
    }
    for (int i = 0; i < (int)c->n; i++) {
        const struct qn_vote_entry *entry = qn_votes_entry(c, votes, QN_VOTE_NOTARIZE, i);
        if (matches(entry, p)) {
            cert->parent_view = entry->parent_view;
            cert->block_id = entry->block_id;
            return true;
        }
    }
    return false;
}

bool qn_vote_resolve(struct qn_consensus *c, struct qn_vote *vote)
{
    struct qn_vote_view *votes = qn_votes_at(c, vote->view);
    const struct qn_view_slot *slot = qn_slot_get(c, vote->view);
    struct qn_cert cert;

    if (vote->kind != QN_VOTE_FINALIZE) {
        return true;
    }
    if (votes == NULL || slot == NULL || !find_preimage(c, slot, votes, &vote->p, &cert)) {
        return false;
    }
    vote->parent_view = cert.parent_view;
    vote->block_id = cert.block_id;
    return true;
}

static void assemble(struct qn_consensus *c, const struct qn_view_slot *slot,
                     struct qn_vote_view *votes, enum qn_vote_kind kind,
                     const struct qn_hash *digest)
{
    struct qn_cert cert = {.kind = kind, .epoch = c->epoch, .view = slot->view};

    cert.bitmap_len = (c->n + 7) / 8;
    if (kind == QN_VOTE_FINALIZE && !find_preimage(c, slot, votes, digest, &cert)) {
        return; /* again when the proposal, a NOTARIZE or the notarization arrives */
    }
    for (int i = 0; i < (int)c->n && cert.signature_count < c->q; i++) {
        const struct qn_vote_entry *entry = qn_votes_entry(c, votes, kind, i);
        if (!matches(entry, digest) || entry->state != QN_ENTRY_VERIFIED) {
            continue;
        }
        if (kind == QN_VOTE_NOTARIZE) {
            cert.parent_view = entry->parent_view;
            cert.block_id = entry->block_id;
        }
        cert.bitmap[i / 8] = (uint8_t)(cert.bitmap[i / 8] | 1U << (i % 8));
        cert.signatures[cert.signature_count++] = entry_signature(entry);
    }
    QN_ASSERT(cert.signature_count == c->q);
    qn_certificate_adopt(c, &cert, qn_cert_encode(&cert), -1);
}

/* Starts verifying one buffered vote; counts it where it now belongs. */
static void verify_entry(struct qn_consensus *c, uint64_t view, enum qn_vote_kind kind,
                         int validator, struct qn_vote_entry *entry, struct tally *tally)
{
    struct qn_verify_job what =
        qn_verify_vote(view, kind, validator, &entry->digest, entry_signature(entry));

    entry->key = what.key;
    switch (qn_verify_start(c, &what, &entry->digest, entry_signature(entry))) {
    case QN_VERIFY_KNOWN:
        entry->state = QN_ENTRY_VERIFIED;
        tally->verified += 1;
        break;
    case QN_VERIFY_STARTED:
        entry->state = QN_ENTRY_VERIFYING;
        tally->verifying += 1;
        break;
    case QN_VERIFY_FULL:
        break; /* stays buffered; the next vote or a repeated one tries again */
    }
}

void qn_quorum_try(struct qn_consensus *c, uint64_t view, enum qn_vote_kind kind,
                   const struct qn_hash *digest)
{
    const struct qn_view_slot *slot = qn_slot_get(c, view);
    struct qn_vote_view *votes = qn_votes_at(c, view);

    if (slot == NULL || votes == NULL || slot->certs[kind - 1].bytes != NULL) {
        return;
    }
    struct tally tally = count_votes(c, slot, votes, kind, digest);
    if (tally.verified + tally.verifying + tally.buffered + tally.own_coming < c->q) {
        return;
    }
    for (int i = 0; i < (int)c->n; i++) {
        struct qn_vote_entry *entry = qn_votes_entry(c, votes, kind, i);
        if (tally.verified + tally.verifying + tally.own_coming >= c->q) {
            break;
        }
        if (entry->state == QN_ENTRY_BUFFERED && matches(entry, digest)) {
            verify_entry(c, view, kind, i, entry, &tally);
        }
    }
    if (tally.verified >= c->q) {
        assemble(c, slot, votes, kind, digest);
    }
}

/* The own vote is as good as verified: it was just signed. */
void qn_votes_put_own(struct qn_consensus *c, const struct qn_view_slot *slot,
                      enum qn_vote_kind kind)
{
    const struct qn_own_vote *own = &slot->own[kind - 1];
    struct qn_vote_view *votes = qn_votes_at(c, slot->view);

    if (votes == NULL) {
        return;
    }
    struct qn_vote_entry *entry = qn_votes_entry(c, votes, kind, c->self);
    entry->state = QN_ENTRY_VERIFIED;
    entry->parent_view = own->parent_view;
    entry->block_id = own->block_id;
    entry->digest = own->digest;
    entry->signature = *own->signature;
}

void qn_quorum_verified(struct qn_consensus *c, const struct qn_verify_job *job, bool ok)
{
    struct qn_vote_view *votes = qn_votes_at(c, job->view);

    if (votes == NULL) {
        return;
    }
    struct qn_vote_entry *entry = qn_votes_entry(c, votes, job->kind, job->validator);
    if (entry->state != QN_ENTRY_VERIFYING || !qn_hash_equal(&entry->key, &job->key)) {
        return;
    }
    entry->state = ok ? QN_ENTRY_VERIFIED : QN_ENTRY_BAD;
    if (!ok) {
        c->bad_signatures += 1;
        qn_consensus_fault(c, job->validator, QN_ERR_BAD_SIGNATURE);
    }
    struct qn_hash digest = entry->digest;
    qn_quorum_try(c, job->view, job->kind, &digest);
}
