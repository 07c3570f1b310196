#pragma once

// What the Glibc module leaves out, for it is built without _GNU_SOURCE.

// As in CFuse3: the C library's types are to be Swift's.
#if __has_feature(modules)
#pragma clang module import SwiftGlibc
#endif

#include <fcntl.h>

// `O_DIRECT`, which has another value on each architecture.
static const int swipfs_O_DIRECT = __O_DIRECT;

int syncfs(int fd);
int sync_file_range(int fd, long offset, long count, unsigned flags);
int fallocate(int fd, int mode, long offset, long length);
long copy_file_range(int source, long *offset, int target, long *target_offset, unsigned long length, unsigned flags);
int renameat2(int folder, const char *name, int new_folder, const char *new_name, unsigned flags);
int pipe2(int ends[2], int flags);
int pidfd_open(int process, unsigned flags);
