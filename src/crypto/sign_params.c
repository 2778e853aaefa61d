#include "crypto/sign_params.h"

#include <openssl/core_names.h>
#include <string.h>

void qn_sign_params_init(struct qn_sign_params *params, enum qn_sign_kind kind,
                         bool is_deterministic)
{
    const char *context = qn_sign_kind_context(kind);
    size_t len = strlen(context);

    QN_ASSERT(len <= sizeof params->context);
    memcpy(params->context, context, len);
    params->is_deterministic = is_deterministic ? 1 : 0;
    params->list[0] = OSSL_PARAM_construct_octet_string(OSSL_SIGNATURE_PARAM_CONTEXT_STRING,
                                                        params->context, len);
    params->list[1] =
        OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_DETERMINISTIC, &params->is_deterministic);
    params->list[2] = OSSL_PARAM_construct_end();
}
