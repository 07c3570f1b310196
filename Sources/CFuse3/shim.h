// libfuse's low-level API for Swift: the headers at one API version, and inline functions for what the importer
// cannot see (function-like macros, functions that newer headers turn into macros, fork).
#pragma once

#define FUSE_USE_VERSION 312

// The C library's types are to be Swift's, also in modules that only see this one through Fuse: without this, `struct
// stat` would count as declared here, and its members be unknown to who imports Glibc alone.
#if __has_feature(modules)
#pragma clang module import SwiftGlibc
#endif

#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

/// `FUSE_ARGS_INIT`: a macro with a compound initialiser.
static inline struct fuse_args cfuse_args(int count, char **values) {
  struct fuse_args arguments = FUSE_ARGS_INIT(count, values);
  return arguments;
}

/// `fuse_session_new`: a macro in newer headers.
static inline struct fuse_session *cfuse_session_new(
    struct fuse_args *arguments, const struct fuse_lowlevel_ops *operations, void *userdata) {
  return fuse_session_new(arguments, operations, sizeof(*operations), userdata);
}

/// `fuse_session_loop_mt`: a macro where the library has no versioned symbols.
static inline int cfuse_session_loop_mt(struct fuse_session *session, struct fuse_loop_config *config) {
  return fuse_session_loop_mt(session, config);
}

/// The device read of `fuse_custom_io`. It is C because libfuse cancels its workers inside it, and a cancellation
/// unwinds the stack, which Swift frames do not support.
static inline ssize_t cfuse_read(int descriptor, void *buffer, size_t size, void *userdata) {
  (void)userdata;
  return read(descriptor, buffer, size);
}

/// Constants that the importer does not see: macros that name an enumerator, and (with the values of the kernel's ABI)
/// what the C library has only with _GNU_SOURCE.
static const int cfuse_xattr_create = XATTR_CREATE;
static const int cfuse_xattr_replace = XATTR_REPLACE;
static const int cfuse_o_direct = __O_DIRECT;
static const int cfuse_seek_data = 3;
static const int cfuse_seek_hole = 4;

/// `syncfs`, which the C library declares only with _GNU_SOURCE.
static inline int cfuse_syncfs(int descriptor) { return (int)syscall(SYS_syncfs, descriptor); }

/// `fork`, which Swift does not import: only safe while the process has one thread.
static inline pid_t cfuse_fork(void) { return fork(); }

/// Gives a signal a handler that does nothing and does not restart system calls, so that sending it ends a wait.
static inline void cfuse_ignore(int signal_number) { (void)signal_number; }
static inline int cfuse_interrupt_calls_on(int signal_number) {
  struct sigaction action = {0};
  action.sa_handler = cfuse_ignore;
  sigemptyset(&action.sa_mask);
  return sigaction(signal_number, &action, NULL);
}

/// Has a signal write its number, as one byte, into a pipe. It is C because a handler must not run anything of Swift's
/// runtime. The descriptor belongs to the one source file that calls this: each compiled file has statics of its own.
static int cfuse_signal_pipe = -1;
static inline void cfuse_write_signal(int signal_number) {
  int saved_errno = errno;
  unsigned char byte = (unsigned char)signal_number;
  ssize_t ignored = write(cfuse_signal_pipe, &byte, 1);
  (void)ignored;
  errno = saved_errno;
}
static inline int cfuse_forward_signal(int signal_number, int descriptor) {
  struct sigaction action = {0};
  cfuse_signal_pipe = descriptor;
  action.sa_handler = cfuse_write_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  return sigaction(signal_number, &action, NULL);
}
