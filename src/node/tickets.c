/* No ticket of work is checked twice: a transaction comes from its submitter, from another validator and in
 * the blocks that are proposed, often while the first check is still under way. */
#include "node/tickets.h"

#include "node/parts.h"

#include <stdlib.h>
#include <string.h>

static bool is_same(const struct qn_ticket *a, const struct qn_ticket *b)
{
    return memcmp(a->nonce, b->nonce, sizeof a->nonce) == 0 && a->expires_ms == b->expires_ms &&
           qn_node_id_equal(&a->id, &b->id);
}

void qn_node_tickets_init(struct qn_node *node)
{
    if (node->genesis->parameters.policy == QN_POLICY_WORK) {
        node->tickets = calloc(1, sizeof *node->tickets);
        QN_ASSERT(node->tickets != NULL);
    }
}

void qn_node_tickets_fini(struct qn_node *node)
{
    struct qn_verify_job *job = node->tickets == NULL ? NULL : node->tickets->waiting;
    while (job != NULL) {
        struct qn_verify_job *next = job->next;
        free(job);
        job = next;
    }
    free(node->tickets);
    node->tickets = NULL;
}

static struct qn_known_ticket *find(struct qn_tickets *tickets, const struct qn_ticket *ticket)
{
    for (size_t i = 0; i < QN_TICKETS_KNOWN_MAX; i++) {
        struct qn_known_ticket *known = &tickets->known[i];
        if (known->state != QN_TICKET_FREE && is_same(&known->ticket, ticket)) {
            return known;
        }
    }
    return NULL;
}

/* In the place of the oldest one, which may have to be checked again: no more than that. */
static struct qn_known_ticket *add(struct qn_tickets *tickets, const struct qn_ticket *ticket)
{
    struct qn_known_ticket *known = &tickets->known[tickets->next];
    tickets->next = (tickets->next + 1) % QN_TICKETS_KNOWN_MAX;
    known->ticket = *ticket;
    known->state = QN_TICKET_UNDER_WAY;
    return known;
}

bool qn_node_verify_ticket(struct qn_node *node, uint32_t owner, uint64_t cookie,
                           const struct qn_ticket *ticket)
{
    struct qn_tickets *tickets = node->tickets;
    QN_ASSERT(tickets != NULL); /* the ledger asks for tickets under the policy work only */
    struct qn_known_ticket *known = find(tickets, ticket);
    if (known != NULL && known->state == QN_TICKET_HOLDS) {
        return false;
    }
    struct qn_verify_job *job = qn_node_job(node, (enum qn_owner)owner, cookie);
    job->is_ticket = true;
    job->ticket = *ticket;
    if (known != NULL) {
        job->next = tickets->waiting;
        tickets->waiting = job;
    } else {
        (void)add(tickets, ticket);
        qn_node_verify(node, job);
    }
    return true;
}

void qn_node_keep_ticket(struct qn_node *node, const struct qn_ticket *ticket)
{
    struct qn_known_ticket *known = find(node->tickets, ticket);
    known = known == NULL ? add(node->tickets, ticket) : known;
    known->state = QN_TICKET_HOLDS;
}

struct qn_verify_job *qn_node_on_ticket(struct qn_node *node, const struct qn_verify_job *job)
{
    struct qn_verify_job *answered = NULL;
    struct qn_verify_job **at = &node->tickets->waiting;
    struct qn_known_ticket *known = find(node->tickets, &job->ticket);
    if (known != NULL) { /* one that failed is not kept: the library may have */
        known->state = job->ok ? QN_TICKET_HOLDS : QN_TICKET_FREE;
    }
    while (*at != NULL) {
        struct qn_verify_job *waiting = *at;
        if (!is_same(&waiting->ticket, &job->ticket)) {
            at = &waiting->next;
            continue;
        }
        *at = waiting->next;
        waiting->ok = job->ok;
        waiting->next = answered;
        answered = waiting;
    }
    return answered;
}
