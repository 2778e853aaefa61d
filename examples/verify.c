/* Verifies a registry proof with nothing but genesis certificates:
 *
 *   cc verify.c $(pkg-config --cflags --libs qnet-verify-openssl) -o verify
 *   ./verify proof.cbor CERTIFICATE CERTIFICATE CERTIFICATE CERTIFICATE...
 *
 * Exits 0 if the proof holds and the node is registered and active now, 1 if not, 2 on wrong use. */
#include <qnet/verify_openssl.h>

#include <stdio.h>
#include <time.h>

enum { PROOF_MAX = 1 << 20, CERTIFICATES_MAX = 16 };

static uint8_t proof[PROOF_MAX];
static uint8_t certificate_bytes[CERTIFICATES_MAX][QNET_CERTIFICATE_LEN_MAX];

static int fail(const char *what, enum qnet_verify_status status)
{
    fprintf(stderr, "%s: %s\n", what, qnet_verify_text(status));
    return 1;
}

static size_t read_proof(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 0;
    }
    size_t len = fread(proof, 1, sizeof proof, file);
    fclose(file);
    return len;
}

static int judge(const struct qnet_verdict *verdict)
{
    uint64_t now_ms = (uint64_t)time(NULL) * 1000;

    printf("node ");
    for (int i = 0; i < QNET_HASH_LEN; i++) {
        printf("%02x", verdict->node_id[i]);
    }
    printf("\n%s at height %llu, epoch %llu, %llu s ago; now: %s\n",
           qnet_entry_state_name(verdict->state), (unsigned long long)verdict->height,
           (unsigned long long)verdict->epoch,
           (unsigned long long)(now_ms > verdict->time_ms ? (now_ms - verdict->time_ms) / 1000 : 0),
           qnet_entry_state_name(qnet_verdict_state_at(verdict, now_ms)));
    return qnet_verdict_state_at(verdict, now_ms) == QNET_ENTRY_ACTIVE ? 0 : 1;
}

static int verify(const struct qnet_verify_crypto *crypto, size_t proof_len, char **texts,
                  size_t count)
{
    struct qnet_span certificates[CERTIFICATES_MAX];
    struct qnet_trust trust;
    struct qnet_verdict verdict;
    enum qnet_verify_status status = QNET_VERIFY_OK;

    for (size_t i = 0; i < count && status == QNET_VERIFY_OK; i++) {
        status = qnet_certificate_from_text(&certificates[i], certificate_bytes[i],
                                            sizeof certificate_bytes[i], texts[i]);
    }
    if (status == QNET_VERIFY_OK) {
        status = qnet_trust_init(&trust, NULL, crypto, certificates, count);
    }
    if (status != QNET_VERIFY_OK) {
        return fail("certificates", status);
    }
    status = qnet_proof_verify(&verdict, &trust, crypto, proof, proof_len, NULL);
    return status == QNET_VERIFY_OK ? judge(&verdict) : fail("proof", status);
}

int main(int argc, char **argv)
{
    struct qnet_verify_crypto crypto;

    if (argc < 3 || argc - 2 > CERTIFICATES_MAX) {
        fprintf(stderr, "usage: %s proof.cbor CERTIFICATE...\n", argv[0]);
        return 2;
    }
    size_t len = read_proof(argv[1]);
    if (len == 0) {
        return 2;
    }
    if (!qnet_verify_openssl_open(&crypto)) {
        fprintf(stderr, "this OpenSSL has no ML-DSA: 3.5 or later is needed\n");
        return 2;
    }
    int result = verify(&crypto, len, argv + 2, (size_t)argc - 2);
    qnet_verify_openssl_close(&crypto);
    return result;
}
