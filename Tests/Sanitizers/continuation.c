// Tells the thread sanitizer about continuations of Swift that are resumed before they are waited for.
//
// A task that waits for a continuation goes on through the concurrency library, which tells the sanitizer so. One that
// finds it resumed already just goes on: the sanitizer does not learn that what the other thread made before it resumed
// the continuation is there. This library stands before that one, calls it, and says so.
//
// scripts/test builds it and preloads it. In a process without the sanitizer it does nothing but pass calls on.

#define _GNU_SOURCE
#include <dlfcn.h>

extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

#define SWIFT __attribute__((swiftcall))
#define ASYNC __attribute__((swiftasynccall))

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

static void release(void *task) {
  if (__tsan_release) __tsan_release(task);
}

SWIFT void swift_continuation_resume(void *task) {
  SWIFT void (*resume)(void *) = next("swift_continuation_resume");
  release(task);
  resume(task);
}

SWIFT void swift_continuation_throwingResume(void *task) {
  SWIFT void (*resume)(void *) = next("swift_continuation_throwingResume");
  release(task);
  resume(task);
}

SWIFT void swift_continuation_throwingResumeWithError(void *task, void *error) {
  SWIFT void (*resume)(void *, void *) = next("swift_continuation_throwingResumeWithError");
  release(task);
  resume(task, error);
}

SWIFT void *swift_task_getCurrent(void) __attribute__((weak));

ASYNC void swift_continuation_await(void *continuation) {
  ASYNC void (*await)(void *) = next("swift_continuation_await");
  if (__tsan_acquire && swift_task_getCurrent) __tsan_acquire(swift_task_getCurrent());
  return await(continuation);
}
