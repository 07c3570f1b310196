import ArgumentParser
import IPFSClient
import IPFSMount
import Multiformats

/// A command that works on a node.
protocol NodeCommand: AsyncParsableCommand {
  /// Which node.
  var node: NodeOptions { get }

  /// Does it.
  func perform(_ session: Session) async throws
}

extension NodeCommand {
  func run() async throws {
    try await Session.run(node) { try await perform($0) }
  }
}

/// What a command on a node works with.
struct Session: Sendable {
  /// The node.
  let client: Client
  /// Which node it is.
  let place: NodePlace
  /// How CIDs are written; nil for their usual form.
  private let base: Multibase?

  /// Runs `body` with the node that the options name, and lets go of it whatever happens.
  static func run(_ options: NodeOptions, _ body: (Session) async throws -> Void) async throws {
    Interruption.watch()
    do {
      try await runWatched(options, body)
    } catch {
      // Layers below have errors of their own for a call that was cancelled, which tell nobody anything.
      throw Interruption.isAsked ? CancellationError() : error
    }
  }

  private static func runWatched(_ options: NodeOptions, _ body: (Session) async throws -> Void) async throws {
    let base = try options.base()
    _ = try options.timeouts()
    let connection = try await NodeConnection.open(options)
    var failure: (any Error)?
    do {
      try await body(Session(client: connection.client, place: connection.place, base: base))
      try Output.flush()
    } catch {
      failure = connection.failure(of: error)
    }
    Terminal.clearStatus()
    do {
      try await connection.close()
    } catch {
      failure = failure ?? CommandError(.repo, "\(error)")
    }
    if let failure {
      // What came before it is not lost.
      if !(failure is Output.Closed) { try? Output.flush() }
      throw failure
    }
  }

  /// A CID as the options want it written.
  func text(_ cid: CID) -> String {
    guard let base else { return cid.description }
    guard cid.version == .v0 else { return cid.text(in: base) }
    // Version 0 has one form only.
    guard base != .base58btc, let upgraded = try? CID(version: .v1, codec: cid.codec, multihash: cid.multihash)
    else { return cid.description }
    return upgraded.text(in: base)
  }

  /// A CID as a value of JSON.
  func field(_ cid: CID?) -> JSONField { JSONField(cid.map(text)) }
}
