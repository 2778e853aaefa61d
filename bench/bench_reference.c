/* What this machine needs for the things that all other figures are made of: one ML-DSA-65 signature and
 * verification, one round trip over loopback TCP between two processes, one durable write. Quick enough to
 * be run before each benchmark, so that figures of a noisy machine can be compared. */
#include "crypto/key.h"
#include "support/identities.h"
#include "support/measure.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIGNATURES = 200, ROUND_TRIPS = 1000, SYNCS = 100, MESSAGE_LEN = 64, BLOCK_LEN = 4096 };

/* The mean of CPU time, which hardly depends on who else uses the machine. */
static void report_cpu(const char *name, uint64_t start_cpu_ns)
{
    double elapsed_us = (double)(bench_cpu_ns() - start_cpu_ns) / 1000;
    bench_report_one(name, "", elapsed_us / SIGNATURES);
}

static void measure_signatures(struct bench_samples *samples)
{
    struct qn_hash digest = {{1}};
    struct qn_signature signatures[SIGNATURES];
    struct qn_key *key = bench_key();
    uint64_t start_cpu_ns = bench_cpu_ns();

    for (size_t i = 0; i < SIGNATURES; i++) {
        digest.bytes[1] = (uint8_t)i;
        uint64_t start = bench_now_ns();
        bench_need(qn_sign(&signatures[i], key, QN_SIGN_RECORD, &digest) == QN_OK, "signing");
        bench_samples_add(samples, bench_now_ns() - start);
    }
    bench_report(samples, "reference_sign_us", "", BENCH_US);
    report_cpu("reference_sign_cpu_us", start_cpu_ns);
    start_cpu_ns = bench_cpu_ns();
    for (size_t i = 0; i < SIGNATURES; i++) {
        struct qn_span signature = {signatures[i].bytes, signatures[i].len};
        digest.bytes[1] = (uint8_t)i;
        uint64_t start = bench_now_ns();
        bench_need(qn_verify(qn_key_public(key), QN_SIGN_RECORD, &digest, signature) == QN_OK,
                   "verification");
        bench_samples_add(samples, bench_now_ns() - start);
    }
    bench_report(samples, "reference_verify_us", "", BENCH_US);
    report_cpu("reference_verify_cpu_us", start_cpu_ns);
    qn_key_free(key);
}

static void no_delay(int fd)
{
    int on = 1;
    bench_need(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "TCP_NODELAY");
}

/* The other process: gives back what it gets until the connection ends. */
static _Noreturn void echo(const struct sockaddr_in *address)
{
    uint8_t message[MESSAGE_LEN];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bench_need(fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0,
               "connecting");
    no_delay(fd);
    while (recv(fd, message, sizeof message, MSG_WAITALL) == MESSAGE_LEN) {
        if (send(fd, message, sizeof message, MSG_NOSIGNAL) != MESSAGE_LEN) {
            break;
        }
    }
    _exit(EXIT_SUCCESS);
}

static void measure_round_trips(struct bench_samples *samples)
{
    uint8_t message[MESSAGE_LEN] = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t address_len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    bench_need(listener >= 0 && bind(listener, (struct sockaddr *)&address, address_len) == 0 &&
                   listen(listener, 1) == 0 &&
                   getsockname(listener, (struct sockaddr *)&address, &address_len) == 0,
               "listening");
    pid_t child = fork();
    bench_need(child >= 0, "fork");
    if (child == 0) {
        (void)close(listener);
        echo(&address);
    }
    int fd = accept(listener, NULL, NULL);
    bench_need(fd >= 0, "accept");
    no_delay(fd);
    for (size_t i = 0; i < ROUND_TRIPS; i++) {
        uint64_t start = bench_now_ns();
        bench_need(send(fd, message, sizeof message, MSG_NOSIGNAL) == MESSAGE_LEN &&
                       recv(fd, message, sizeof message, MSG_WAITALL) == MESSAGE_LEN,
                   "round trip");
        bench_samples_add(samples, bench_now_ns() - start);
    }
    (void)close(fd);
    (void)close(listener);
    bench_need(waitpid(child, NULL, 0) == child, "waiting");
    bench_report(samples, "reference_round_trip_us", "", BENCH_US);
}

static void measure_syncs(struct bench_samples *samples)
{
    uint8_t block[BLOCK_LEN] = {0};
    FILE *file = tmpfile();
    bench_need(file != NULL, "a temporary file");
    int fd = fileno(file);

    for (size_t i = 0; i < SYNCS; i++) {
        uint64_t start = bench_now_ns();
        bench_need(write(fd, block, sizeof block) == BLOCK_LEN && fdatasync(fd) == 0,
                   "durable write");
        bench_samples_add(samples, bench_now_ns() - start);
    }
    (void)fclose(file);
    bench_report(samples, "reference_fdatasync_us", "", BENCH_US);
}

int main(void)
{
    struct bench_samples samples;
    bench_start();
    bench_samples_init(&samples, ROUND_TRIPS);
    measure_signatures(&samples);
    measure_round_trips(&samples);
    measure_syncs(&samples);
    bench_samples_fini(&samples);
    qn_crypto_fini();
    return EXIT_SUCCESS;
}
