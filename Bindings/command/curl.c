/* libcurl as the machine has it, looked for when it is first called. Foundation's downloads are linked with this, so that a
 * command that is copied from machine to machine neither brings a libcurl of its own, with all that it needs and its own idea of
 * where certificates are, nor fails to start where there is none.
 *
 * Arguments and results are integers and pointers alone: on Linux, on x86-64 and aarch64, up to six of them go the same way
 * whatever their types and number.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef long (*function)(long, ...);

static function find(const char *name) {
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl-nss.so.4"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        void *found = library ? dlsym(library, name) : NULL;
        if (found) return (function)found;
    }
    fputs("l2o: downloads need libcurl.so.4, which this machine lacks; install curl, or fetch the files yourself\n", stderr);
    exit(1);
}

#define FUNCTION(name)                                                             \
    long name(long a, long b, long c, long d, long e, long f) {                    \
        static function known;                                                     \
        function called = __atomic_load_n(&known, __ATOMIC_ACQUIRE);               \
        if (!called) __atomic_store_n(&known, called = find(#name), __ATOMIC_RELEASE); \
        return called(a, b, c, d, e, f);                                           \
    }

FUNCTION(curl_easy_cleanup)
FUNCTION(curl_easy_getinfo)
FUNCTION(curl_easy_init)
FUNCTION(curl_easy_pause)
FUNCTION(curl_easy_setopt)
FUNCTION(curl_easy_strerror)
FUNCTION(curl_free)
FUNCTION(curl_global_init)
FUNCTION(curl_multi_add_handle)
FUNCTION(curl_multi_assign)
FUNCTION(curl_multi_cleanup)
FUNCTION(curl_multi_info_read)
FUNCTION(curl_multi_init)
FUNCTION(curl_multi_remove_handle)
FUNCTION(curl_multi_setopt)
FUNCTION(curl_multi_socket_action)
FUNCTION(curl_slist_append)
FUNCTION(curl_slist_free_all)
FUNCTION(curl_url)
FUNCTION(curl_url_get)
FUNCTION(curl_url_set)
FUNCTION(curl_version)
FUNCTION(curl_version_info)
