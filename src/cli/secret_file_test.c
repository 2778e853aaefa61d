#include "cli/secret_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_SIZE = 256, SECRET_SIZE = 65 };

struct folder {
    char path[PATH_SIZE];
    char file[PATH_SIZE + 16];
    char why[QN_SECRET_WHY_SIZE];
    char text[SECRET_SIZE];
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    (void)snprintf(folder->path, sizeof folder->path, "/tmp/qnet-secret-XXXXXX");
    if (mkdtemp(folder->path) == NULL) {
        return -1;
    }
    (void)snprintf(folder->file, sizeof folder->file, "%s/key", folder->path);
    *state = folder;
    return 0;
}

static int drop_folder(void **state)
{
    struct folder *folder = *state;
    (void)unlink(folder->file);
    int result = rmdir(folder->path);
    free(folder);
    return result;
}

static void write_file(const struct folder *folder, const char *bytes, size_t len, mode_t mode)
{
    (void)unlink(folder->file);
    int fd = open(folder->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static enum qn_err read_file(struct folder *folder)
{
    memset(folder->text, 'x', sizeof folder->text);
    return qn_secret_file_read(folder->text, sizeof folder->text, folder->why, folder->file);
}

static void what_is_written_is_read_again_and_private(void **state)
{
    struct folder *folder = *state;
    struct stat about;

    assert_int_equal(qn_secret_file_write(folder->file, folder->why, "deadbeef"), QN_OK);
    assert_int_equal(stat(folder->file, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_int_equal(read_file(folder), QN_OK);
    assert_string_equal(folder->text, "deadbeef");
}

static void an_existing_file_is_never_replaced(void **state)
{
    struct folder *folder = *state;

    write_file(folder, "old\n", 4, 0600);
    assert_int_equal(qn_secret_file_write(folder->file, folder->why, "new"), QN_ERR_IO);
    assert_non_null(strstr(folder->why, "exists"));
    assert_int_equal(read_file(folder), QN_OK);
    assert_string_equal(folder->text, "old");
}

static void a_file_that_others_may_use_is_refused(void **state)
{
    struct folder *folder = *state;
    static const mode_t modes[] = {0644, 0640, 0604, 0660, 0610, 0602};

    for (size_t i = 0; i < QN_ARRAY_COUNT(modes); i++) {
        write_file(folder, "secret\n", 7, modes[i]);
        assert_int_equal(read_file(folder), QN_ERR_REFUSED);
        assert_non_null(strstr(folder->why, "chmod 600"));
        assert_null(strstr(folder->text, "secret"));
    }
    write_file(folder, "secret\n", 7, 0400);
    assert_int_equal(read_file(folder), QN_OK);
}

static void only_one_line_that_fits_is_taken(void **state)
{
    struct folder *folder = *state;
    char longest[SECRET_SIZE + 8];

    memset(longest, 'a', sizeof longest);
    write_file(folder, "a\nb\n", 4, 0600);
    assert_int_equal(read_file(folder), QN_ERR_MALFORMED);
    write_file(folder, "a\0b\n", 4, 0600);
    assert_int_equal(read_file(folder), QN_ERR_MALFORMED);
    write_file(folder, "", 0, 0600);
    assert_int_equal(read_file(folder), QN_ERR_MALFORMED);
    write_file(folder, "\n", 1, 0600);
    assert_int_equal(read_file(folder), QN_ERR_MALFORMED);
    write_file(folder, longest, SECRET_SIZE, 0600);
    assert_int_equal(read_file(folder), QN_ERR_TOO_BIG);
    assert_int_equal(folder->text[0], 0); /* wiped */
    write_file(folder, longest, SECRET_SIZE - 1, 0600);
    assert_int_equal(read_file(folder), QN_OK);
    assert_int_equal(strlen(folder->text), SECRET_SIZE - 1);
}

static void what_is_no_file_is_told_as_such(void **state)
{
    struct folder *folder = *state;
    char text[8];

    assert_int_equal(qn_secret_file_read(text, sizeof text, folder->why, "/nonexistent/file"),
                     QN_ERR_IO);
    assert_non_null(strstr(folder->why, "No such file"));
    assert_int_equal(qn_secret_file_read(text, sizeof text, folder->why, folder->path),
                     QN_ERR_REFUSED);
    assert_non_null(strstr(folder->why, "is not a file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_read_again_and_private, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(an_existing_file_is_never_replaced, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(a_file_that_others_may_use_is_refused, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(only_one_line_that_fits_is_taken, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_told_as_such, make_folder, drop_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
