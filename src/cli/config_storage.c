#include "cli/config_internal.h"
#include "store/store.h"

#include <string.h>

enum { DATA_MAX_BYTES_MIN = 1 << 20 };
#define DATA_MAX_BYTES_MAX ((uint64_t)1 << 46)

bool qn_size_parse(uint64_t *bytes, const char *text, uint64_t min, uint64_t max)
{
    static const char units[] = "KMGT";
    enum { DIGITS_MAX = 15 };
    char digits[DIGITS_MAX + 1] = "";
    uint64_t number = 0;
    unsigned shift = 0;
    size_t len = strlen(text);

    if (len > 1) {
        const char *unit = strchr(units, text[len - 1]);
        shift = unit == NULL ? 0 : 10 * (unsigned)(unit - units + 1);
        len -= unit != NULL;
    }
    if (len == 0 || len > DIGITS_MAX) {
        return false;
    }
    memcpy(digits, text, len);
    if (!qn_number_parse(&number, digits, 1, UINT64_MAX >> 1) || number > max >> shift ||
        number << shift < min) {
        return false;
    }
    *bytes = number << shift;
    return true;
}

void qn_config_storage(const struct qn_config_load *load)
{
    struct qn_config *config = load->config;
    const char *size = qn_config_value(load, QN_OPTION_DATA_MAX);
    config->data_dir = qn_config_value(load, QN_OPTION_DATA_DIR);
    if (size != NULL &&
        !qn_size_parse(&config->data_max, size, DATA_MAX_BYTES_MIN, DATA_MAX_BYTES_MAX)) {
        qn_config_complain(load, QN_OPTION_DATA_MAX,
                           "\"%.20s\" is not possible: 1M to 64T, as in 500M or 64G", size);
    }
    if (config->data_dir != NULL && (load->needs & QN_CONFIG_NEEDS_NODE) != 0 &&
        config->key == NULL) {
        qn_config_complain(load, QN_OPTION_DATA_DIR,
                           "needs a key that stays the same: set QNET_KEY_FILE or QNET_KEY");
    }
}
