#include "net/tls_internal.h"

#include <openssl/x509.h>

static bool fill(X509 *certificate, EVP_PKEY *pkey)
{
    static const unsigned char name[] = "qnet";
    X509_NAME *subject = X509_get_subject_name(certificate);

    /* Nobody judges the validity: it is as wide as the format allows. */
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
           ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), "19700101000000Z") == 1 &&
           ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), "99991231235959Z") == 1 &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, subject) == 1 &&
           X509_set_pubkey(certificate, pkey) == 1 && X509_sign(certificate, pkey, NULL) > 0;
}

X509 *qn_tls_certificate_new(EVP_PKEY *pkey)
{
    X509 *certificate = X509_new();

    if (certificate == NULL || !fill(certificate, pkey)) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}
