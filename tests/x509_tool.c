/* Writes a fresh private key and a self-signed X.509 certificate for it to standard output, as PEM:
 *
 *     x509_tool ALGORITHM        such as ML-DSA-65, ED25519, RSA
 *
 * For tests in languages whose TLS can use such a certificate but not make one. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

enum { RSA_BITS = 2048, VALID_S = 86400 };

static EVP_PKEY *make_key(const char *algorithm)
{
    if (strcmp(algorithm, "RSA") == 0) {
        return EVP_PKEY_Q_keygen(NULL, NULL, algorithm, (size_t)RSA_BITS);
    }
    return EVP_PKEY_Q_keygen(NULL, NULL, algorithm);
}

static int fill(X509 *certificate, EVP_PKEY *key, const EVP_MD *digest)
{
    static const unsigned char name[] = "stranger";
    X509_NAME *subject = X509_get_subject_name(certificate);

    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_S) != NULL &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, subject) == 1 &&
           X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, digest) > 0;
}

int main(int argc, char **argv)
{
    int status = 1;
    if (argc != 2) {
        (void)fprintf(stderr, "usage: x509_tool ALGORITHM\n");
        return 2;
    }
    EVP_PKEY *key = make_key(argv[1]);
    X509 *certificate = X509_new();
    /* The other two hash by themselves. */
    const EVP_MD *digest = strcmp(argv[1], "RSA") == 0 ? EVP_sha256() : NULL;
    if (key != NULL && certificate != NULL && fill(certificate, key, digest) == 1 &&
        PEM_write_PKCS8PrivateKey(stdout, key, NULL, NULL, 0, NULL, NULL) == 1 &&
        PEM_write_X509(stdout, certificate) == 1) {
        status = 0;
    } else {
        (void)fprintf(stderr, "x509_tool: no certificate with a key of type %s\n", argv[1]);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return status;
}
