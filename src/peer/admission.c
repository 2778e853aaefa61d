#include "peer/admission.h"

#include "base/limits.h"

#include <string.h>

const char *qn_standing_name(enum qn_standing standing)
{
    switch (standing) {
    case QN_STANDING_UNREGISTERED:
        return "unregistered";
    case QN_STANDING_REGISTERED:
        return "registered";
    case QN_STANDING_GENESIS:
        return "genesis";
    case QN_STANDING_REVOKED:
        return "revoked";
    case QN_STANDING_EXPIRED:
        return "expired";
    }
    return "unknown";
}

const char *qn_admission_name(enum qn_admission_limit limit)
{
    static const char *const names[] = {
#define QN_ADMISSION_NAME(name, text) [QN_ADMISSION_##name] = (text),
        QN_ADMISSION_LIST(QN_ADMISSION_NAME)
#undef QN_ADMISSION_NAME
    };
    return names[limit];
}

enum qn_close_reason qn_admission_reason(enum qn_admission_limit limit)
{
    switch (limit) {
    case QN_ADMISSION_NONE:
        return QN_CLOSE_NORMAL;
    case QN_ADMISSION_SELF:
        return QN_CLOSE_SELF;
    case QN_ADMISSION_REVOKED:
        return QN_CLOSE_REVOKED;
    case QN_ADMISSION_EXPIRED:
        return QN_CLOSE_EXPIRED;
    case QN_ADMISSION_BANNED:
        return QN_CLOSE_BANNED;
    case QN_ADMISSION_RATE_GLOBAL:
    case QN_ADMISSION_RATE_SUBNET:
    case QN_ADMISSION_RATE_IDENTITY:
        return QN_CLOSE_RATE_LIMITED;
    case QN_ADMISSION_HALF_OPEN:
    case QN_ADMISSION_HALF_OPEN_SUBNET:
    case QN_ADMISSION_UNREGISTERED:
    case QN_ADMISSION_RESTING:
    case QN_ADMISSION_UNVERIFIED:
    case QN_ADMISSION_LINKS:
    case QN_ADMISSION_REGION:
    case QN_ADMISSION_COUNT:
        break;
    }
    return QN_CLOSE_FULL;
}

void qn_admission_init(struct qn_admission *admission, uint64_t hash_key0, uint64_t hash_key1)
{
    *admission = (struct qn_admission){0};
    qn_rate_table_init(&admission->subnets, QN_ADMISSION_SETS, QN_ADMISSION_SUBNET_INTERVAL,
                       QN_ADMISSION_SUBNET_BURST, hash_key0, hash_key1);
    qn_rate_table_init(&admission->identities, QN_ADMISSION_SETS, QN_ADMISSION_IDENTITY_INTERVAL,
                       QN_ADMISSION_IDENTITY_BURST, hash_key1, hash_key0);
}

void qn_admission_fini(struct qn_admission *admission)
{
    qn_rate_table_fini(&admission->subnets);
    qn_rate_table_fini(&admission->identities);
}

/* Is it somewhere else than on this machine? A name is asked for only when we dial. */
static bool is_remote(const struct qn_admission_ask *ask)
{
    return ask->has_address && qn_net_scope(&ask->address) != QN_NET_LOOPBACK;
}

/* Counts come before rates: what is refused for want of a place costs no token, and who comes from a busy subnet
 * takes none of those of all. */
static enum qn_admission_limit decide_inbound(struct qn_admission *admission,
                                              const struct qn_admission_ask *ask, qn_time_us now)
{
    if (ask->half_open >= ask->half_open_max) {
        return QN_ADMISSION_HALF_OPEN;
    }
    if (!is_remote(ask)) {
        return QN_ADMISSION_NONE;
    }
    if (ask->half_open_subnet >= QN_HALF_OPEN_SUBNET_MAX) {
        return QN_ADMISSION_HALF_OPEN_SUBNET;
    }
    if (!qn_rate_table_take(&admission->subnets, qn_net_subnet(&ask->address), now)) {
        return QN_ADMISSION_RATE_SUBNET;
    }
    return qn_rate_take(&admission->global, QN_ADMISSION_GLOBAL_INTERVAL, QN_ADMISSION_GLOBAL_BURST,
                        now)
               ? QN_ADMISSION_NONE
               : QN_ADMISSION_RATE_GLOBAL;
}

static enum qn_admission_limit judge_standing(const struct qn_admission_ask *ask)
{
    if (ask->is_self) {
        return QN_ADMISSION_SELF;
    }
    if (ask->standing == QN_STANDING_REVOKED) {
        return QN_ADMISSION_REVOKED;
    }
    return ask->standing == QN_STANDING_EXPIRED ? QN_ADMISSION_EXPIRED : QN_ADMISSION_NONE;
}

static enum qn_admission_limit judge_counts(const struct qn_admission_ask *ask)
{
    if (ask->standing ==
        QN_STANDING_UNREGISTERED) { /* they have few places, and none of the others */
        bool full = !ask->outbound && ask->unregistered >= QN_UNREGISTERED_LINKS_MAX;
        if (full) {
            return QN_ADMISSION_UNREGISTERED;
        }
        return ask->links < ask->links_max ? QN_ADMISSION_NONE : QN_ADMISSION_LINKS;
    }
    if (ask->rests) {
        return QN_ADMISSION_RESTING;
    }
    if (ask->links >= ask->links_max) {
        return QN_ADMISSION_LINKS;
    }
    if (ask->region >= ask->region_max) {
        return QN_ADMISSION_REGION;
    }
    bool too_many = ask->is_unverified && ask->unverified >= ask->unverified_max;
    return too_many ? QN_ADMISSION_UNVERIFIED : QN_ADMISSION_NONE;
}

static uint64_t key_of(const struct qn_node_id *id)
{
    uint64_t key = 0;
    memcpy(&key, id->bytes, sizeof key);
    return key;
}

static enum qn_admission_limit decide_identity(struct qn_admission *admission,
                                               const struct qn_admission_ask *ask, qn_time_us now)
{
    enum qn_admission_limit limit = judge_standing(ask);
    if (limit == QN_ADMISSION_NONE && !ask->privileged) {
        limit = judge_counts(ask);
    }
    bool counts = ask->stage == QN_ADMIT_IDENTITY && !ask->outbound && !ask->privileged &&
                  ask->id != NULL && is_remote(ask);
    if (limit == QN_ADMISSION_NONE && counts &&
        !qn_rate_table_take(&admission->identities, key_of(ask->id), now)) {
        limit = QN_ADMISSION_RATE_IDENTITY;
    }
    return limit;
}

enum qn_admission_limit qn_admission_decide(struct qn_admission *admission,
                                            const struct qn_admission_ask *ask, qn_time_us now)
{
    if (ask->banned) {
        return QN_ADMISSION_BANNED;
    }
    switch (ask->stage) {
    case QN_ADMIT_INBOUND:
        return decide_inbound(admission, ask, now);
    case QN_ADMIT_IDENTITY:
    case QN_ADMIT_DIAL:
        break;
    }
    return decide_identity(admission, ask, now);
}
