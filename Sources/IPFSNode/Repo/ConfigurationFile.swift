internal import Foundation
internal import Glibc
internal import Synchronization

/// The repo's file `config`: JSON with Kubo's keys.
///
/// It is read anew each time, for people edit it; what is not known here stays in it. A change is there whole or not
/// at all, and has survived a power cut when it returns. The lock makes changes one after another.
public final class ConfigurationFile: Sendable {
  private let repo: Repo
  private let changing = Mutex(())

  init(_ repo: Repo) {
    self.repo = repo
  }

  /// All of it.
  ///
  /// - Throws: `unusableRepo` for a file that cannot be read or is no JSON object.
  public func contents() throws(NodeError) -> ConfigurationValue {
    let json = try bytes()
    if let value = try? ConfigurationValue(json: json), case .object = value { return value }
    throw NodeError(.unusableRepo, "the configuration \(repo.configuration) is no JSON object")
  }

  private func bytes() throws(NodeError) -> [UInt8] {
    do {
      return Array(try Data(contentsOf: URL(fileURLWithPath: repo.configuration)))
    } catch {
      throw NodeError(.unusableRepo, "cannot read the configuration \(repo.configuration)", cause: error)
    }
  }

  /// The value of a key, such as `Addresses.API`.
  ///
  /// - Throws: `notFound` naming how far the key is there, `invalid` for a name in what is no object; `unusableRepo`.
  public func value(at key: String) throws(NodeError) -> ConfigurationValue {
    try contents().value(at: key)
  }

  /// Sets the value of a key. Objects on the way that are not there are made.
  ///
  /// - Throws: `notFound` for a key that configurations do not have, `invalid` for a value that its key cannot have;
  ///   `unusableRepo`, `noSpace`, `inputOutput`.
  public func set(_ key: String, to value: ConfigurationValue) async throws(NodeError) {
    try ConfigurationSchema.check(key)
    try await change { configuration throws(NodeError) in
      // Whoever sets a section means the rest of it; the identity is not theirs to set.
      let identity = configuration[Identity.section]
      try configuration.set(key, to: value)
      configuration[Identity.section] = identity
    }
  }

  /// Takes another configuration, but for the identity, which stays.
  ///
  /// - Throws: `invalid` for what a repo cannot be opened with; `unusableRepo`, `noSpace`, `inputOutput`.
  public func replace(with new: ConfigurationValue) async throws(NodeError) {
    guard case .object = new else { throw NodeError(.invalid, "failed to decode file as config") }
    try await change { configuration throws(NodeError) in
      let identity = configuration[Identity.section]
      configuration = new
      configuration[Identity.section] = identity
    }
  }

  /// Changes the file, which nobody else does meanwhile, and returns what `body` returns. Nothing is written where it
  /// stays the same.
  ///
  /// - Throws: `invalid` for what a repo cannot be opened with; the errors of `body`; `unusableRepo`, `noSpace`,
  ///   `inputOutput`.
  @discardableResult
  public func change<T: Sendable>(
    _ body: @escaping @Sendable (inout ConfigurationValue) throws(NodeError) -> T
  ) async throws(NodeError) -> T {
    try await offload { () throws(NodeError) in try self.changeNow(body) }
  }

  private func changeNow<T: Sendable>(
    _ body: (inout ConfigurationValue) throws(NodeError) -> T
  ) throws(NodeError) -> T {
    try changing.withLock { _ throws(NodeError) in
      let old = try contents()
      var new = old
      let result = try body(&new)
      if new != old { try write(new) }
      return result
    }
  }

  /// The node's identity, which is made where the file has none.
  func identity() throws(NodeError) -> Identity {
    try changeNow { configuration throws(NodeError) in
      if let identity = try Identity(in: configuration) { return identity }
      let identity = Identity(.ed25519())
      configuration[Identity.section] = identity.section
      return identity
    }
  }

  private func write(_ value: ConfigurationValue) throws(NodeError) {
    let json: [UInt8]
    do {
      json = try value.json()
      _ = try NodeConfiguration(json: json).profile()
    } catch {
      throw NodeError(.invalid, "failure to decode config", cause: error)
    }
    try Repo.write(json, to: repo.configuration)
    try Repo.syncFolder(repo.path)
  }

  /// Keeps the file as it is under another name, for those who want it back.
  ///
  /// - Parameter prefix: What the name has behind `config-`, before a number of its own.
  /// - Throws: `unusableRepo`, `noSpace`, `inputOutput`.
  public func keepCopy(_ prefix: String) async throws(NodeError) {
    try await offload { () throws(NodeError) in
      let name = "config-\(prefix)\(UInt32.random(in: 0 ... .max))"
      try Repo.write(self.bytes(), to: "\(self.repo.path)/\(name)")
      try Repo.syncFolder(self.repo.path)
    }
  }
}
