/* What a link costs: CPU and bytes of the mutual handshake on each side, by suite and, beside them, with
 * classical algorithms in the same TLS; signatures and verifications by suite; resident memory of each
 * of many links that two processes hold with each other. */
#include "crypto/key.h"
#include "net/clock.h"
#include "net/runtime_internal.h"
#include "net/tls.h"
#include "support/measure.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    HANDSHAKES = 500,
    HANDSHAKES_QUICK = 60,
    SIGNATURES = 500,
    SIGNATURES_QUICK = 60,
    LINKS = 1000,
    LINKS_QUICK = 200,
    LINKS_FIRST = 16, /* before memory is looked at for the first time */
    DIALS_AT_ONCE = 16,
    STEPS_MAX = 64,   /* of one handshake */
    SETTLE_TICKS = 2, /* of the runtime, a second each, before memory is looked at */
    CASE_COUNT = 4,   /* suites 1 to 3, and the classical one */
    NAME_SIZE = 128,
};

enum { CLIENT, SERVER, SIDES };
static const char *const side_names[SIDES] = {"client", "server"};
enum { FULL, RESUMED, KINDS };
static const char *const kind_names[KINDS] = {"full", "resumed"};

/* --- Handshakes --- */

struct handshake_case {
    const char *signature;
    const char *group;
    struct qn_key *key;
    struct qn_tls *tls;
    struct qn_node_id id;
    SSL_CTX *classical; /* instead of tls; never resumed */
    struct bench_samples cpu_ns[KINDS][SIDES];
    uint64_t bytes[KINDS][SIDES]; /* sent */
};

