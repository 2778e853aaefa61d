/* Which cryptographic library does the work, for people. */
#ifndef QN_LIBRARY_H
#define QN_LIBRARY_H

/* "OpenSSL 3.5.1 1 Jul 2025": the one that runs, not the one compiled against; static. */
const char *qn_crypto_library_version(void);

#endif
