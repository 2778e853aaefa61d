#include "qnet/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void the_library_and_its_header_agree(void **state)
{
    char text[32];
    (void)state;
    (void)snprintf(text, sizeof text, "%d.%d.%d", QNET_VERSION_MAJOR, QNET_VERSION_MINOR,
                   QNET_VERSION_PATCH);
    assert_string_equal(qnet_version(), text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_and_its_header_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
