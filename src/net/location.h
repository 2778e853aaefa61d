/* The region of an address by libloc's database, where that library and a database are installed; it is loaded when
 * the program runs, so that none is needed. Loop thread only, like the library itself. */
#ifndef QN_LOCATION_H
#define QN_LOCATION_H

#include "peer/locator.h"

/* Where the system keeps it: the one that is kept up to date, and the one that comes with the system. */
#define QN_LOCATION_DATABASE "/var/lib/location/database.db"
#define QN_LOCATION_DATABASE_SHIPPED "/usr/share/libloc-location/location.db"

struct qn_location;

/* Heap. QN_ERR_NOT_FOUND: no library, or no such file. QN_ERR_INVALID: the library cannot use the file. why
 * (QN_TEXT_LEN_MAX + 1) gets the reason for people. */
QN_MUST_USE enum qn_err qn_location_open(struct qn_location **location, const char *database,
                                         char *why);
/* Good as long as location is; NULL: a locator that knows nothing. */
struct qn_locator qn_location_locator(struct qn_location *location);
/* NULL is allowed. */
void qn_location_close(struct qn_location *location);

#endif
