#include "api/host_header.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

bool qn_api_host_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (strcasecmp(host, "localhost") == 0) {
        return true;
    }
    if (inet_pton(AF_INET, host, &v4) == 1) {
        return (ntohl(v4.s_addr) >> 24) == 127;
    }
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* "host", "host:port" or "[v6]:port" to the host alone. */
static bool split_host(char host[QN_HOST_LEN_MAX + 1], const char *header)
{
    const char *begin = header;
    size_t len;

    if (header[0] == '[') {
        begin++;
        len = strcspn(begin, "]");
        if (begin[len] != ']') {
            return false;
        }
    } else {
        len = strcspn(begin, ":");
    }
    const char *port = begin + len + (header[0] == '[' ? 1 : 0);
    if (len == 0 || len > QN_HOST_LEN_MAX || (*port != '\0' && *port != ':') ||
        (*port == ':' && strspn(port + 1, "0123456789") != strlen(port + 1))) {
        return false;
    }
    memcpy(host, begin, len);
    host[len] = '\0';
    return true;
}

bool qn_api_host_is_allowed(const char *header, const struct qn_endpoint *listen)
{
    char host[QN_HOST_LEN_MAX + 1];

    if (!qn_api_host_is_loopback(listen->host)) {
        return true;
    }
    if (header == NULL || !split_host(host, header)) {
        return false;
    }
    return qn_api_host_is_loopback(host) || strcasecmp(host, listen->host) == 0;
}
