internal import CFuse3
internal import Synchronization

/// One request of the kernel while it is worked on: makes its task cancellable by an interrupt, and known to the
/// dispatcher, but only if it suspends.
///
/// The usual request is answered before the callback returns and pays for no more than this object. For one that is not,
/// ``track(_:)`` runs while the operation may finish on another thread; libfuse frees its request with the answer, so
/// the lock orders the two. The lock guards the state; the dispatcher's lock and the library's are taken inside it.
package final class Request: @unchecked Sendable {
  /// Who waits for the answer.
  package enum Audience {
    /// A caller, who may lose patience.
    case caller
    /// Nobody: the kernel sent the request after the last close.
    case nobody
  }

  private struct State {
    var isAnswered = false
    var hasEnded = false
    var isTracked = false
    var isInterruptible = false
  }

  /// The library's request, valid until it is answered.
  let raw: fuse_req_t
  let dispatcher: Dispatcher
  let audience: Audience
  private let state = Mutex(State())
  /// Written once, before anybody else is told of this request.
  private(set) var task: Task<Void, Never>?

  init(_ raw: fuse_req_t, _ dispatcher: Dispatcher, _ audience: Audience) {
    self.raw = raw
    self.audience = audience
    self.dispatcher = dispatcher
  }

  /// Called in the callback after the operation has returned or suspended for the first time.
  func track(_ task: Task<Void, Never>) {
    state.withLock { state in
      if state.hasEnded { return }
      self.task = task
      state.isTracked = true
      dispatcher.insert(self)
      if state.isAnswered { return }
      state.isInterruptible = true
      // If the interrupt came already, the function is called in here: it must not take the lock. It needs no reference
      // of its own, since `willAnswer` takes it back.
      fuse_req_interrupt_func(
        raw,
        { _, request in
          guard let request else { return }
          Unmanaged<Request>.fromOpaque(request).takeUnretainedValue().task?.cancel()
        }, Unmanaged.passUnretained(self).toOpaque())
    }
  }

  /// Called right before the answer is sent. When it returns, no interrupt can come any more, nor is one under way.
  func willAnswer() {
    let isInterruptible = state.withLock { state in
      state.isAnswered = true
      return state.isInterruptible
    }
    if isInterruptible { fuse_req_interrupt_func(raw, nil, nil) }
  }

  /// Called as the last thing of the task.
  func end() {
    let isTracked = state.withLock { state in
      state.hasEnded = true
      return state.isTracked
    }
    if isTracked { dispatcher.remove(self) }
  }
}
