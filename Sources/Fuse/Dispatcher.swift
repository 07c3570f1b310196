package import CFuse3
internal import Logging
internal import Synchronization

/// What libfuse's callbacks find behind their userdata: the operations, and the requests that have suspended.
///
/// The lock guards the suspended requests; nothing is called while it is held. A request's own lock comes before it.
package final class Dispatcher: Sendable {
  let operations: any FuseOperations
  let configuration: SessionConfiguration
  let logger: Logger
  let buffers: BufferPool
  let startup = Startup()
  private let suspended = Mutex<[ObjectIdentifier: Request]>([:])

  init(operations: any FuseOperations, configuration: SessionConfiguration, logger: Logger) {
    self.operations = operations
    self.configuration = configuration
    self.logger = logger
    buffers = BufferPool(largest: configuration.maximumTransfer)
  }

  /// The dispatcher of a request.
  @inline(__always)
  static func of(_ raw: fuse_req_t) -> Dispatcher {
    Unmanaged<Dispatcher>.fromOpaque(fuse_req_userdata(raw)).takeUnretainedValue()
  }

  /// Works on a request, on this thread until the first suspension, and answers with what the operation gave.
  @inline(__always)
  package static func start<Value>(
    _ raw: fuse_req_t, for audience: Request.Audience = .caller,
    _ operation: @escaping @Sendable (any FuseOperations, RequestContext) async throws(Errno) -> Value,
    answer: @escaping @Sendable (consuming Reply, Value) -> Void
  ) {
    let dispatcher = Dispatcher.of(raw)
    let request = Request(raw, dispatcher, audience)
    let context = RequestContext(raw)
    let task = Task.immediate {
      let reply = Reply(request)
      do throws(Errno) {
        let value = try await operation(dispatcher.operations, context)
        answer(reply, value)
      } catch {
        reply.error(error)
      }
      request.end()
    }
    request.track(task)
  }

  /// As ``start(_:_:answer:)``, for operations that give the kernel something which it has to return: where the answer
  /// comes to nobody, because the caller was killed meanwhile, it is taken back.
  /// - Parameter answer: Tells what libfuse does: 0 if the answer arrived.
  @inline(__always)
  static func start<Value: Sendable>(
    _ raw: fuse_req_t,
    _ operation: @escaping @Sendable (any FuseOperations, RequestContext) async throws(Errno) -> Value,
    answer: @escaping @Sendable (consuming Reply, Value) -> Int32,
    takeBack: @escaping @Sendable (any FuseOperations, Value) async -> Void
  ) {
    let dispatcher = Dispatcher.of(raw)
    let request = Request(raw, dispatcher, .caller)
    let context = RequestContext(raw)
    let task = Task.immediate {
      let reply = Reply(request)
      do throws(Errno) {
        let value = try await operation(dispatcher.operations, context)
        if answer(reply, value) != 0 { await takeBack(dispatcher.operations, value) }
      } catch {
        reply.error(error)
      }
      request.end()
    }
    request.track(task)
  }

  func insert(_ request: Request) {
    suspended.withLock { $0[ObjectIdentifier(request)] = request }
  }

  func remove(_ request: Request) {
    _ = suspended.withLock { $0.removeValue(forKey: ObjectIdentifier(request)) }
  }

  /// Waits for the tasks of suspended requests; if some take longer than `grace`, cancels those that a caller waits for
  /// and calls `whenLate`. What nobody waits for, as the work after a last close, is not cut short. To be called when no
  /// new requests can come.
  func drain(grace: Duration, whenLate: @escaping @Sendable () -> Void) async {
    let requests = suspended.withLock { Array($0.values) }
    if requests.isEmpty { return }
    let canceller = Task {
      // Woken early by its own cancellation it has nothing to do.
      guard (try? await Task.sleep(for: grace)) != nil else { return }
      for request in requests where request.audience == .caller { request.task?.cancel() }
      whenLate()
    }
    for request in requests { await request.task?.value }
    canceller.cancel()
  }
}
