// Lets libfuse end its threads under the thread sanitizer.
//
// libfuse cancels the threads that wait for requests. The sanitizer stands around their `read`, is not told that it will
// not return, and ends the process when the thread does. A signal does the same for it: the read is interrupted, and
// libfuse looks whether the session has ended.

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

int pthread_cancel(pthread_t thread) {
  // A signal between that look and the next read is lost, hence the repetition. A session takes SIGURG to interrupt
  // calls; elsewhere it is ignored.
  for (int i = 0; i < 5; i++) {
    if (pthread_kill(thread, SIGURG)) break;
    usleep(1000);
  }
  return 0;
}
