// Records what a process does to the files below a folder: LD_PRELOAD it.
//
//   RECORDER_ROOT   the folder
//   RECORDER_LOG    the log, outside of the folder
//   RECORDER_BOOT   a file that is read in the place of /proc/sys/kernel/random/boot_id, so that a process started
//                   without this library believes that the machine has been restarted
//
// Calls that change something are made and noted under one lock: the log's order is the order in which they happened.
// A sync is noted when it begins and when it has ended, and is made without the lock: it promises what was there when
// it began. A record is a header of 32 bytes in the machine's byte order, followed by `length` bytes.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
  KIND_OPEN = 1,      // file; first: 1 if it was made; the path
  KIND_CLOSE,         // file
  KIND_DUP,           // file, first: the new one
  KIND_WRITE,         // file, first: offset; the bytes
  KIND_TRUNCATE,      // file, first: size
  KIND_GROW,          // file, first: size at least
  KIND_RENAME,        // the old path, a NUL, the new path
  KIND_UNLINK,        // the path
  KIND_MKDIR,         // the path
  KIND_SYNC_BEGIN,    // file, first: number of the sync
  KIND_SYNC_END,      // first: number of the sync
  KIND_SYNC_ALL_BEGIN // first: number of the sync
};

struct record {
  uint32_t kind;
  int32_t file;
  int64_t first;
  uint64_t length;
  uint64_t reserved;
};

#define FILES 65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX], boot[PATH_MAX];
static size_t root_length;
static int log_file = -1;
static char *paths[FILES];  // of files below the folder that are open
static _Atomic int64_t syncs;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
  void *function = dlsym(RTLD_NEXT, name);
  if (!function) abort();
  return function;
}

__attribute__((constructor)) static void begin(void) {
  const char *folder = getenv("RECORDER_ROOT"), *log = getenv("RECORDER_LOG"), *other = getenv("RECORDER_BOOT");
  if (!folder || !log) return;
  snprintf(boot, sizeof boot, "%s", other ? other : "");
  log_file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  // Far from the numbers that the process gets.
  int high = fcntl(log_file, F_DUPFD_CLOEXEC, 1000);
  if (high >= 0) {
    syscall(SYS_close, log_file);
    log_file = high;
  }
  snprintf(root, sizeof root, "%s", folder);
  root_length = strlen(root);
}

static void note(enum kind kind, int file, int64_t first, const struct iovec *parts, int count) {
  struct record record = {kind, file, first, 0, 0};
  struct iovec all[18];
  all[0] = (struct iovec){&record, sizeof record};
  if (count > 17) abort();
  for (int i = 0; i < count; i++) {
    all[i + 1] = parts[i];
    record.length += parts[i].iov_len;
  }
  ssize_t wanted = (ssize_t)(sizeof record + record.length);
  if (syscall(SYS_writev, log_file, all, count + 1) != wanted) abort();
}

static void note_path(enum kind kind, int file, int64_t first, const char *path) {
  struct iovec part = {(void *)path, strlen(path)};
  note(kind, file, first, &part, 1);
}

// The path below the folder, "" for the folder itself; NULL if it is elsewhere.
static const char *below(const char *path) {
  if (!root_length || strncmp(path, root, root_length)) return NULL;
  if (!path[root_length]) return "";
  return path[root_length] == '/' ? path + root_length + 1 : NULL;
}

static int is_tracked(int file) { return file >= 0 && file < FILES && paths[file]; }

// As `below`, of a path that is relative to an open folder.
static const char *resolve(int folder, const char *path, char *buffer) {
  if (path[0] == '/') return below(path);
  if (!is_tracked(folder)) return NULL;
  snprintf(buffer, PATH_MAX, "%s%s%s", paths[folder], paths[folder][0] ? "/" : "", path);
  return buffer;
}

static void forget(int file) {
  if (!is_tracked(file)) return;
  free(paths[file]);
  paths[file] = NULL;
}

// MARK: Opening

static int opened(int folder, const char *path, int flags, mode_t mode) {
  if (boot[0] && !strcmp(path, "/proc/sys/kernel/random/boot_id")) path = boot;
  char buffer[PATH_MAX];
  pthread_mutex_lock(&lock);
  const char *name = resolve(folder, path, buffer);
  int was_there = name && syscall(SYS_faccessat, folder, path, F_OK) == 0;
  int file = (int)syscall(SYS_openat, folder, path, flags, mode);
  int number = errno;
  if (name && file >= 0 && file < FILES) {
    forget(file);
    paths[file] = strdup(name);
    note_path(KIND_OPEN, file, !was_there, name);
    if (was_there && (flags & O_TRUNC)) note(KIND_TRUNCATE, file, 0, NULL, 0);
  }
  pthread_mutex_unlock(&lock);
  errno = number;
  return file;
}