static int accept_any(int is_ok, X509_STORE_CTX *store)
{
    (void)is_ok;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

/* Mutual raw public keys as ours, with what was usual before. */
static SSL_CTX *classical_context(void)
{
    static const unsigned char raw_only[] = {TLSEXT_cert_type_rpk};
    char group[] = "X25519";
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    bench_need(context != NULL && pkey != NULL, "classical TLS");
    (void)SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    (void)SSL_CTX_clear_options(context, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
    (void)SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
    bench_need(SSL_CTX_set1_groups_list(context, group) == 1 &&
                   SSL_CTX_use_PrivateKey(context, pkey) == 1 &&
                   SSL_CTX_set1_client_cert_type(context, raw_only, sizeof raw_only) == 1 &&
                   SSL_CTX_set1_server_cert_type(context, raw_only, sizeof raw_only) == 1,
               "classical TLS");
    EVP_PKEY_free(pkey);
    return context;
}

static void init_case(struct handshake_case *one, unsigned suite_id, size_t count)
{
    const struct qn_suite *suite = qn_suite_find(suite_id);
    uint8_t seed[QN_SEED_LEN];

    *one = (struct handshake_case){.signature = "Ed25519", .group = "X25519"};
    if (suite_id <= QN_SUITE_MLDSA44) {
        one->signature = suite->name;
        one->group = suite->tls_group;
        one->key = qn_key_generate(suite->id, seed);
        bench_need(one->key != NULL, "key generation");
        one->tls = qn_tls_new(one->key);
        bench_need(one->tls != NULL, "TLS");
        one->id = qn_public_key_id(qn_key_public(one->key));
    } else {
        one->classical = classical_context();
    }
    for (size_t i = 0; i < (size_t)KINDS * SIDES; i++) {
        bench_samples_init(&one->cpu_ns[i / SIDES][i % SIDES], count);
    }
}

static void fini_case(struct handshake_case *one)
{
    qn_tls_free(one->tls);
    qn_key_free(one->key);
    SSL_CTX_free(one->classical);
    for (size_t i = 0; i < (size_t)KINDS * SIDES; i++) {
        bench_samples_fini(&one->cpu_ns[i / SIDES][i % SIDES]);
    }
}

/* Two ends of one TCP connection over loopback, non-blocking. */
static void connect_pair(int fds[SIDES])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int on = 1;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    bench_need(bind(listener, (struct sockaddr *)&address, len) == 0 && listen(listener, 1) == 0 &&
                   getsockname(listener, (struct sockaddr *)&address, &len) == 0,
               "listening");
    fds[CLIENT] = socket(AF_INET, SOCK_STREAM, 0);
    bench_need(connect(fds[CLIENT], (struct sockaddr *)&address, len) == 0, "connecting");
    fds[SERVER] = accept(listener, NULL, NULL);
    bench_need(fds[SERVER] >= 0, "accepting");
    (void)close(listener);
    for (size_t side = 0; side < SIDES; side++) {
        (void)setsockopt(fds[side], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        bench_need(fcntl(fds[side], F_SETFL, O_NONBLOCK) == 0, "O_NONBLOCK");
    }
}

/* One side's end of a handshake, of either kind. */
struct side {
    struct qn_tls_session *session;
    SSL *ssl;
    bool is_done;
    uint64_t cpu_ns;
};

/* Who knows whom it dials resumes what it has. */
static void open_side(struct side *side, struct handshake_case *one, int fd, bool is_client,
                      bool resumes)
{
    *side = (struct side){0};
    if (one->tls != NULL) {
        side->session = qn_tls_open(one->tls, fd, is_client, resumes ? &one->id : NULL);
        bench_need(side->session != NULL, "TLS");
        return;
    }
    side->ssl = SSL_new(one->classical);
    bench_need(side->ssl != NULL && SSL_set_fd(side->ssl, fd) == 1, "TLS");
    if (is_client) {
        SSL_set_connect_state(side->ssl);
    } else {
        SSL_set_accept_state(side->ssl);
    }
}

static bool advance(const struct side *side)
{
    if (side->session != NULL) {
        enum qn_tls_result result = qn_tls_handshake(side->session);
        bench_need(result == QN_TLS_DONE || result == QN_TLS_WANT_READ, "handshake");
        return result == QN_TLS_DONE;
    }
    int result = SSL_do_handshake(side->ssl);
    bench_need(result == 1 || SSL_get_error(side->ssl, result) == SSL_ERROR_WANT_READ, "handshake");
    return result == 1;
}

static uint64_t thread_cpu_ns(void)
{
    struct timespec now;

    bench_need(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0, "clock_gettime");
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static uint64_t bytes_sent(const struct side *side)
{
    return side->session != NULL ? qn_tls_stats(side->session).bytes_sent
                                 : BIO_number_written(SSL_get_wbio(side->ssl));
}

/* One byte to the client, before which it reads the ticket; and was it the kind that it was to be? */
static void end_handshake(struct side sides[SIDES], bool resumes)
{
    uint8_t byte = 1;
    size_t len = 0;

    if (sides[SERVER].session == NULL) {
        return;
    }
    qn_tls_hand_out_ticket(sides[SERVER].session);
    bench_need(qn_tls_write(sides[SERVER].session, &byte, 1) == QN_TLS_DONE &&
                   qn_tls_read(sides[CLIENT].session, &byte, 1, &len) == QN_TLS_DONE,
               "the first byte");
    bench_need(qn_tls_is_resumed(sides[CLIENT].session) == resumes, "resumption");
}

static void shake_hands(struct handshake_case *one, bool resumes)
{
    int fds[SIDES];
    struct side sides[SIDES];

    connect_pair(fds);
    uint64_t start = thread_cpu_ns();
    for (size_t i = 0; i < SIDES; i++) { /* setting a session up belongs to it */
        open_side(&sides[i], one, fds[i], i == CLIENT, resumes);
        uint64_t now = thread_cpu_ns();
        sides[i].cpu_ns = now - start;
        start = now;
    }
    for (unsigned step = 0; !sides[CLIENT].is_done || !sides[SERVER].is_done; step++) {
        struct side *side = &sides[step % SIDES];
        bench_need(step < STEPS_MAX, "handshake");
        if (!side->is_done) {
            start = thread_cpu_ns();
            side->is_done = advance(side);
            side->cpu_ns += thread_cpu_ns() - start;
        }
    }
    for (size_t i = 0; i < SIDES; i++) {
        bench_samples_add(&one->cpu_ns[resumes][i], sides[i].cpu_ns);
        one->bytes[resumes][i] = bytes_sent(&sides[i]);
    }
    end_handshake(sides, resumes);
    for (size_t i = 0; i < SIDES; i++) {
        qn_tls_close(sides[i].session);
        SSL_free(sides[i].ssl);
        (void)close(fds[i]);
    }
}

static void report_case(struct handshake_case *one)
{
    char parameters[NAME_SIZE];

    for (size_t i = 0; i < (size_t)KINDS * SIDES; i++) {
        size_t kind = i / SIDES;
        size_t side = i % SIDES;
        if (one->cpu_ns[kind][side].count == 0) {
            continue;
        }
        (void)snprintf(parameters, sizeof parameters,
                       "\"suite\":\"%s\",\"group\":\"%s\",\"kind\":\"%s\",\"side\":\"%s\"",
                       one->signature, one->group, kind_names[kind], side_names[side]);
        bench_report(&one->cpu_ns[kind][side], "handshake_cpu_us", parameters, BENCH_US);
        bench_report_one("handshake_bytes", parameters, (double)one->bytes[kind][side]);
    }
}

/* All kinds take turns, so that a noisy moment hits them alike. */
static void measure_handshakes(size_t count)
{
    struct handshake_case cases[CASE_COUNT];

    for (unsigned i = 0; i < CASE_COUNT; i++) {
        init_case(&cases[i], i + 1, count);
    }
    for (size_t i = 0; i < count; i++) {
        for (unsigned j = 0; j < CASE_COUNT; j++) {
            shake_hands(&cases[j], false);
            if (cases[j].tls != NULL) {
                shake_hands(&cases[j], true);
            }
        }
    }
    for (unsigned i = 0; i < CASE_COUNT; i++) {
        report_case(&cases[i]);
        fini_case(&cases[i]);
    }
}

/* --- Signatures --- */

static void measure_suite(enum qn_suite_id suite, size_t count)
{
    struct bench_samples signing;
    struct bench_samples verifying;
    struct qn_hash digest = {{1}};
    struct qn_signature signature;
    uint8_t seed[QN_SEED_LEN];
    char parameters[NAME_SIZE];
    struct qn_key *key = qn_key_generate(suite, seed);

    bench_need(key != NULL, "key generation");
    bench_samples_init(&signing, count);
    bench_samples_init(&verifying, count);
    for (size_t i = 0; i < count; i++) {
        memcpy(digest.bytes, &i, sizeof i);
        uint64_t start = bench_now_ns();
        bench_need(qn_sign(&signature, key, QN_SIGN_RECORD, &digest) == QN_OK, "signing");
        uint64_t middle = bench_now_ns();
        struct qn_span bytes = {signature.bytes, signature.len};
        bench_need(qn_verify(qn_key_public(key), QN_SIGN_RECORD, &digest, bytes) == QN_OK,
                   "verification");
        bench_samples_add(&signing, middle - start);
        bench_samples_add(&verifying, bench_now_ns() - middle);
    }
    (void)snprintf(parameters, sizeof parameters, "\"suite\":\"%s\"", qn_suite_find(suite)->name);
    bench_report(&signing, "sign_us", parameters, BENCH_US);
    bench_report(&verifying, "verify_us", parameters, BENCH_US);
    bench_samples_fini(&signing);
    bench_samples_fini(&verifying);
    qn_key_free(key);
}

/* --- Memory --- */

/* One process's runtime: its core dials, if it is the client, and looks at the memory. */
struct holder {
    struct qn_runtime *runtime;
    bool is_client;
    uint16_t port;
    size_t wanted;
    size_t dialled;
    size_t up;
    size_t greeted; /* links that got and sent a message */
    unsigned ticks; /* since the links stand */
    double rss_first_kib;
    double rss_all_kib;
};

static double rss_kib(void)
{
    char line[NAME_SIZE];
    double found = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "re");

    bench_need(file != NULL, "/proc/self/smaps_rollup");
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "Rss:", 4) == 0) {
            found = strtod(line + 4, NULL);
        }
    }
    (void)fclose(file);
    bench_need(found > 0, "reading the resident set");
    return found;
}

