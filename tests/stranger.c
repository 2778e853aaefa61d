/* A peer that is in no registry: dials a node, does what is named, and prints how many bytes went each way, as TCP
 * counts them.
 *
 *     stranger PORT NETWORK_ID connect|client_hello|silence|garbage|refused|genesis|KIND [COUNT]
 *
 * connect sends nothing at all and client_hello the first message of TLS, until the node gives up; silence nothing
 * after the handshake, and garbage what is no frame. refused comes when there are as many strangers as the node
 * takes. genesis fetches the genesis data, page by page. KIND is a message (wire/frame.c) that is sent COUNT times
 * after HELLO, in the smallest form that has an answer. Prints {"sent": n, "received": n, "open": bool, "requests": n},
 * where open says whether the link still stood when nothing more came, and requests are those for pages. */
#include "base/limits.h"
#include "net/testing/raw_link.h"
#include "wire/control.h"
#include "wire/genesis_reply.h"
#include "wire/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    QUIET_MS = 700,         /* shorter than the time between two pings */
    GIVE_UP_MS = 15 * 1000, /* longer than any deadline of a node */
};

struct stranger {
    struct qn_key *key;
    uint16_t port;
    const char *network;
    unsigned requests;
};

/* In chunks, each a frame and a record. */
static bool send_message(struct qn_raw_link *link, enum qn_message_kind kind, struct qn_buf *bytes)
{
    const struct qn_kind_info *info = qn_kind_find(kind);
    bool sent = true;
    size_t at = 0;
    do {
        size_t left = bytes->len - at;
        bool goes_on = left > QN_FRAME_CHUNK_MAX;
        struct qn_frame_header header = {.len = goes_on ? QN_FRAME_CHUNK_MAX : (uint32_t)left,
                                         .class = (uint8_t)info->class,
                                         .kind = (uint8_t)kind,
                                         .flags = (uint8_t)((info->is_reply ? QN_FRAME_REPLY : 0) |
                                                            (goes_on ? QN_FRAME_MORE : 0)),
                                         .request_id = info->is_request || info->is_reply ? 7 : 0};
        sent = qn_raw_link_send(link, &header, bytes->bytes + at);
        at += header.len;
    } while (sent && at < bytes->len);
    qn_buf_drop(bytes);
    return sent;
}

static struct qn_buf *hello_of(const char *network)
{
    struct qn_hello hello = {.version = QN_PROTOCOL_VERSION,
                             .version_min = QN_PROTOCOL_VERSION_MIN,
                             .region = QN_REGION_ASIA,
                             .roles = QN_ROLE_FULL,
                             .software = "x"};
    if (qn_hex_decode(hello.network.bytes, sizeof hello.network.bytes, network) != QN_OK) {
        (void)fprintf(stderr, "the network id has 64 hex digits\n");
        exit(2);
    }
    return qn_hello_encode(&hello);
}

static struct qn_buf *smallest(enum qn_message_kind kind)
{
    static const uint8_t nothing[] = {0xa0};
    struct qn_ping ping = {.nonce = 0};
    struct qn_submit submit = {.tx = {nothing, sizeof nothing}};
    struct qn_get_genesis get = {.padding_len = QN_GENESIS_PADDING_MIN};
    if (kind == QN_GET_GENESIS) {
        return qn_get_genesis_encode(&get);
    }
    if (kind == QN_PING) {
        return qn_ping_encode(&ping);
    }
    return kind == QN_SUBMIT ? qn_submit_encode(&submit) : qn_empty_encode();
}

static enum qn_message_kind kind_of(const char *name)
{
    if (strcmp(name, "genesis_reply") == 0) { /* "genesis" is for the whole exchange */
        return QN_GENESIS;
    }
    for (unsigned kind = 0; kind <= UINT8_MAX; kind++) {
        const struct qn_kind_info *info = qn_kind_find(kind);
        if (info != NULL && strcmp(info->name, name) == 0) {
            return info->kind;
        }
    }
    (void)fprintf(stderr, "no message is called %s\n", name);
    exit(2);
}

/* Everything that a newcomer needs. False: the link ended, or what came is no genesis data. */
static bool fetch_genesis(struct stranger *stranger, struct qn_raw_link *link)
{
    struct qn_get_genesis get = {.padding_len = QN_GENESIS_PADDING_MIN};
    struct qn_genesis_reply reply;
    do {
        struct qn_message_bytes message;
        stranger->requests += 1;
        if (!send_message(link, QN_GET_GENESIS, qn_get_genesis_encode(&get)) ||
            !qn_raw_link_read(link, QN_GENESIS, &message, NULL) ||
            qn_genesis_reply_decode(&reply, message.bytes) != QN_OK) {
            return false;
        }
        get.from += reply.cert_count;
        get.padding_len = reply.wanted;
    } while (reply.wanted != 0 && stranger->requests < 3 + QN_GENESIS_CERTS_MAX);
    return reply.wanted == 0 && get.from == reply.count;
}

