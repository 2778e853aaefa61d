#include "cli/daemon_store.h"

enum qn_err qn_daemon_open_storage(struct qn_store **store, struct qn_storage *storage,
                                   const struct qn_config *config, char *why)
{
    *store = NULL;
    if (config->data_dir == NULL) {
        qn_storage_memory_open(storage);
        return QN_OK;
    }
    struct qn_store_config opened = {
        .data_dir = config->data_dir,
        .network = config->genesis.network,
        .node = qn_public_key_id(qn_key_public(config->key)),
        .size_max = config->data_max,
    };
    qn_store_catch_bus_errors();
    return qn_store_open(store, storage, &opened, why);
}

void qn_daemon_tell_storage(const struct qn_log *log, const struct qn_store *store,
                            bool is_genesis_node)
{
    if (store != NULL) {
        qn_log(log, QN_LOG_INFO, "node", "storage", "kind=durable path=\"%s\" bytes=%llu",
               qn_store_path(store), (unsigned long long)qn_store_size(store));
        return;
    }
    qn_log(
        log, QN_LOG_INFO, "node", "storage",
        "kind=memory text=\"nothing is kept when this node ends: it then fetches the registry from "
        "the others%s; --data-dir keeps it\"",
        is_genesis_node ? ", and votes again when enough of them have said where they are" : "");
}
