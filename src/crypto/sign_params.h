/* Parameters of one signature, given to OpenSSL at every init, because they do not stick. */
#ifndef QN_SIGN_PARAMS_H
#define QN_SIGN_PARAMS_H

#include "crypto/key.h"

#include <openssl/params.h>

enum { QN_SIGN_CONTEXT_SIZE = 32 };

struct qn_sign_params {
    char context[QN_SIGN_CONTEXT_SIZE];
    int is_deterministic;
    OSSL_PARAM list[3];
};

/* list points into *params, so it must not be copied. */
void qn_sign_params_init(struct qn_sign_params *params, enum qn_sign_kind kind,
                         bool is_deterministic);

#endif
