#include "base/err.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { ASSERT_MESSAGE_SIZE = 256 };

void (*qn_assert_hook)(const char *message) = NULL;

const char *qn_err_text(enum qn_err err)
{
    switch (err) {
#define QN_ERR_TEXT(name, number, text)                                                            \
    case QN_##name:                                                                                \
        return text;
        QN_ERR_LIST(QN_ERR_TEXT)
#undef QN_ERR_TEXT
    }
    return "unknown error";
}

/* By the negated number: the preprocessor cannot lower the case of QN_ERR_LIST, so err_test holds
 * the two together. */
static const char *const names[] = {
    [-QN_OK] = "ok",
    [-QN_ERR_MALFORMED] = "malformed",
    [-QN_ERR_TOO_BIG] = "too_big",
    [-QN_ERR_FULL] = "full",
    [-QN_ERR_NOT_FOUND] = "not_found",
    [-QN_ERR_STALE] = "stale",
    [-QN_ERR_EXPIRED] = "expired",
    [-QN_ERR_NOT_YET_VALID] = "not_yet_valid",
    [-QN_ERR_BAD_SIGNATURE] = "bad_signature",
    [-QN_ERR_WRONG_NETWORK] = "wrong_network",
    [-QN_ERR_WRONG_VERSION] = "wrong_version",
    [-QN_ERR_DUPLICATE] = "duplicate",
    [-QN_ERR_ALREADY_REGISTERED] = "already_registered",
    [-QN_ERR_NOT_REGISTERED] = "not_registered",
    [-QN_ERR_REVOKED] = "revoked",
    [-QN_ERR_CODE_USED] = "code_used",
    [-QN_ERR_CODE_UNKNOWN] = "code_unknown",
    [-QN_ERR_CODE_REQUIRED] = "code_required",
    [-QN_ERR_CODE_EXPIRED] = "code_expired",
    [-QN_ERR_WRONG_SEQUENCE] = "wrong_sequence",
    [-QN_ERR_WRONG_ROOT] = "wrong_root",
    [-QN_ERR_WRONG_PARENT] = "wrong_parent",
    [-QN_ERR_UNKNOWN_SUITE] = "unknown_suite",
    [-QN_ERR_NO_QUORUM] = "no_quorum",
    [-QN_ERR_NOT_READY] = "not_ready",
    [-QN_ERR_BUSY] = "busy",
    [-QN_ERR_REFUSED] = "refused",
    [-QN_ERR_TIMEOUT] = "timeout",
    [-QN_ERR_CLOSED] = "closed",
    [-QN_ERR_IO] = "io",
    [-QN_ERR_NO_MEMORY] = "no_memory",
    [-QN_ERR_CRYPTO] = "crypto",
    [-QN_ERR_INVALID] = "invalid",
    [-QN_ERR_KEY_MISMATCH] = "key_mismatch",
    [-QN_ERR_WORK_REQUIRED] = "work_required",
    [-QN_ERR_BAD_WORK] = "bad_work",
    [-QN_ERR_WRONG_EPOCH] = "wrong_epoch",
};

const char *qn_err_name(enum qn_err err)
{
    unsigned index = 0U - (unsigned)err; /* out of range for a positive number */

    if (index >= sizeof names / sizeof names[0] || names[index] == NULL) {
        return "unknown_error";
    }
    return names[index];
}

_Noreturn void qn_assert_fail(const char *expression, const char *file, int line)
{
    if (qn_assert_hook != NULL) {
        char message[ASSERT_MESSAGE_SIZE];
        (void)snprintf(message, sizeof message, "%s:%d: broken invariant: %s", file, line,
                       expression);
        qn_assert_hook(message);
    }
    abort();
}
