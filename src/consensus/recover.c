/* From when on a validator that starts may vote (CONSENSUS.md, restarts): it asks the others where they are.
 *
 * Without its memory (LOST), it may have voted in any view that it had entered. It had entered view w by a
 * certificate of w - 1, of whose q signers at least f + 1 are honest others or it itself; n - q + f + 1
 * answers of others that kept their memory meet one of those, who is in a view >= w - 1. So it votes
 * only above C = 1 + the highest answer, and the others carry the views past C. An answer counts once it
 * is proved: once a certificate led here as far, so that nobody can bar it from voting with a number.
 *
 * A new network, of whose members none has a memory, begins at once where as many as the start gate wants
 * say that they are in view 1 and know of no earlier life of ours. We ask before we vote, so an earlier
 * life that voted is known to as many.
 *
 * With a log that looks whole (INTACT), only a log that lies has to be found out: it waits for as many
 * answers, of whoever kept a log, but 5 s at most. A vote of ours that the log lacks: it lies, and all
 * is LOST. */
#include "consensus/state.h"

#include <stdlib.h>

static bool is_lost(const struct qn_consensus *c)
{
    return c->memory == QN_MEMORY_LOST;
}

enum qn_recover_state qn_recover_state(const struct qn_consensus *c)
{
    if (c->joining) {
        return is_lost(c) ? QN_RECOVER_LOST : QN_RECOVER_INTACT;
    }
    return c->ceiling >= c->view ? QN_RECOVER_LOST : QN_RECOVER_NORMAL;
}

static void ask(struct qn_consensus *c, int to)
{
    struct qn_recover recover = {.epoch = c->epoch, .nonce = c->nonce};

    qn_consensus_send(c, to, QN_RECOVER, qn_recover_encode(&recover));
}

static bool has_answered(const struct qn_consensus *c, int validator)
{
    enum qn_recover_state state = c->peers[validator].recover_state;

    return state == QN_RECOVER_NORMAL || (state == QN_RECOVER_INTACT && !is_lost(c));
}

/* Below its ceiling a validator repeats its STATUS, or the others would not carry it. */
static bool waits(const struct qn_consensus *c)
{
    return !c->joining && c->ceiling >= c->view;
}

static void ask_all(struct qn_consensus *c)
{
    for (int i = 0; i < (int)c->n; i++) {
        if (i != c->self && c->peers[i].linked && !has_answered(c, i)) {
            ask(c, i);
        }
    }
    if (waits(c)) { /* the others carry the views past our ceiling, if they know of it */
        qn_status_send(c, QN_CONSENSUS_ALL);
    }
}

void qn_recover_begin(struct qn_consensus *c)
{
    if (QN_MUTANT_IS(QN_MUTANT_NAIVE_RESTART)) {
        return;
    }
    c->joining = true;
    c->asking = true;
    c->ceiling = UINT64_MAX;
    c->wait_until = c->now + QN_CONSENSUS_RECOVER_WAIT;
    c->ask_interval = c->resend_min;
    c->ask_at = c->now + c->ask_interval;
    if (is_lost(c)) {
        qn_durable_persist(c, 0, NULL); /* from now on the log says so itself */
    }
    ask_all(c);
}

void qn_recover_link(struct qn_consensus *c, int validator)
{
    if (c->asking && !has_answered(c, validator)) {
        ask(c, validator);
    }
}

struct answer_count {
    unsigned kept; /* proved answers of those who kept their memory */
    unsigned logs; /* and of those with an intact log */
    unsigned any;  /* of those in the first view who know of no earlier life of ours */
    unsigned lost; /* of those who lost theirs, ourselves included */
};

static struct answer_count count_answers(const struct qn_consensus *c)
{
    struct answer_count tally = {.lost = is_lost(c) ? 1 : 0};

    for (int i = 0; i < (int)c->n; i++) {
        const struct qn_validator_state *peer = &c->peers[i];
        bool proved = peer->recover_view <= c->view;
        tally.kept += peer->recover_state == QN_RECOVER_NORMAL && proved;
        tally.logs += peer->recover_state == QN_RECOVER_INTACT && proved;
        tally.any += peer->recover_state != 0 && peer->recover_view <= 1 && !peer->recover_knows;
        tally.lost += peer->recover_state == QN_RECOVER_LOST;
    }
    return tally;
}

unsigned qn_recover_lost(const struct qn_consensus *c)
{
    return c->joining ? count_answers(c).lost : 0;
}

unsigned qn_recover_answers(const struct qn_consensus *c)
{
    struct answer_count tally = count_answers(c);

    return c->joining ? tally.kept + (is_lost(c) ? 0 : tally.logs) : 0;
}

/* Others needed besides oneself, where the network is only beginning: those of the start gate. */
static unsigned needed_to_begin(const struct qn_consensus *c)
{
    return (c->q > QN_GENESIS_MIN ? c->q : QN_GENESIS_MIN) - 1;
}

unsigned qn_recover_needed(const struct qn_consensus *c)
{
    return c->n - c->q + qn_fault_limit(c->n) + 1;
}