/* Whether the link took all of it. */
static bool talk(struct stranger *stranger, struct qn_raw_link *link, const char *what,
                 unsigned count)
{
    static const uint8_t garbage[QN_FRAME_HEADER_LEN] = {0xff};
    if (strcmp(what, "silence") == 0 || strcmp(what, "refused") == 0) {
        return true;
    }
    if (strcmp(what, "garbage") == 0) {
        return qn_raw_link_write(link, garbage, sizeof garbage);
    }
    bool sent = send_message(link, QN_HELLO, hello_of(stranger->network));
    if (strcmp(what, "genesis") == 0) {
        return sent && fetch_genesis(stranger, link);
    }
    for (unsigned i = 0; i < count && sent; i++) {
        enum qn_message_kind kind = kind_of(what);
        sent = send_message(link, kind, smallest(kind));
    }
    return sent;
}

/* As many strangers as there are places for. */
static void fill_places(const struct stranger *stranger,
                        struct qn_raw_link *others[QN_UNREGISTERED_LINKS_MAX])
{
    for (unsigned i = 0; i < QN_UNREGISTERED_LINKS_MAX; i++) {
        uint8_t seed[QN_SEED_LEN];
        struct qn_key *key = qn_key_generate(QN_SUITE_MLDSA65, seed);
        others[i] = qn_raw_link_open(key, stranger->port, 0);
        if (others[i] == NULL || !send_message(others[i], QN_HELLO, hello_of(stranger->network)) ||
            !qn_raw_link_read(others[i], QN_HELLO, &(struct qn_message_bytes){0}, NULL)) {
            (void)fprintf(stderr, "link %u of other strangers did not come about\n", i);
            exit(1);
        }
        qn_key_free(key); /* the handshake is done */
    }
}

static int report(struct qn_raw_link *link, const struct stranger *stranger, bool is_open)
{
    uint64_t sent = 0;
    uint64_t received = 0;
    qn_raw_link_traffic(link, &sent, &received);
    (void)printf("{\"sent\": %llu, \"received\": %llu, \"open\": %s, \"requests\": %u}\n",
                 (unsigned long long)sent, (unsigned long long)received, is_open ? "true" : "false",
                 stranger->requests);
    qn_raw_link_cut(link);
    return 0;
}

static int run(struct stranger *stranger, const char *what, unsigned count)
{
    struct qn_raw_link *others[QN_UNREGISTERED_LINKS_MAX] = {NULL};
    bool only_hello = strcmp(what, "client_hello") == 0;
    if (only_hello || strcmp(what, "connect") == 0) {
        struct qn_raw_link *link =
            qn_raw_link_open_halfway(stranger->key, stranger->port, only_hello);
        return report(link, stranger, qn_raw_link_discard_all(link, GIVE_UP_MS));
    }
    if (strcmp(what, "refused") == 0) {
        fill_places(stranger, others);
    }
    struct qn_raw_link *link = qn_raw_link_open(stranger->key, stranger->port, 0);
    if (link == NULL) {
        (void)fprintf(stderr, "no link came about\n");
        return 1;
    }
    bool is_open = talk(stranger, link, what, count);
    bool waits = strcmp(what, "silence") == 0;
    is_open = qn_raw_link_read_all(link, waits ? GIVE_UP_MS : QUIET_MS) && is_open;
    for (unsigned i = 0; i < QN_UNREGISTERED_LINKS_MAX && others[i] != NULL; i++) {
        qn_raw_link_cut(others[i]);
    }
    return report(link, stranger, is_open);
}

int main(int argc, char **argv)
{
    const char *why = NULL;
    uint8_t seed[QN_SEED_LEN];
    if (argc < 4 || qn_crypto_init(&why) != QN_OK) {
        (void)fprintf(stderr, "usage: stranger PORT NETWORK_ID WHAT [COUNT]\n");
        return 2;
    }
    struct stranger stranger = {.key = qn_key_generate(QN_SUITE_MLDSA65, seed),
                                .port = (uint16_t)strtoul(argv[1], NULL, 10),
                                .network = argv[2]};
    int status = run(&stranger, argv[3], argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 1);
    qn_key_free(stranger.key);
    qn_crypto_fini();
    return status;
}