static void dial_more(struct holder *holder, size_t wanted, struct qn_actions *actions)
{
    while (holder->dialled < wanted && holder->dialled - holder->up < DIALS_AT_ONCE) {
        struct qn_action *action = qn_actions_add(actions, QN_ACTION_DIAL);
        holder->dialled += 1;
        action->dial.dial = holder->dialled;
        action->dial.endpoint = (struct qn_endpoint){.host = "127.0.0.1", .port = holder->port};
    }
}

static void greet(struct qn_actions *actions, qn_link_id link)
{
    static const uint8_t ping[] = {0xa1, 0x01, 0x01};
    struct qn_action *action = qn_actions_add(actions, QN_ACTION_SEND);

    action->send.link = link;
    action->send.kind = QN_PING;
    action->send.bytes = qn_buf_copy((struct qn_span){ping, sizeof ping});
}

/* In quiet: first with a few links, so that what a runtime needs once is not put down to the links. */
static void on_tick(struct holder *holder, struct qn_actions *actions)
{
    holder->ticks += 1;
    /* The client only goes on when the server must have looked, too. */
    if (holder->ticks < (holder->is_client ? 2 * SETTLE_TICKS : SETTLE_TICKS)) {
        return;
    }
    if (holder->rss_first_kib <= 0 && holder->greeted == LINKS_FIRST) {
        holder->rss_first_kib = rss_kib();
        holder->ticks = 0;
        if (holder->is_client) {
            dial_more(holder, holder->wanted, actions);
        }
    } else if (holder->rss_all_kib <= 0 && holder->greeted == holder->wanted) {
        holder->rss_all_kib = rss_kib();
        if (holder->is_client) {
            qn_runtime_stop(holder->runtime);
        }
    }
}

