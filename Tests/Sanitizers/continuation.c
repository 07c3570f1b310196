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

// What of a task and of a continuation the library reads here, from swiftlang/swift: include/swift/ABI/Task.h.
struct continuation;
typedef ASYNC void function(__attribute__((swift_async_context)) struct continuation *);
struct continuation {
  struct continuation *parent;
  function *resume;
};
struct task {
  void *job[7];
  // Where it goes on: the continuation's function, from when the continuation is made until the task is resumed.
  function *resume;
};

SWIFT struct task *swift_task_getCurrent(void) __attribute__((weak));

// Where a task goes on that did not suspend.
ASYNC static void resumed(__attribute__((swift_async_context)) struct continuation *continuation) {
  struct task *task = swift_task_getCurrent();
  __tsan_acquire(task);
  return task->resume(continuation);
}

ASYNC void swift_continuation_await(struct continuation *continuation) {
  ASYNC void (*await)(struct continuation *) = next("swift_continuation_await");
  // Whether it is resumed is known to nobody before the library looks, and to the library alone after it.
  if (__tsan_acquire && swift_task_getCurrent && swift_task_getCurrent()->resume == continuation->resume) {
    continuation->resume = resumed;
  }
  return await(continuation);
}
