/* Votes as they go over the wire: never two that contradict each other from one honest member, restarts
 * included; none before it was durable; and what all votes together decide in a view. */
#include "sim/checker_state.h"

#include "node/state.h"

#include <stdlib.h>
#include <string.h>

enum { RECORD_MAP_LEN_MIN = 4 };

static struct qn_sim_view_votes *view_of(struct qn_sim *sim, uint64_t epoch, uint64_t view)
{
    struct qn_sim_checker *checker = sim->checker;
    uint8_t key[QN_HASH_LEN] = {0};
    uint32_t at = 0;

    for (unsigned i = 0; i < 8; i++) {
        key[i] = (uint8_t)(epoch >> (8 * i));
        key[8 + i] = (uint8_t)(view >> (8 * i));
    }
    if (qn_map_get(&checker->view_index, &at, key)) {
        return checker->views[at];
    }
    if (checker->view_count == QN_SIM_VOTE_VIEWS_MAX) {
        return NULL; /* a Byzantine host can name any number of views; honest ones do not get so far */
    }
    struct qn_sim_view_votes *votes = calloc(1, sizeof *votes);
    QN_ASSERT(votes != NULL);
    votes->epoch = epoch;
    votes->view = view;
    checker->views[checker->view_count] = votes;
    enum qn_err err = qn_map_put(&checker->view_index, key, (uint32_t)checker->view_count);
    QN_ASSERT(err == QN_OK);
    checker->view_count += 1;
    return votes;
}

/* Identities are numbered as their hosts; twins share one. */
static size_t member_of(const struct qn_sim_host *host)
{
    return host->is_second ? host->twin->index : host->index;
}

static struct qn_hash digest_of(const struct qn_network_id *network, const struct qn_vote *vote)
{
    switch (vote->kind) {
    case QN_VOTE_FINALIZE:
        return vote->p;
    case QN_VOTE_NULLIFY:
        return qn_nullify_digest(network, vote->epoch, vote->view);
    case QN_VOTE_NOTARIZE:
        break;
    }
    return qn_proposal_digest(network, vote->epoch, vote->view, vote->parent_view, &vote->block_id);
}

/* A proposal is its leader's vote; from anybody else it is only passed on. */
static bool vote_of_propose(const struct qn_sim *sim, const struct qn_sim_host *host,
                            struct qn_sim_vote *vote, struct qn_span bytes)
{
    const struct qn_network_id *network = &qn_sim_genesis(sim->plan.n)->network;
    struct qn_propose propose;
    struct qn_block *block = NULL;

    if (qn_propose_decode(&propose, bytes) != QN_OK ||
        qn_block_decode(&block, propose.block) != QN_OK) {
        return false;
    }
    *vote = (struct qn_sim_vote){
        .kind = QN_VOTE_NOTARIZE, .epoch = propose.epoch, .view = propose.view};
    vote->digest =
        qn_proposal_digest(network, propose.epoch, propose.view, propose.parent_view, &block->id);
    qn_block_drop(block);
    return qn_sim_verify(qn_key_public(host->identity->key), QN_SIGN_NOTARIZE, &vote->digest,
                         (struct qn_span){propose.signature.bytes, propose.signature.len},
                         sim->plan.real_signatures);
}

bool qn_sim_vote_of(const struct qn_sim *sim, const struct qn_sim_host *host,
                    struct qn_sim_vote *vote, enum qn_message_kind kind, struct qn_span bytes)
{
    struct qn_vote decoded;

    if (kind == QN_PROPOSE) {
        return vote_of_propose(sim, host, vote, bytes);
    }
    if (kind != QN_NOTARIZE && kind != QN_FINALIZE && kind != QN_NULLIFY) {
        return false;
    }
    enum qn_vote_kind vote_kind = (enum qn_vote_kind)(kind - QN_NOTARIZE + QN_VOTE_NOTARIZE);
    if (qn_vote_decode(&decoded, vote_kind, bytes) != QN_OK) {
        return false;
    }
    *vote =
        (struct qn_sim_vote){.kind = decoded.kind, .epoch = decoded.epoch, .view = decoded.view};
    vote->digest = digest_of(&qn_sim_genesis(sim->plan.n)->network, &decoded);
    return true;
}