static void step(void *context, const struct qn_event *event, struct qn_actions *actions)
{
    struct holder *holder = context;
    bool is_first = holder->rss_first_kib <= 0;

    switch (event->kind) {
    case QN_EVENT_TICK:
    case QN_EVENT_LOAD:
        if (holder->is_client && holder->dialled == 0) {
            dial_more(holder, LINKS_FIRST, actions);
        }
        on_tick(holder, actions);
        break;
    case QN_EVENT_LINK_UP:
        holder->up += 1;
        holder->ticks = 0;
        greet(actions, event->link_up.link);
        if (holder->is_client) {
            dial_more(holder, is_first ? LINKS_FIRST : holder->wanted, actions);
        }
        break;
    case QN_EVENT_FRAME:
        holder->greeted += 1;
        holder->ticks = 0;
        break;
    case QN_EVENT_DIAL_FAILED:
        (void)fprintf(stderr, "benchmark: link %zu of %zu: %s\n", holder->up + 1, holder->wanted,
                      qn_close_reason_name(event->dial_failed.reason));
        bench_fail("dialling");
    case QN_EVENT_LINK_DOWN:
        if (!holder->is_client) { /* the client has what it wanted */
            qn_runtime_stop(holder->runtime);
        }
        break;
    case QN_EVENT_INBOUND:
    case QN_EVENT_SIGNED:
    case QN_EVENT_VERIFIED:
    case QN_EVENT_PERSISTED:
    case QN_EVENT_REQUEST:
    case QN_EVENT_FOUND:
    case QN_EVENT_MAPPED:
    case QN_EVENT_SHUTDOWN:
    case QN_EVENT_NEIGHBOUR:
        break;
    }
}

static qn_time_us deadline(void *context)
{
    (void)context;
    return UINT64_MAX; /* the runtime ticks each idle second */
}

