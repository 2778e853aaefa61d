/* A stand-in for libloc: the functions that QNet loads, over a text file with lines like "192.0.2.1 EU". */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 16, CODE_SIZE = 3 };

struct loc_ctx {
    int priority;
};
struct loc_database {
    size_t count;
    struct in6_addr addresses[LINES_MAX];
    char codes[LINES_MAX][CODE_SIZE];
};
/* Both are what they say. */
struct loc_network {
    char code[CODE_SIZE];
};
struct loc_country {
    char code[CODE_SIZE];
};

int loc_new(struct loc_ctx **ctx);
struct loc_ctx *loc_unref(struct loc_ctx *ctx);
void loc_set_log_priority(struct loc_ctx *ctx, int priority);
int loc_database_new(struct loc_ctx *ctx, struct loc_database **database, FILE *file);
struct loc_database *loc_database_unref(struct loc_database *database);
int loc_database_lookup(struct loc_database *database, const struct in6_addr *address,
                        struct loc_network **network);
int loc_database_get_country(struct loc_database *database, struct loc_country **country,
                             const char *code);
const char *loc_network_get_country_code(struct loc_network *network);
struct loc_network *loc_network_unref(struct loc_network *network);
const char *loc_country_get_continent_code(struct loc_country *country);
struct loc_country *loc_country_unref(struct loc_country *country);

int loc_new(struct loc_ctx **ctx)
{
    *ctx = calloc(1, sizeof **ctx);
    return *ctx == NULL;
}

struct loc_ctx *loc_unref(struct loc_ctx *ctx)
{
    free(ctx);
    return NULL;
}

void loc_set_log_priority(struct loc_ctx *ctx, int priority)
{
    ctx->priority = priority;
}

static bool read_line(struct loc_database *database, const char *line)
{
    char host[64];
    char code[CODE_SIZE];
    char mapped[80];
    if (database->count == LINES_MAX || sscanf(line, "%63s %2s", host, code) != 2) {
        return false;
    }
    (void)snprintf(mapped, sizeof mapped, "%s%s", strchr(host, ':') == NULL ? "::ffff:" : "", host);
    if (inet_pton(AF_INET6, mapped, &database->addresses[database->count]) != 1) {
        return false;
    }
    memcpy(database->codes[database->count], code, sizeof code);
    database->count += 1;
    return true;
}

int loc_database_new(struct loc_ctx *ctx, struct loc_database **out, FILE *file)
{
    char line[128];
    struct loc_database *database = calloc(1, sizeof *database);
    (void)ctx;
    while (database != NULL && fgets(line, sizeof line, file) != NULL) {
        if (!read_line(database, line)) {
            free(database);
            return 1;
        }
    }
    *out = database;
    return database == NULL;
}

struct loc_database *loc_database_unref(struct loc_database *database)
{
    free(database);
    return NULL;
}

int loc_database_lookup(struct loc_database *database, const struct in6_addr *address,
                        struct loc_network **network)
{
    for (size_t i = 0; i < database->count; i++) {
        if (memcmp(&database->addresses[i], address, sizeof *address) == 0) {
            *network = calloc(1, sizeof **network);
            if (*network == NULL) {
                return -1;
            }
            memcpy((*network)->code, database->codes[i], CODE_SIZE);
            return 0;
        }
    }
    return 1;
}

int loc_database_get_country(struct loc_database *database, struct loc_country **country,
                             const char *code)
{
    (void)database;
    *country = calloc(1, sizeof **country);
    if (*country == NULL) {
        return -1;
    }
    memcpy((*country)->code, code, CODE_SIZE);
    return 0;
}

const char *loc_network_get_country_code(struct loc_network *network)
{
    return network->code;
}

struct loc_network *loc_network_unref(struct loc_network *network)
{
    free(network);
    return NULL;
}

const char *loc_country_get_continent_code(struct loc_country *country)
{
    return country->code;
}

struct loc_country *loc_country_unref(struct loc_country *country)
{
    free(country);
    return NULL;
}