static const char *kind_name(unsigned index)
{
    static const char *const names[QN_SIM_KINDS] = {"NOTARIZE", "FINALIZE", "NULLIFY"};

    return names[index];
}

void qn_sim_check_vote(struct qn_sim *sim, struct qn_sim_host *host, const struct qn_sim_vote *vote)
{
    struct qn_sim_view_votes *view = view_of(sim, vote->epoch, vote->view);
    unsigned index = vote->kind - 1U;

    if (view == NULL || host->lied) {
        return;
    }
    struct qn_sim_member_votes *own = &view->members[member_of(host)];
    if (own->cast[index] && !qn_hash_equal(&own->digest[index], &vote->digest)) {
        qn_sim_fail(sim, "no_conflicting_votes", "host %zu sent two different %s of view %llu",
                    host->index, kind_name(index), (unsigned long long)vote->view);
    }
    own->cast[index] = true;
    own->digest[index] = vote->digest;
    if (own->cast[QN_VOTE_FINALIZE - 1] && own->cast[QN_VOTE_NULLIFY - 1]) {
        qn_sim_fail(sim, "no_conflicting_votes", "host %zu sent FINALIZE and NULLIFY of view %llu",
                    host->index, (unsigned long long)vote->view);
    }
    if (!own->durable[index] || !qn_hash_equal(&own->durable_digest[index], &vote->digest)) {
        qn_sim_fail(sim, "votes_are_durable_first",
                    "host %zu sent %s of view %llu before its record was durable", host->index,
                    kind_name(index), (unsigned long long)vote->view);
    }
}

static size_t slot_of_digest(struct qn_sim_view_votes *view, const struct qn_hash *digest)
{
    for (size_t i = 0; i < view->digest_count; i++) {
        if (qn_hash_equal(&view->digests[i], digest)) {
            return i;
        }
    }
    if (view->digest_count < QN_SIM_DIGESTS_MAX) {
        view->digests[view->digest_count] = *digest;
        return view->digest_count++;
    }
    return QN_SIM_DIGESTS_MAX; /* inventions of somebody Byzantine */
}

static unsigned bits_of(uint32_t set)
{
    unsigned count = 0;

    for (; set != 0; set &= set - 1) {
        count += 1;
    }
    return count;
}

/* The votes alone decide what can be certified, whoever has collected them. */
static void check_decided(struct qn_sim *sim, struct qn_sim_view_votes *view)
{
    unsigned quorum = qn_quorum(qn_sim_committee(sim, view->epoch)->count);
    unsigned notarized = 0;
    unsigned finalized = 0;

    for (size_t i = 0; i < view->digest_count; i++) {
        notarized += bits_of(view->notarized[i]) >= quorum;
        finalized += bits_of(view->finalized[i]) >= quorum;
    }
    bool nullified = bits_of(view->nullified) >= quorum;
    unsigned culprits = 0;
    char text[128];
    if (notarized > 1 || finalized > 1 || (finalized > 0 && nullified)) {
        qn_sim_culprits(sim, text, sizeof text, &culprits);
        qn_sim_fail(sim,
                    notarized > 1 ? "one_notarization_per_view" : "no_final_and_nullified_view",
                    "view %llu of epoch %llu; culprits:%s", (unsigned long long)view->view,
                    (unsigned long long)view->epoch, text);
    }
}

