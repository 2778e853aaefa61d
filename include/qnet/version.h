/* Version of libqnet. Semantic versioning; while the major number is 0, a minor one may change the
 * interface. */
#ifndef QNET_VERSION_H
#define QNET_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

#define QNET_VERSION_MAJOR 0
#define QNET_VERSION_MINOR 1
#define QNET_VERSION_PATCH 0

/* "0.1.0": of the library that is linked, which may be another than that of this header. Static. */
const char *qnet_version(void);

#ifdef __cplusplus
}
#endif

#endif
