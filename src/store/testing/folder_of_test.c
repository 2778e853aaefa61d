#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */

#include "store/testing/folder_of_test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int qn_test_folder_make(char folder[QN_TEST_FOLDER_SIZE])
{
    (void)snprintf(folder, QN_TEST_FOLDER_SIZE, "%s/qnet-store-test-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

int qn_test_folder_remove(const char *folder)
{
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
