#include "store/admin.h"
#include "store/store_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAME_LEN = 16 }; /* of a network's folder: hex digits */

static bool holds_data(const char *path)
{
    char name[QN_STORE_PATH_SIZE];

    return qn_store_join(name, path, "data.mdb") && access(name, F_OK) == 0;
}

static bool is_network_name(const char *name)
{
    return strlen(name) == NAME_LEN && strspn(name, "0123456789abcdef") == NAME_LEN;
}

/* How many folders of networks there are; path becomes the last one found. */
static enum qn_err count_networks(size_t *count, char *path, const char *data_dir, char *why)
{
    DIR *dir = opendir(data_dir);

    if (dir == NULL) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "cannot open %s: %s", data_dir, strerror(errno));
        return errno == ENOENT ? QN_ERR_NOT_FOUND : QN_ERR_IO;
    }
    *count = 0;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char candidate[QN_STORE_PATH_SIZE];
        if (is_network_name(entry->d_name) && qn_store_join(candidate, data_dir, entry->d_name) &&
            holds_data(candidate)) {
            *count += 1;
            (void)snprintf(path, QN_STORE_PATH_SIZE, "%s", candidate);
        }
    }
    (void)closedir(dir);
    return QN_OK;
}

enum qn_err qn_store_find(char *path, const char *data_dir, const struct qn_network_id *network,
                          char *why)
{
    size_t count = 0;

    if (holds_data(data_dir)) {
        (void)snprintf(path, QN_STORE_PATH_SIZE, "%s", data_dir);
        return QN_OK;
    }
    if (network != NULL) {
        if (qn_store_folder_path(path, data_dir, network) && holds_data(path)) {
            return QN_OK;
        }
        (void)snprintf(why, QN_STORE_WHY_SIZE,
                       "%s holds no data of the network of the configured genesis certificates",
                       data_dir);
        return QN_ERR_NOT_FOUND;
    }
    enum qn_err err = count_networks(&count, path, data_dir, why);
    if (err != QN_OK || count == 1) {
        return err;
    }
    if (count == 0) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "%s holds no data of a node", data_dir);
        return QN_ERR_NOT_FOUND;
    }
    (void)snprintf(why, QN_STORE_WHY_SIZE,
                   "%s holds the data of %zu networks: give the folder of one as --data-dir",
                   data_dir, count);
    return QN_ERR_INVALID;
}