static void open_holder(struct holder *holder, const struct qn_key *key, bool is_client,
                        size_t links)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_runtime_config config = {
        .key = key,
        .listen = {.host = "127.0.0.1"},
        .listens = !is_client,
        .links_max = links,
    };

    *holder = (struct holder){.is_client = is_client, .wanted = links};
    if (qn_runtime_open(&holder->runtime, &config, why) != QN_OK) {
        bench_fail(why);
    }
}

static void run_holder(struct holder *holder)
{
    char parameters[NAME_SIZE];
    struct qn_core core = {.context = holder, .step = step, .deadline = deadline};

    bench_need(qn_runtime_run_core(holder->runtime, &core) == QN_OK, "running");
    qn_runtime_close(holder->runtime);
    bench_need(holder->rss_all_kib > 0, "holding the links");
    (void)snprintf(parameters, sizeof parameters, "\"side\":\"%s\",\"links\":%zu",
                   side_names[holder->is_client ? CLIENT : SERVER], holder->wanted);
    bench_report_one("link_rss_kib", parameters,
                     (holder->rss_all_kib - holder->rss_first_kib) /
                         (double)(holder->wanted - LINKS_FIRST));
    bench_report_one("process_rss_kib", parameters, holder->rss_all_kib);
}

static struct qn_key *fresh_key(void)
{
    uint8_t seed[QN_SEED_LEN];
    struct qn_key *key = qn_key_generate(QN_SUITE_MLDSA65, seed);

    bench_need(key != NULL, "key generation");
    return key;
}

static _Noreturn void run_server(int pipe_fd, size_t links)
{
    struct holder holder;
    bench_start();
    struct qn_key *key = fresh_key();

    open_holder(&holder, key, false, links);
    uint16_t port = qn_runtime_listen(holder.runtime)->port;
    bench_need(write(pipe_fd, &port, sizeof port) == sizeof port, "telling the port");
    (void)close(pipe_fd);
    run_holder(&holder);
    qn_key_free(key);
    exit(EXIT_SUCCESS);
}

static void allow_files(size_t count)
{
    struct rlimit limit;

    bench_need(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
    if (limit.rlim_cur < count && limit.rlim_max >= count) {
        limit.rlim_cur = count;
        bench_need(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
    }
    bench_need(limit.rlim_cur >= count, "having enough open files allowed");
}

/* The two ends in a process each; this one has nothing from earlier measurements in its heap. */
static void measure_memory(size_t links)
{
    int ends[2];
    struct holder holder;
    int status = 0;

    allow_files(links + 256);
    bench_need(pipe(ends) == 0, "pipe");
    pid_t server = fork();
    bench_need(server >= 0, "fork");
    if (server == 0) {
        (void)close(ends[0]);
        run_server(ends[1], links);
    }
    (void)close(ends[1]);
    bench_start();
    struct qn_key *key = fresh_key();
    open_holder(&holder, key, true, links);
    bench_need(read(ends[0], &holder.port, sizeof holder.port) == sizeof holder.port,
               "the other process");
    (void)close(ends[0]);
    run_holder(&holder);
    qn_key_free(key);
    bench_need(waitpid(server, &status, 0) == server && status == 0, "the other process");
}

int main(int argc, char **argv)
{
    bool is_quick = false;

    for (int i = 1; i < argc; i++) { /* --json is what there is anyway */
        is_quick = is_quick || strcmp(argv[i], "--quick") == 0;
    }
    measure_memory(is_quick ? LINKS_QUICK : LINKS); /* first: it forks, and wants a fresh heap */
    measure_handshakes(is_quick ? HANDSHAKES_QUICK : HANDSHAKES);
    for (unsigned suite = QN_SUITE_MLDSA65; suite <= QN_SUITE_MLDSA44; suite++) {
        measure_suite((enum qn_suite_id)suite, is_quick ? SIGNATURES_QUICK : SIGNATURES);
    }
    qn_crypto_fini();
    return 0;
}
