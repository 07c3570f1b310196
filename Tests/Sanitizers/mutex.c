// Tells the thread sanitizer about Swift's Mutex.
//
// On Linux a Mutex that is free is taken by an atomic operation in the caller's own, instrumented code. One that is held
// is waited for in the Synchronization library, which is not instrumented: the sanitizer does not learn that the lock
// was handed over, and takes all that it guards for a race. This library stands before that one, calls it, and says so.
//
// scripts/test builds it and preloads it. In a process without the sanitizer it does nothing but pass calls on.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

// Synchronization._MutexHandle._lockSlow(Swift.UInt32) -> ()
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
SWIFT void lock_slow(uint32_t thread, SELF) __asm__(LOCK);
SWIFT void lock_slow(uint32_t thread, SELF) {
  SWIFT void (*lock)(uint32_t, SELF) = next(LOCK);
  lock(thread, self);
  if (__tsan_acquire) __tsan_acquire(self);
}

// Synchronization._MutexHandle._tryLockSlow() -> Swift.Bool
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
SWIFT bool try_lock_slow(SELF) __asm__(TRY_LOCK);
SWIFT bool try_lock_slow(SELF) {
  SWIFT bool (*try_lock)(SELF) = next(TRY_LOCK);
  bool locked = try_lock(self);
  if (locked && __tsan_acquire) __tsan_acquire(self);
  return locked;
}

// Synchronization._MutexHandle._unlockSlow() -> ()
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
SWIFT void unlock_slow(SELF) __asm__(UNLOCK);
SWIFT void unlock_slow(SELF) {
  SWIFT void (*unlock)(SELF) = next(UNLOCK);
  if (__tsan_release) __tsan_release(self);
  unlock(self);
}
