// own_machine.c - getifaddrs, and the session name of an instance's role.
#include "run/own_machine.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

#include "base/text.h"

static bool is_own_alone(const struct sockaddr *a, char text[INET6_ADDRSTRLEN]) {
    if (a->sa_family == AF_INET) {
        const struct in_addr *v4 = &((const struct sockaddr_in *)(const void *)a)->sin_addr;
        uint32_t bits = ntohl(v4->s_addr);
        bool loopback = bits >> 24 == 127, link = bits >> 16 == 0xa9fe;
        return !loopback && !link && inet_ntop(AF_INET, v4, text, INET6_ADDRSTRLEN);
    }
    if (a->sa_family != AF_INET6) return false;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
    return !IN6_IS_ADDR_LOOPBACK(v6) && !IN6_IS_ADDR_LINKLOCAL(v6) &&
           inet_ntop(AF_INET6, v6, text, INET6_ADDRSTRLEN);
}

struct val *own_addresses(void) {
    struct ifaddrs *list;
    struct val *found = val_map();
    if (!found || getifaddrs(&list) != 0) return found;
    bool ok = true;
    for (const struct ifaddrs *i = list; ok && i; i = i->ifa_next) {
        char text[INET6_ADDRSTRLEN];
        if (i->ifa_addr && is_own_alone(i->ifa_addr, text)) ok = val_set(found, text, val_bool(true));
    }
    freeifaddrs(list);
    if (ok) return found;
    val_unref(found);
    return NULL;
}

// Every member of an Instance that holds an address, at any depth.
static bool is_address_member(const char *key) {
    static const char *const keys[] = {"PrivateIpAddress", "PublicIpAddress", "PublicIp",
                                       "Ipv6Address", "CarrierIp"};
    for (size_t i = 0; key && i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0) return true;
    return false;
}

const char *own_address_of(const struct val *addresses, const struct val *instance) {
    for (size_t i = 0; i < val_count(instance); i++) {
        const struct val *item = val_at(instance, i);
        const char *text = val_as_str(item, NULL);
        if (text && is_address_member(val_key_at(instance, i)) && val_get(addresses, text)) return text;
        const char *inside = text ? NULL : own_address_of(addresses, item);
        if (inside) return inside;
    }
    return NULL;
}

const char *own_instance(const char *arn) {
    const char *session = strstr(arn, ":assumed-role/") ? strrchr(arn, '/') : NULL;
    return session && text_starts(session, "/i-") ? session + 1 : NULL;
}
