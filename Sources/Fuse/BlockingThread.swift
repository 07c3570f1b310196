internal import Glibc

/// A thread for calls that block, which must not run on Swift's cooperative threads.
struct BlockingThread: Sendable {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private let identifier: pthread_t

  /// Starts the thread. It has the signal mask of the thread that makes it.
  /// - Throws: EAGAIN if there are too many threads.
  init(_ run: @escaping @Sendable () -> Void) throws(Errno) {
    var identifier = pthread_t()
    let body = Unmanaged.passRetained(Body(run))
    let result = pthread_create(
      &identifier, nil,
      { argument in
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, body.toOpaque())
    guard result == 0 else {
      body.release()
      throw Errno(rawValue: result)
    }
    self.identifier = identifier
  }

  /// Waits for the thread's end and frees it. To be called once.
  func join() {
    pthread_join(identifier, nil)
  }

  /// Sends the thread a signal. It must not have been joined.
  func signal(_ number: Int32) {
    pthread_kill(identifier, number)
  }
}

/// A counting semaphore, for threads that are allowed to block.
final class Semaphore: @unchecked Sendable {
  // sem_t is made for concurrent use; the pointer never changes.
  private let pointer = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() {
    sem_init(pointer, 0, 0)
  }

  deinit {
    sem_destroy(pointer)
    pointer.deallocate()
  }

  func signal() {
    sem_post(pointer)
  }

  func wait() {
    while sem_wait(pointer) != 0 {}
  }
}