void qn_sim_count_vote(struct qn_sim *sim, const struct qn_sim_host *host,
                       const struct qn_sim_vote *vote)
{
    const struct qn_validator_set *set = qn_sim_committee(sim, vote->epoch);
    uint32_t bit = 1U << member_of(host);

    if (set == NULL || qn_validator_index(set, &host->identity->id) < 0) {
        return;
    }
    struct qn_sim_view_votes *view = view_of(sim, vote->epoch, vote->view);
    if (view == NULL) {
        return;
    }
    if (vote->kind == QN_VOTE_NULLIFY) {
        bool was = bits_of(view->nullified) >= qn_quorum(set->count);
        view->nullified |= bit;
        sim->coverage->counts[QN_SIM_COVER_NULLIFIED_VIEW] +=
            !was && bits_of(view->nullified) >= qn_quorum(set->count);
    } else {
        size_t slot = slot_of_digest(view, &vote->digest);
        if (slot == QN_SIM_DIGESTS_MAX) {
            return;
        }
        uint32_t *voted = vote->kind == QN_VOTE_NOTARIZE ? view->notarized : view->finalized;
        voted[slot] |= bit;
    }
    check_decided(sim, view);
}

/* Two different blocks notarized or finalized, or FINALIZE and NULLIFY, by one member. */
static bool is_culprit(const struct qn_sim_view_votes *view, uint32_t bit)
{
    unsigned notarized = 0;
    unsigned finalized = 0;

    for (size_t i = 0; i < view->digest_count; i++) {
        notarized += (view->notarized[i] & bit) != 0;
        finalized += (view->finalized[i] & bit) != 0;
    }
    return notarized > 1 || finalized > 1 || (finalized > 0 && (view->nullified & bit) != 0);
}

void qn_sim_culprits(const struct qn_sim *sim, char *text, size_t size, unsigned *count)
{
    const struct qn_sim_checker *checker = sim->checker;
    size_t len = 0;

    *count = 0;
    text[0] = '\0';
    for (size_t member = 0; member < QN_SIM_NODES_MAX; member++) {
        bool guilty = false;
        for (size_t i = 0; i < checker->view_count && !guilty; i++) {
            guilty = is_culprit(checker->views[i], 1U << member);
        }
        *count += guilty;
        if (guilty && len + 8 < size) {
            len += (size_t)snprintf(text + len, size - len, " %zu", member);
        }
    }
}

/* {1: epoch, 2: view, 3: kind, 4: digest, ...}: own vote records, whatever else they carry. */
static bool read_record(struct qn_sim_vote *vote, struct qn_span bytes)
{
    struct qn_reader in;

    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_key(&in, &map, 1);
    vote->epoch = qn_read_uint(&in, UINT64_MAX);
    qn_read_key(&in, &map, 2);
    vote->view = qn_read_uint(&in, UINT64_MAX);
    qn_read_key(&in, &map, 3);
    vote->kind = (enum qn_vote_kind)qn_read_uint(&in, QN_SIM_KINDS);
    qn_read_key(&in, &map, 4);
    qn_read_fixed(&in, vote->digest.bytes, sizeof vote->digest.bytes);
    return !in.failed && vote->kind >= QN_VOTE_NOTARIZE;
}

void qn_sim_check_durable(struct qn_sim *sim, struct qn_sim_host *host,
                          const struct qn_batch *batch)
{
    for (size_t i = 0; i < qn_batch_count(batch); i++) {
        struct qn_span key;
        struct qn_buf *value = NULL;
        struct qn_sim_vote vote;
        qn_batch_at(batch, i, &key, &value);
        if (key.len == 0 || key.at[0] != 'v' || value == NULL ||
            !read_record(&vote, qn_buf_span(value))) {
            continue;
        }
        struct qn_sim_view_votes *view = view_of(sim, vote.epoch, vote.view);
        if (view != NULL) {
            struct qn_sim_member_votes *own = &view->members[member_of(host)];
            host->voted |= vote.epoch == sim->checker->epoch;
            own->durable[vote.kind - 1] = true;
            own->durable_digest[vote.kind - 1] = vote.digest;
        }
    }
}
