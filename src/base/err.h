/* Error results of every module. Zero is success, errors are negative.
 *
 * Peer's fault and environment's fault are returned; our own fault (a broken invariant) is
 * QN_ASSERT, which stops the program in release builds too. */
#ifndef QN_ERR_H
#define QN_ERR_H

#if defined(__GNUC__)
#define QN_MUST_USE __attribute__((warn_unused_result))
#define QN_PRINTF(fmt_index, first_arg) __attribute__((format(printf, fmt_index, first_arg)))
#else
#define QN_MUST_USE
#define QN_PRINTF(fmt_index, first_arg)
#endif

/* X(name, number, text): the number is stable, since some errors travel in SUBMIT_RESULT. */
#define QN_ERR_LIST(X)                                                                             \
    X(OK, 0, "ok")                                                                                 \
    X(ERR_MALFORMED, -1, "malformed: not the one canonical encoding")                              \
    X(ERR_TOO_BIG, -2, "larger than its limit")                                                    \
    X(ERR_FULL, -3, "full: no room within the limit")                                              \
    X(ERR_NOT_FOUND, -4, "not found")                                                              \
    X(ERR_STALE, -5, "stale: older than what is held")                                             \
    X(ERR_EXPIRED, -6, "expired")                                                                  \
    X(ERR_NOT_YET_VALID, -7, "not yet valid")                                                      \
    X(ERR_BAD_SIGNATURE, -8, "the signature does not verify")                                      \
    X(ERR_WRONG_NETWORK, -9, "made for another network")                                           \
    X(ERR_WRONG_VERSION, -10, "unsupported protocol version")                                      \
    X(ERR_DUPLICATE, -11, "duplicate: already known")                                              \
    X(ERR_ALREADY_REGISTERED, -12, "this node id is already registered")                           \
    X(ERR_NOT_REGISTERED, -13, "this node id is not registered")                                   \
    X(ERR_REVOKED, -14, "this node id is revoked")                                                 \
    X(ERR_CODE_USED, -15, "the activation code was already used")                                  \
    X(ERR_CODE_UNKNOWN, -16, "the activation code belongs to no issued batch")                     \
    X(ERR_CODE_REQUIRED, -17, "an activation code is required by this network")                    \
    X(ERR_CODE_EXPIRED, -18, "the activation code's batch has expired")                            \
    X(ERR_WRONG_SEQUENCE, -19, "wrong sequence number")                                            \
    X(ERR_WRONG_ROOT, -20, "the state root differs from the re-executed one")                      \
    X(ERR_WRONG_PARENT, -21, "the parent is not the expected block")                               \
    X(ERR_UNKNOWN_SUITE, -22, "unknown or unusable signature suite")                               \
    X(ERR_NO_QUORUM, -23, "not signed by exactly one quorum of the committee")                     \
    X(ERR_NOT_READY, -24, "not ready")                                                             \
    X(ERR_BUSY, -25, "busy: try again later")                                                      \
    X(ERR_REFUSED, -26, "refused")                                                                 \
    X(ERR_TIMEOUT, -27, "timed out")                                                               \
    X(ERR_CLOSED, -28, "closed")                                                                   \
    X(ERR_IO, -29, "input/output error")                                                           \
    X(ERR_NO_MEMORY, -30, "out of memory")                                                         \
    X(ERR_CRYPTO, -31, "the cryptographic library failed")                                         \
    X(ERR_INVALID, -32, "invalid value")                                                           \
    X(ERR_KEY_MISMATCH, -33, "the key is not the expected one")                                    \
    X(ERR_WORK_REQUIRED, -34, "a ticket of work is required by this network")                      \
    X(ERR_BAD_WORK, -35, "the ticket of work does not hold")                                       \
    X(ERR_WRONG_EPOCH, -36, "made for another epoch")

enum qn_err {
#define QN_ERR_ENUM(name, number, text) QN_##name = (number),
    QN_ERR_LIST(QN_ERR_ENUM)
#undef QN_ERR_ENUM
};

/* Static text, lower case, no full stop; "unknown error" for a number outside the list. */
const char *qn_err_text(enum qn_err err);

/* Static short name as used in logs, metrics and JSON: "ok", "code_used", "malformed". */
const char *qn_err_name(enum qn_err err);

/* Told why before the program stops; NULL: nothing is printed. The program sets it once, at start:
 * the core itself has no file to write to. */
extern void (*qn_assert_hook)(const char *message);

/* Stops the program with the expression and its place; also in release builds. */
_Noreturn void qn_assert_fail(const char *expression, const char *file, int line);
#define QN_ASSERT(expression)                                                                      \
    ((expression) ? (void)0 : qn_assert_fail(#expression, __FILE__, __LINE__))

#endif
