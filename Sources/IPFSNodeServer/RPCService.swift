/// Carries out requests: finds the command, reads what it was called with, and sends what it replies.
///
/// The one way in: HTTP and the transport within the process differ in their ``ReplySink`` alone.
package struct RPCService: Sendable {
  /// What the commands work with.
  package let services: Services
  /// Who may do what.
  private let access: AccessRules

  /// Serves a node.
  package init(_ services: Services, access: AccessRules = AccessRules()) {
    self.services = services
    self.access = access
  }

  /// Whether a command may last long without sending anything.
  package func isLasting(_ command: String) -> Bool { services.table[command]?.isLasting == true }

  /// Carries out a request.
  ///
  /// - Throws: What the sink throws: the caller hung up.
  package func respond(to request: RPCRequest, through sink: any ReplySink) async throws {
    let reply = Reply(to: sink, headers: access.headers(for: request))
    do {
      if request.method == "OPTIONS", !request.isTrusted {
        try access.check(request)
        return try await reply.allowCalls()
      }
      try await run(request, reply)
    } catch let error as HungUp {
      throw error
    } catch {
      return try await reply.fail(RPCError(error))
    }
    try await reply.finish()
  }

  private func run(_ request: RPCRequest, _ reply: Reply) async throws {
    if !request.isTrusted { try access.check(request) }
    guard request.method == "POST" else { throw RPCError.methodNotAllowed }
    guard let command = services.table[request.command] else { throw RPCError.notFound }
    let files = RequestFiles(request)
    var arguments = try Call.arguments(request.query, of: command)
    let options = try Call.Options(request.query, of: command)
    if let last = command.arguments.last, last.readsBody, arguments.count < command.arguments.count, files.isThere {
      arguments += try await Self.lines(of: files)
    }
    let call = Call(
      services: services, command: command, arguments: arguments, options: options, files: files, reply: reply,
      isOwner: request.isTrusted)
    try call.checkArguments()
    let number = services.requests.begin(command.name, arguments, request.query)
    defer { services.requests.end(number) }
    guard let seconds = try call.timeout() else { return try await command.body(call) }
    try await Self.withDeadline(seconds) { try await command.body(call) }
  }

  /// Arguments that come in the body, one in a line.
  private static func lines(of files: RequestFiles) async throws -> [String] {
    guard try await files.next() != nil else { return [] }
    let text = String(decoding: try await files.readAll(limit: 16 << 20), as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).map(String.init)
  }

  /// Runs `body`, and cancels it after some time.
  ///
  /// - Throws: `context deadline exceeded`, whatever `body` throws then.
  private static func withDeadline(_ seconds: Double, _ body: @escaping @Sendable () async throws -> Void) async throws
  {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await body()
        return true
      }
      group.addTask {
        try await Task.sleep(for: .seconds(min(seconds, 1e9)))
        return false
      }
      defer { group.cancelAll() }
      guard try await group.next() == true else {
        group.cancelAll()
        // It must have let go of the reply before the error is sent.
        while (try? await group.next()) != nil {}
        throw RPCError.deadlineExceeded
      }
    }
  }
}

/// Who called does not listen any more.
package struct HungUp: Error {
  /// Makes one.
  package init() {}
}
