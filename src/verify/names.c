#include "qnet/verify.h"

const char *qnet_verify_text(enum qnet_verify_status status)
{
    switch (status) {
#define QN_VERIFY_TEXT(name, number, short_name, text)                                             \
    case QNET_VERIFY_##name:                                                                       \
        return text;
        QNET_VERIFY_LIST(QN_VERIFY_TEXT)
#undef QN_VERIFY_TEXT
    }
    return "unknown";
}

const char *qnet_verify_name(enum qnet_verify_status status)
{
    switch (status) {
#define QN_VERIFY_NAME(name, number, short_name, text)                                             \
    case QNET_VERIFY_##name:                                                                       \
        return short_name;
        QNET_VERIFY_LIST(QN_VERIFY_NAME)
#undef QN_VERIFY_NAME
    }
    return "unknown";
}

const char *qnet_entry_state_name(enum qnet_entry_state state)
{
    switch (state) {
    case QNET_ENTRY_NONE:
        return "none";
    case QNET_ENTRY_ACTIVE:
        return "active";
    case QNET_ENTRY_REVOKED:
        return "revoked";
    case QNET_ENTRY_EXPIRED:
        return "expired";
    case QNET_ENTRY_ROTATED:
        return "rotated";
    }
    return "unknown";
}