#define MODE(flags, last)                       \
  mode_t mode = 0;                              \
  if ((flags) & (O_CREAT | O_TMPFILE)) {        \
    va_list arguments;                          \
    va_start(arguments, last);                  \
    mode = (mode_t)va_arg(arguments, int);      \
    va_end(arguments);                          \
  }

int open(const char *path, int flags, ...) {
  MODE(flags, flags)
  return opened(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  MODE(flags, flags)
  return opened(AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char *path, int flags, ...) {
  MODE(flags, flags)
  return opened(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
  MODE(flags, flags)
  return opened(folder, path, flags, mode);
}
int __open_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __openat_2(int folder, const char *path, int flags) { return opened(folder, path, flags, 0); }
int __openat64_2(int folder, const char *path, int flags) { return opened(folder, path, flags, 0); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }

int close(int file) {
  pthread_mutex_lock(&lock);
  if (is_tracked(file)) note(KIND_CLOSE, file, 0, NULL, 0);
  forget(file);
  int result = (int)syscall(SYS_close, file);
  pthread_mutex_unlock(&lock);
  return result;
}

static int duplicated(int file, int copy) {
  if (copy >= 0 && copy < FILES && copy != file) {
    if (is_tracked(copy)) note(KIND_CLOSE, copy, 0, NULL, 0);
    forget(copy);
    if (is_tracked(file)) {
      paths[copy] = strdup(paths[file]);
      note(KIND_DUP, file, copy, NULL, 0);
    }
  }
  return copy;
}

int dup(int file) {
  pthread_mutex_lock(&lock);
  int result = duplicated(file, (int)syscall(SYS_dup, file));
  pthread_mutex_unlock(&lock);
  return result;
}
int dup2(int file, int copy) {
  pthread_mutex_lock(&lock);
  int result = duplicated(file, REAL(dup2)(file, copy));
  pthread_mutex_unlock(&lock);
  return result;
}
int dup3(int file, int copy, int flags) {
  pthread_mutex_lock(&lock);
  int result = duplicated(file, (int)syscall(SYS_dup3, file, copy, flags));
  pthread_mutex_unlock(&lock);
  return result;
}

// MARK: Writing

static ssize_t written(int file, const struct iovec *parts, int count, int64_t offset) {
  // Most writes are to elsewhere, and may block.
  if (!is_tracked(file)) {
    return offset < 0 ? syscall(SYS_writev, file, parts, count) : syscall(SYS_pwritev, file, parts, count, offset, 0);
  }
  pthread_mutex_lock(&lock);
  ssize_t result =
    offset < 0 ? syscall(SYS_writev, file, parts, count) : syscall(SYS_pwritev, file, parts, count, offset, 0);
  int number = errno;
  if (result > 0 && is_tracked(file)) {
    int64_t start = offset < 0 ? lseek(file, 0, SEEK_CUR) - result : offset;
    for (int i = 0, done = 0; i < count && done < result; i++) {
      size_t length = parts[i].iov_len < (size_t)(result - done) ? parts[i].iov_len : (size_t)(result - done);
      struct iovec part = {parts[i].iov_base, length};
      if (length) note(KIND_WRITE, file, start + done, &part, 1);
      done += (int)length;
    }
  }
  pthread_mutex_unlock(&lock);
  errno = number;
  return result;
}

ssize_t write(int file, const void *bytes, size_t count) {
  if (!is_tracked(file)) return syscall(SYS_write, file, bytes, count);
  struct iovec part = {(void *)bytes, count};
  return written(file, &part, 1, -1);
}
ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  if (!is_tracked(file)) return syscall(SYS_pwrite64, file, bytes, count, offset);
  struct iovec part = {(void *)bytes, count};
  return written(file, &part, 1, offset);
}
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
  return pwrite(file, bytes, count, offset);
}
ssize_t writev(int file, const struct iovec *parts, int count) { return written(file, parts, count, -1); }
ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset) {
  return written(file, parts, count, offset);
}
ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t offset) {
  return written(file, parts, count, offset);
}

