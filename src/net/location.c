#include "net/location.h"

#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Its interface as of version 1, the only one so far; the name says which. */
static const char library_name[] = "libloc.so.1";

struct loc_ctx;
struct loc_database;
struct loc_network;
struct loc_country;

struct library {
    int (*context_new)(struct loc_ctx **ctx);
    struct loc_ctx *(*context_unref)(struct loc_ctx *ctx);
    void (*set_log_priority)(struct loc_ctx *ctx, int priority);
    int (*database_new)(struct loc_ctx *ctx, struct loc_database **database, FILE *file);
    struct loc_database *(*database_unref)(struct loc_database *database);
    int (*lookup)(struct loc_database *database, const struct in6_addr *address,
                  struct loc_network **network);
    const char *(*network_country)(struct loc_network *network);
    struct loc_network *(*network_unref)(struct loc_network *network);
    int (*country_new)(struct loc_database *database, struct loc_country **country,
                       const char *code);
    const char *(*country_continent)(struct loc_country *country);
    struct loc_country *(*country_unref)(struct loc_country *country);
};

struct qn_location {
    struct library library;
    struct loc_ctx *ctx;
    struct loc_database *database;
};

/* A function's address comes as an object's (POSIX, dlsym). */
static bool load(void *handle, const char *name, void *function, size_t size)
{
    void *symbol = dlsym(handle, name);
    QN_ASSERT(size == sizeof symbol);
    memcpy(function, &symbol, size);
    return symbol != NULL;
}

/* It stays loaded: what it holds outside of our objects is its own. */
static bool load_library(struct library *library)
{
    void *handle = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
#define LOAD(member, name) load(handle, (name), &library->member, sizeof library->member)
    return handle != NULL && LOAD(context_new, "loc_new") && LOAD(context_unref, "loc_unref") &&
           LOAD(set_log_priority, "loc_set_log_priority") &&
           LOAD(database_new, "loc_database_new") && LOAD(database_unref, "loc_database_unref") &&
           LOAD(lookup, "loc_database_lookup") &&
           LOAD(network_country, "loc_network_get_country_code") &&
           LOAD(network_unref, "loc_network_unref") &&
           LOAD(country_new, "loc_database_get_country") &&
           LOAD(country_continent, "loc_country_get_continent_code") &&
           LOAD(country_unref, "loc_country_unref");
#undef LOAD
}

static enum qn_err open_database(struct qn_location *location, const char *path, char *why)
{
    enum { LOG_NOTHING = 0 };
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        const char *text = strerrordesc_np(errno);
        (void)snprintf(why, QN_TEXT_LEN_MAX + 1, "cannot read %.80s: %s", path,
                       text != NULL ? text : "unknown error");
        return QN_ERR_NOT_FOUND;
    }
    if (location->library.context_new(&location->ctx) != 0) {
        location->ctx = NULL;
    } else {
        location->library.set_log_priority(location->ctx, LOG_NOTHING);
    }
    bool is_open = location->ctx != NULL &&
                   location->library.database_new(location->ctx, &location->database, file) == 0;
    (void)fclose(file); /* the library has a descriptor of its own */
    if (!is_open) {
        location->database = NULL;
        (void)snprintf(why, QN_TEXT_LEN_MAX + 1, "%.80s is no database that libloc can use", path);
        return QN_ERR_INVALID;
    }
    return QN_OK;
}

enum qn_err qn_location_open(struct qn_location **out, const char *database, char *why)
{
    struct qn_location *location = calloc(1, sizeof *location);
    QN_ASSERT(location != NULL);
    if (!load_library(&location->library)) {
        free(location);
        (void)snprintf(why, QN_TEXT_LEN_MAX + 1, "%s is not installed", library_name);
        return QN_ERR_NOT_FOUND;
    }
    enum qn_err err = open_database(location, database, why);
    if (err != QN_OK) {
        qn_location_close(location);
        return err;
    }
    *out = location;
    return QN_OK;
}

/* The regions of the network are the continents but one, where nobody has his home. */
static bool region_of_continent(enum qn_region *region, const char *code)
{
    static const char codes[QN_REGION_COUNT][3] = {
        [QN_REGION_NORTH_AMERICA] = "NA", [QN_REGION_SOUTH_AMERICA] = "SA",
        [QN_REGION_EUROPE] = "EU",        [QN_REGION_ASIA] = "AS",
        [QN_REGION_AFRICA] = "AF",        [QN_REGION_OCEANIA] = "OC",
    };
    for (enum qn_region i = 0; code != NULL && i < QN_REGION_COUNT; i++) {
        if (strcmp(codes[i], code) == 0) {
            *region = i;
            return true;
        }
    }
    return false;
}

static bool locate(void *context, enum qn_region *region, const struct qn_net_address *address)
{
    const struct qn_location *location = context;
    const struct library *library = &location->library;
    struct in6_addr ip;
    struct loc_network *network = NULL;
    struct loc_country *country = NULL;
    bool is_known = false;
    memcpy(&ip, address->ip, sizeof ip); /* IPv4 as ::ffff:a.b.c.d, there as here */
    if (library->lookup(location->database, &ip, &network) != 0 || network == NULL) {
        return false;
    }
    const char *code = library->network_country(network);
    if (code != NULL && code[0] != '\0' &&
        library->country_new(location->database, &country, code) == 0 && country != NULL) {
        is_known = region_of_continent(region, library->country_continent(country));
        (void)library->country_unref(country);
    }
    (void)library->network_unref(network);
    return is_known;
}

struct qn_locator qn_location_locator(struct qn_location *location)
{
    return (struct qn_locator){.region = location != NULL ? locate : NULL, .context = location};
}

void qn_location_close(struct qn_location *location)
{
    if (location == NULL) {
        return;
    }
    if (location->database != NULL) {
        (void)location->library.database_unref(location->database);
    }
    if (location->ctx != NULL) {
        (void)location->library.context_unref(location->ctx);
    }
    free(location);
}
