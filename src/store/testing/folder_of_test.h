/* A folder of a test's own, removed with all that is in it. */
#ifndef QN_STORE_TESTING_FOLDER_OF_TEST_H
#define QN_STORE_TESTING_FOLDER_OF_TEST_H

enum { QN_TEST_FOLDER_SIZE = 64 };

/* Makes one, in memory if there is such a place: what is tested is not the disk. 0, or -1 and errno. */
int qn_test_folder_make(char folder[QN_TEST_FOLDER_SIZE]);
int qn_test_folder_remove(const char *folder);

#endif