static void vote_from(struct qn_consensus *c, uint64_t ceiling, const struct answer_count *tally)
{
    c->joining = false;
    c->ceiling = ceiling;
    qn_log(c->log, QN_LOG_INFO, "consensus", "recovered",
           "memory=%s answers=%u view=%llu votes_from_view=%llu", is_lost(c) ? "lost" : "intact",
           tally->kept + tally->logs, (unsigned long long)c->view, (unsigned long long)ceiling + 1);
}

/* Where nobody has a memory of this network, there is none to lose. In a later epoch that takes everybody:
 * members of the one before vote without asking, so that only a vote that none has seen is none. */
static bool is_beginning(const struct qn_consensus *c, const struct answer_count *tally)
{
    unsigned needed = qn_final_height(c) == 0 ? needed_to_begin(c) : c->n - 1;

    return c->view == 1 && !c->lied && tally->any >= needed;
}

static void say_too_many_lost(struct qn_consensus *c, const struct answer_count *tally)
{
    if (tally->lost > qn_fault_limit(c->n) && (c->view > 1 || qn_final_height(c) > 0) &&
        !c->too_many_lost) {
        c->too_many_lost = true;
        qn_log(c->log, QN_LOG_ERROR, "consensus", "too_many_lost",
               "lost=%u limit=%u: so many validators lost their memory of own votes that the "
               "network must stand until enough of the others are back",
               tally->lost, qn_fault_limit(c->n));
    }
}

/* In the first view of an epoch it goes on asking below its ceiling, since all may turn out to be new. */
static void try_lost(struct qn_consensus *c, const struct answer_count *tally)
{
    if (is_beginning(c, tally)) {
        c->asking = false;
        c->recovered = false;
        vote_from(c, 0, tally);
    } else if (c->joining && tally->kept >= qn_recover_needed(c)) {
        c->asking = c->view == 1;
        c->recovered = true;
        c->recover_ceiling = c->view + 1;
        vote_from(c, c->view + 1, tally);
        qn_status_send(c, QN_CONSENSUS_ALL);
    } else if (!c->joining) {
        c->asking = c->view == 1;
    } else {
        say_too_many_lost(c, tally);
    }
}

static void try_intact(struct qn_consensus *c, const struct answer_count *tally)
{
    if (tally->kept + tally->logs >= qn_recover_needed(c)) {
        c->asking = false;
    }
    if (c->joining && (!c->asking || c->now >= c->wait_until)) {
        vote_from(c, c->log_ceiling, tally);
        qn_restore_resume(c);
    }
}

bool qn_recover_try(struct qn_consensus *c)
{
    uint64_t ceiling = c->ceiling; /* UINT64_MAX while joining */

    if (!qn_is_voting(c) || (!c->asking && !waits(c))) {
        return false;
    }
    if (c->asking) {
        struct answer_count tally = count_answers(c);
        (is_lost(c) ? try_lost : try_intact)(c, &tally);
    }
    if ((c->asking || waits(c)) && c->now >= c->ask_at) {
        ask_all(c);
        c->ask_at = c->now + c->ask_interval;
        c->ask_interval = 2 * c->ask_interval < c->resend_max ? 2 * c->ask_interval : c->resend_max;
    }
    return c->ceiling < ceiling;
}

qn_time_us qn_recover_deadline(const struct qn_consensus *c)
{
    qn_time_us deadline = QN_TIME_NEVER;

    if (!qn_is_voting(c)) {
        return deadline;
    }
    if ((c->asking || waits(c))) {
        deadline = c->ask_at;
    }
    if (c->joining && !is_lost(c) && c->wait_until < deadline) {
        deadline = c->wait_until;
    }
    return deadline;
}

/* ---- answers ---- */

struct qn_recover_check {
    struct qn_recover_reply reply; /* its spans point nowhere */
    struct qn_vote vote;
    bool has_vote;
    bool is_signed; /* by its sender: now the vote is verified */
    struct qn_hash key;
};

void qn_recover_clear(struct qn_validator_state *peer)
{
    free(peer->recover_check);
    peer->recover_check = NULL;
}

/* Is this a vote that we cast and know nothing of? Of views that are final meanwhile the votes are gone;
 * those of this life are not above voted_view, those of the log not above log_view. */
static bool is_news(struct qn_consensus *c, const struct qn_vote *vote)
{
    const struct qn_view_slot *slot = qn_slot_find(c, vote->view);
    uint64_t known = c->voted_view > c->log_view ? c->voted_view : c->log_view;
    struct qn_hash digest = qn_vote_digest(c, vote);

    if (is_lost(c) || vote->epoch != c->epoch) {
        return false;
    }
    if (vote->view <= c->final_view || slot == NULL) {
        return vote->view > known;
    }
    const struct qn_own_vote *own = &slot->own[vote->kind - 1];
    return !own->cast || !qn_hash_equal(&own->digest, &digest);
}

