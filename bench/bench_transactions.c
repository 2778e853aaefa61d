/* Signed transactions for bench/run.py to submit, made before the clock runs.
 *
 *   bench_transactions NETWORK register COUNT
 *   QNET_KEY=seed bench_transactions NETWORK update COUNT FIRST-SEQUENCE
 *
 * NETWORK is the network id in hex. Registrations are of fresh keys; updates are of the key given, each
 * with another region than the one before. Each transaction is preceded by its length in 4 bytes, big-endian. */
#include "support/identities.h"
#include "support/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COUNT_MAX = 1000000 };

static qn_unix_ms unix_ms(void)
{
    struct timespec now;
    bench_need(clock_gettime(CLOCK_REALTIME, &now) == 0, "clock_gettime");
    return (qn_unix_ms)now.tv_sec * 1000 + (qn_unix_ms)now.tv_nsec / 1000000;
}

static void write_framed(struct qn_buf *bytes)
{
    uint32_t len = (uint32_t)bytes->len;
    uint8_t head[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
                       (uint8_t)len};
    bench_need(fwrite(head, 1, sizeof head, stdout) == sizeof head &&
                   fwrite(bytes->bytes, 1, bytes->len, stdout) == bytes->len,
               "writing");
    qn_buf_drop(bytes);
}

static void write_registrations(const struct qn_network_id *network, unsigned long count)
{
    for (unsigned long i = 0; i < count; i++) {
        struct qn_key *key = bench_key();
        write_framed(bench_register(network, qn_key_public(key), key, unix_ms()));
        qn_key_free(key);
    }
}

static void write_updates(const struct qn_network_id *network, unsigned long count,
                          unsigned long sequence)
{
    uint8_t seed[QN_SEED_LEN];
    const char *text = getenv("QNET_KEY");
    bench_need(text != NULL && qn_hex_decode(seed, sizeof seed, text) == QN_OK, "QNET_KEY");
    struct qn_key *key = qn_key_from_seed(QN_SUITE_MLDSA65, seed);
    bench_need(key != NULL, "QNET_KEY");
    for (unsigned long i = 0; i < count; i++) {
        struct qn_tx tx = {
            .kind = QN_TX_UPDATE,
            .network = *network,
            .expires_ms = unix_ms() + QN_TX_LIFETIME_MS_MAX / 2,
            .id = qn_public_key_id(qn_key_public(key)),
            .sequence = sequence + i,
            .region = (enum qn_region)((sequence + i) % QN_REGION_COUNT),
            .roles = QN_ROLE_FULL,
            .valid_until_ms = unix_ms() + (qn_unix_ms)365 * 24 * 3600 * 1000,
        };
        write_framed(bench_sign_tx(&tx, key));
    }
    qn_key_free(key);
}

int main(int argc, char **argv)
{
    struct qn_network_id network;
    bench_start();
    bench_need(argc >= 4 && qn_hex_decode(network.bytes, sizeof network.bytes, argv[1]) == QN_OK,
               "reading the arguments");
    unsigned long count = strtoul(argv[3], NULL, 10);
    bench_need(count <= COUNT_MAX, "reading the arguments");
    if (strcmp(argv[2], "register") == 0) {
        write_registrations(&network, count);
    } else {
        bench_need(strcmp(argv[2], "update") == 0 && argc == 5, "reading the arguments");
        write_updates(&network, count, strtoul(argv[4], NULL, 10));
    }
    bench_need(fflush(stdout) == 0, "writing");
    qn_crypto_fini();
    return EXIT_SUCCESS;
}
