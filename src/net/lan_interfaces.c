#include "net/lan_interfaces.h"

#include "net/socket.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

enum { V4_BITS_AT = 96 };

static bool read_address(struct qn_net_address *out, const struct sockaddr *address)
{
    struct sockaddr_storage storage = {0};
    struct qn_endpoint endpoint;
    if (address == NULL || (address->sa_family != AF_INET && address->sa_family != AF_INET6)) {
        return false;
    }
    memcpy(&storage, address,
           address->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                         : sizeof(struct sockaddr_in6));
    qn_socket_describe(&endpoint, &storage);
    return qn_net_address_parse(out, &endpoint);
}

static unsigned count_bits(const struct qn_net_address *mask)
{
    unsigned bits = 0;
    bool is_v4 = qn_net_address_is_v4(mask);
    for (size_t i = is_v4 ? V4_BITS_AT / 8 : 0; i < sizeof mask->ip; i++) {
        for (unsigned byte = mask->ip[i]; byte != 0; byte &= byte - 1) {
            bits += 1;
        }
    }
    return bits;
}

static void add_prefix(struct qn_lan_interface *interface, const struct qn_net_address *address,
                       const struct sockaddr *netmask)
{
    struct qn_net_address mask;
    if (interface->prefix_count == QN_LAN_PREFIXES_MAX || !read_address(&mask, netmask)) {
        return;
    }
    struct qn_net_prefix *prefix = &interface->prefixes[interface->prefix_count];
    bool is_v4 = qn_net_address_is_v4(address);
    for (size_t i = 0; i < sizeof prefix->ip; i++) {
        bool is_kept = is_v4 && i < V4_BITS_AT / 8; /* ::ffff: before an address of IPv4 */
        prefix->ip[i] = is_kept ? address->ip[i] : (uint8_t)(address->ip[i] & mask.ip[i]);
    }
    prefix->bits = (uint8_t)((is_v4 ? V4_BITS_AT : 0) + count_bits(&mask));
    interface->prefix_count += 1;
}

/* Can this node be dialled there, at an address that only a local network has? */
static bool may_speak(const struct qn_lan_choice *choice, const struct qn_lan_interface *interface,
                      const struct qn_net_address *address)
{
    enum qn_net_scope wanted = interface->is_loopback ? QN_NET_LOOPBACK : QN_NET_PRIVATE;
    struct qn_net_address listen;
    if (qn_net_scope(address) != wanted) {
        return false;
    }
    if (!choice->listens || strcmp(choice->listen.host, "::") == 0) {
        return true;
    }
    if (strcmp(choice->listen.host, "0.0.0.0") == 0) {
        return qn_net_address_is_v4(address);
    }
    return qn_net_address_parse(&listen, &choice->listen) &&
           memcmp(listen.ip, address->ip, sizeof listen.ip) == 0;
}

/* The first one of IPv4; of IPv6 one that is good without a zone, if there is one. The system takes no multicast of IPv6
 * to loopback. */
static void take_address(struct qn_lan_interface *interface, const struct qn_net_address *address)
{
    if (qn_net_address_is_v4(address)) {
        interface->v4 = interface->has_v4 ? interface->v4 : *address;
        interface->has_v4 = true;
    } else if (interface->is_loopback) {
        return;
    } else if (!interface->has_v6 || (qn_net_address_is_link_local(&interface->v6) &&
                                      !qn_net_address_is_link_local(address))) {
        interface->v6 = *address;
        interface->has_v6 = true;
    }
}

static bool is_chosen(const struct qn_lan_choice *choice, const struct ifaddrs *at)
{
    bool is_loopback = (at->ifa_flags & IFF_LOOPBACK) != 0;
    if ((at->ifa_flags & IFF_UP) == 0 || strlen(at->ifa_name) >= IF_NAMESIZE) {
        return false;
    }
    for (size_t i = 0; i < choice->name_count; i++) {
        if (strcmp(choice->names[i], at->ifa_name) == 0) {
            return is_loopback || (at->ifa_flags & IFF_MULTICAST) != 0;
        }
    }
    return choice->name_count == 0 && !is_loopback && (at->ifa_flags & IFF_MULTICAST) != 0;
}

/* The one with this name, made if it is new. NULL: no room. */
static struct qn_lan_interface *place_for(struct qn_lan_interfaces *interfaces,
                                          const struct ifaddrs *at)
{
    for (size_t i = 0; i < interfaces->count; i++) {
        if (strcmp(interfaces->items[i].name, at->ifa_name) == 0) {
            return &interfaces->items[i];
        }
    }
    unsigned index = if_nametoindex(at->ifa_name);
    if (interfaces->count == QN_LAN_INTERFACES_MAX || index == 0) {
        return NULL;
    }
    struct qn_lan_interface *interface = &interfaces->items[interfaces->count];
    interfaces->count += 1;
    *interface = (struct qn_lan_interface){.index = index,
                                           .is_loopback = (at->ifa_flags & IFF_LOOPBACK) != 0};
    memcpy(interface->name, at->ifa_name, strlen(at->ifa_name) + 1);
    return interface;
}

static void drop_silent(struct qn_lan_interfaces *interfaces)
{
    size_t kept = 0;
    for (size_t i = 0; i < interfaces->count; i++) {
        if (interfaces->items[i].has_v4 || interfaces->items[i].has_v6) {
            interfaces->items[kept] = interfaces->items[i];
            kept += 1;
        }
    }
    interfaces->count = kept;
}

void qn_lan_interfaces_read(struct qn_lan_interfaces *interfaces,
                            const struct qn_lan_choice *choice)
{
    struct ifaddrs *first = NULL;
    interfaces->count = 0;
    if (getifaddrs(&first) != 0) {
        return;
    }
    for (const struct ifaddrs *at = first; at != NULL; at = at->ifa_next) {
        struct qn_net_address address;
        if (!read_address(&address, at->ifa_addr) || !is_chosen(choice, at)) {
            continue;
        }
        struct qn_lan_interface *interface = place_for(interfaces, at);
        if (interface == NULL) {
            continue;
        }
        add_prefix(interface, &address, at->ifa_netmask);
        if (may_speak(choice, interface, &address)) {
            take_address(interface, &address);
        }
    }
    freeifaddrs(first);
    drop_silent(interfaces);
}

const struct qn_lan_interface *qn_lan_interface_find(const struct qn_lan_interfaces *interfaces,
                                                     unsigned index)
{
    for (size_t i = 0; i < interfaces->count; i++) {
        if (interfaces->items[i].index == index) {
            return &interfaces->items[i];
        }
    }
    return NULL;
}

bool qn_lan_interface_has(const struct qn_lan_interface *interface,
                          const struct qn_net_address *address)
{
    for (size_t i = 0; i < interface->prefix_count; i++) {
        if (qn_net_prefix_contains(&interface->prefixes[i], address)) {
            return true;
        }
    }
    return false;
}