/* The log starts anew, and so all that votes rest on must go there again. */
static void forget_kept(struct qn_consensus *c)
{
    for (size_t i = 0; i < QN_CONSENSUS_RING; i++) {
        struct qn_view_slot *slot = &c->slots[i];
        slot->proposed.kept = false;
        slot->other.kept = false;
        for (size_t kind = 0; kind < QN_CONSENSUS_KINDS; kind++) {
            slot->certs[kind].kept = false;
        }
    }
}

static void log_lied(struct qn_consensus *c, int validator, const struct qn_vote *vote)
{
    qn_log(
        c->log, QN_LOG_ERROR, "consensus", "log_lies",
        "validator=%d view=%llu kind=%d: it has a vote of ours that our log lacks (restored from "
        "an old copy?); from now on all memory counts as lost",
        validator, (unsigned long long)vote->view, (int)vote->kind);
    c->memory = QN_MEMORY_LOST;
    c->lied = true;
    forget_kept(c);
    qn_recover_begin(c);
}

static void take_answer(struct qn_consensus *c, int validator, const struct qn_recover_reply *reply)
{
    struct qn_validator_state *peer = &c->peers[validator];

    peer->recover_knows |= reply->asked_before || reply->vote_kind != 0;
    if (peer->recover_state != QN_RECOVER_NORMAL) {
        peer->recover_state = reply->state;
        peer->recover_view = reply->view;
    }
}

static void answer_verified(struct qn_consensus *c, int validator, struct qn_recover_check *check,
                            bool ok);

/* Without room for the verification it is asked again. */
static void start_check(struct qn_consensus *c, struct qn_recover_check *check, int validator,
                        const struct qn_verify_job *what, const struct qn_hash *digest,
                        struct qn_span signature)
{
    enum qn_verify_answer answer = qn_verify_start(c, what, digest, signature);

    check->key = what->key;
    if (answer == QN_VERIFY_KNOWN) {
        answer_verified(c, validator, check, true);
    } else if (answer == QN_VERIFY_FULL) {
        qn_recover_clear(&c->peers[validator]);
    }
}

static void answer_verified(struct qn_consensus *c, int validator, struct qn_recover_check *check,
                            bool ok)
{
    struct qn_vote vote = check->vote;

    if (!ok) {
        c->bad_signatures += 1;
        qn_recover_clear(&c->peers[validator]);
        qn_consensus_fault(c, validator, QN_ERR_BAD_SIGNATURE);
        return;
    }
    if (check->is_signed) {
        qn_recover_clear(&c->peers[validator]);
        if (is_news(c, &vote)) {
            log_lied(c, validator, &vote);
        }
        return;
    }
    check->is_signed = true;
    take_answer(c, validator, &check->reply);
    if (!check->has_vote || !is_news(c, &vote)) {
        qn_recover_clear(&c->peers[validator]);
        return;
    }
    struct qn_hash digest = qn_vote_digest(c, &vote);
    struct qn_span signature = {vote.signature.bytes, vote.signature.len};
    struct qn_verify_job what = qn_verify_vote(vote.view, vote.kind, c->self, &digest, signature);
    start_check(c, check, validator, &what, &digest, signature);
}

void qn_recover_verified(struct qn_consensus *c, const struct qn_hash *key, bool ok)
{
    for (int i = 0; i < (int)c->n; i++) {
        struct qn_recover_check *check = c->peers[i].recover_check;
        if (check != NULL && qn_hash_equal(&check->key, key)) {
            answer_verified(c, i, check, ok);
        }
    }
}

enum qn_err qn_on_recover_reply(struct qn_consensus *c, int validator, struct qn_span bytes)
{
    struct qn_recover_reply reply;
    struct qn_vote vote = {0};
    enum qn_err err = qn_recover_reply_decode(&reply, bytes);

    if (err == QN_OK && reply.vote_kind != 0) {
        err = qn_vote_decode(&vote, (enum qn_vote_kind)reply.vote_kind, reply.vote);
    }
    if (err != QN_OK || !c->asking || reply.epoch != c->epoch || reply.nonce != c->nonce ||
        c->peers[validator].recover_check != NULL) {
        return err;
    }
    if (reply.cert.len > 0) {
        err = qn_on_certificate(c, validator, reply.cert);
        if (err != QN_OK) {
            return err;
        }
    }
    struct qn_recover_check *check = calloc(1, sizeof *check);
    QN_ASSERT(check != NULL);
    struct qn_hash digest = qn_recover_digest(&c->network, &reply);
    struct qn_span signature = {reply.signature.bytes, reply.signature.len};
    struct qn_verify_job what = {.sign_kind = QN_SIGN_RECOVER, .validator = validator};
    what.key = qn_verify_key(validator, QN_SIGN_RECOVER, &digest, signature);
    check->reply = reply;
    check->reply.cert = (struct qn_span){0};
    check->reply.vote = (struct qn_span){0};
    check->vote = vote;
    check->has_vote = reply.vote_kind != 0;
    c->peers[validator].recover_check = check;
    start_check(c, check, validator, &what, &digest, signature);
    return QN_OK;
}