int ftruncate(int file, off_t size) {
  pthread_mutex_lock(&lock);
  int result = (int)syscall(SYS_ftruncate, file, size);
  if (result == 0 && is_tracked(file)) note(KIND_TRUNCATE, file, size, NULL, 0);
  pthread_mutex_unlock(&lock);
  return result;
}
int ftruncate64(int file, off64_t size) { return ftruncate(file, size); }

int fallocate(int file, int mode, off_t offset, off_t length) {
  pthread_mutex_lock(&lock);
  int result = (int)syscall(SYS_fallocate, file, mode, offset, length);
  // The repo's own files are only ever made larger this way.
  if (result == 0 && is_tracked(file)) {
    if (mode) abort();
    note(KIND_GROW, file, offset + length, NULL, 0);
  }
  pthread_mutex_unlock(&lock);
  return result;
}
int fallocate64(int file, int mode, off64_t offset, off64_t length) { return fallocate(file, mode, offset, length); }
int posix_fallocate(int file, off_t offset, off_t length) { return fallocate(file, 0, offset, length) ? errno : 0; }
int posix_fallocate64(int file, off64_t offset, off64_t length) { return posix_fallocate(file, offset, length); }

// MARK: Names

static int renamed(int folder, const char *path, int new_folder, const char *new_path, unsigned flags) {
  char buffer[PATH_MAX], new_buffer[PATH_MAX];
  pthread_mutex_lock(&lock);
  const char *name = resolve(folder, path, buffer), *new_name = resolve(new_folder, new_path, new_buffer);
  int result = (int)syscall(SYS_renameat2, folder, path, new_folder, new_path, flags);
  int number = errno;
  if (result == 0 && (name || new_name)) {
    // The repo moves nothing in or out, and exchanges nothing.
    if (!name || !new_name || flags) abort();
    struct iovec parts[] = {{(void *)name, strlen(name) + 1}, {(void *)new_name, strlen(new_name)}};
    note(KIND_RENAME, -1, 0, parts, 2);
  }
  pthread_mutex_unlock(&lock);
  errno = number;
  return result;
}

int rename(const char *path, const char *new_path) { return renamed(AT_FDCWD, path, AT_FDCWD, new_path, 0); }
int renameat(int folder, const char *path, int new_folder, const char *new_path) {
  return renamed(folder, path, new_folder, new_path, 0);
}
int renameat2(int folder, const char *path, int new_folder, const char *new_path, unsigned flags) {
  return renamed(folder, path, new_folder, new_path, flags);
}

static int removed(int folder, const char *path, int flags) {
  char buffer[PATH_MAX];
  pthread_mutex_lock(&lock);
  const char *name = resolve(folder, path, buffer);
  int result = (int)syscall(SYS_unlinkat, folder, path, flags);
  int number = errno;
  if (result == 0 && name) note_path(KIND_UNLINK, -1, 0, name);
  pthread_mutex_unlock(&lock);
  errno = number;
  return result;
}

int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return removed(folder, path, flags); }
int rmdir(const char *path) { return removed(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
  int result = removed(AT_FDCWD, path, 0);
  return result && errno == EISDIR ? removed(AT_FDCWD, path, AT_REMOVEDIR) : result;
}

static int made(int folder, const char *path, mode_t mode) {
  char buffer[PATH_MAX];
  pthread_mutex_lock(&lock);
  const char *name = resolve(folder, path, buffer);
  int result = (int)syscall(SYS_mkdirat, folder, path, mode);
  int number = errno;
  if (result == 0 && name) note_path(KIND_MKDIR, -1, 0, name);
  pthread_mutex_unlock(&lock);
  errno = number;
  return result;
}

int mkdir(const char *path, mode_t mode) { return made(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { return made(folder, path, mode); }

// MARK: Syncs

static int synced(int file, long call, enum kind kind) {
  int64_t number = atomic_fetch_add(&syncs, 1);
  pthread_mutex_lock(&lock);
  int counts = is_tracked(file);
  if (counts) note(kind, file, number, NULL, 0);
  pthread_mutex_unlock(&lock);
  int result = (int)syscall(call, file);
  int error = errno;
  if (counts && result == 0) {
    pthread_mutex_lock(&lock);
    note(KIND_SYNC_END, -1, number, NULL, 0);
    pthread_mutex_unlock(&lock);
  }
  errno = error;
  return result;
}

int fsync(int file) { return synced(file, SYS_fsync, KIND_SYNC_BEGIN); }
int fdatasync(int file) { return synced(file, SYS_fdatasync, KIND_SYNC_BEGIN); }
int syncfs(int file) { return synced(file, SYS_syncfs, KIND_SYNC_ALL_BEGIN); }
