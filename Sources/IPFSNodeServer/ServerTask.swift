package import Logging
import ServiceLifecycle

/// A server that runs beside other things of a process, until it is stopped.
package final class ServerTask: Sendable {
  /// Where it listens, with the real ports.
  package let addresses: [RPCServer.Configuration.Address]
  private let group: ServiceGroup
  private let task: Task<Void, any Error>

  /// How long running requests may go on once it is stopped, in seconds.
  private static let patience = 5

  private init(
    _ addresses: [RPCServer.Configuration.Address], _ group: ServiceGroup, _ task: Task<Void, any Error>
  ) {
    self.addresses = addresses
    self.group = group
    self.task = task
  }

  /// Starts a server, and returns once it listens.
  ///
  /// - Parameter endsOnRequest: Whether the command `shutdown` ends it.
  /// - Throws: For an address that cannot be listened at.
  package static func start(
    _ configuration: RPCServer.Configuration, service: RPCService, logger: Logger, endsOnRequest: Bool = false
  ) async throws -> ServerTask {
    let (stream, ready) = AsyncThrowingStream.makeStream(of: [RPCServer.Configuration.Address].self)
    let server = RPCServer(configuration, service: service, logger: logger) { ready.yield($0) }
    var options = ServiceGroupConfiguration(services: [.init(service: server)], logger: logger)
    options.maximumGracefulShutdownDuration = .seconds(patience)
    let group = ServiceGroup(configuration: options)
    if endsOnRequest {
      service.services.shutdown.accept { Task { await group.triggerGracefulShutdown() } }
    }
    let task = Task {
      do {
        try await group.run()
        ready.finish()
      } catch {
        ready.finish(throwing: error)
        throw error
      }
    }
    for try await addresses in stream { return ServerTask(addresses, group, task) }
    throw CancellationError()
  }

  /// Stops listening, lets running requests end for a while, and returns when all of them have.
  package func stop() async {
    await group.triggerGracefulShutdown()
    try? await task.value
  }

  /// Returns when the server has ended: by an error, by `shutdown`, or because it was stopped.
  package func wait() async throws {
    try await task.value
  }
}
