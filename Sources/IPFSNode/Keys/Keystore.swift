internal import Foundation
internal import Glibc
internal import Multiformats
internal import Synchronization

/// The key pairs of a node beside its own: a folder of files as Kubo has it, so that either can use the other's.
///
/// ```
///   keystore/ (0700)   key_nz2w2yi (0600)    "key_", the name in base32; libp2p's protobuf of the private key
/// ```
///
/// What a change returns has survived a power cut. The lock makes changes one after another: that none takes a name
/// which another one is about to take.
public final class Keystore: Sendable {
  /// The name of the node's own key pair, which is not in here.
  public static let ownName = "self"

  private let folder: String
  private let changing = Mutex(())

  init(folder: String) {
    self.folder = folder
  }

  private static let prefix = "key_"

  private func file(_ name: String) throws(NodeError) -> String { "\(folder)/\(try Self.file(ofName: name))" }

  /// The name of a key pair's file.
  package static func file(ofName name: String) throws(NodeError) -> String {
    guard !name.isEmpty else { throw NodeError(.invalid, "key name must be at least one character") }
    guard name != ownName else { throw NodeError(.invalid, "the key pair 'self' is the node's own") }
    let encoded = prefix + Multibase.base32.encodeWithoutPrefix(Array(name.utf8))
    guard encoded.utf8.count <= Int(NAME_MAX) - Repo.temporarySuffix.utf8.count else {
      throw NodeError(.nameTooLong, "a key's name of \(name.utf8.count) bytes is too long")
    }
    return encoded
  }

  /// The name of a file's key pair; nil for a file that holds none.
  package static func name(ofFile file: String) -> String? {
    guard file.hasPrefix(prefix),
      let bytes = try? Multibase.base32.decodeWithoutPrefix(file.dropFirst(prefix.count)),
      let name = String(validating: bytes, as: UTF8.self),
      // One that is written otherwise would be listed, and not found.
      (try? self.file(ofName: name)) == file
    else { return nil }
    return name
  }

  /// The names of all key pairs, in the order of their bytes.
  ///
  /// - Throws: `inputOutput`.
  public func names() async throws(NodeError) -> [String] {
    try await offload { () throws(NodeError) in
      guard access(self.folder, F_OK) == 0 else { return [] }
      do {
        return try FileManager.default.contentsOfDirectory(atPath: self.folder).compactMap(Self.name(ofFile:))
          .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      } catch {
        throw NodeError(.inputOutput, "cannot list the keys in \(self.folder)", cause: error)
      }
    }
  }

  /// A key pair.
  ///
  /// - Throws: `notFound`; `invalid` for a name that none can have, or a key of a kind that is not supported;
  ///   `inputOutput`.
  public func key(_ name: String) async throws(NodeError) -> PrivateKey {
    try await offload { () throws(NodeError) in try self.read(name) }
  }

  private func read(_ name: String) throws(NodeError) -> PrivateKey {
    let file = try file(name)
    guard access(file, F_OK) == 0 else { throw NodeError(.notFound, "no key by the given name was found") }
    let bytes: [UInt8]
    do {
      bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
    } catch {
      throw NodeError(.inputOutput, "cannot read the key \(file)", cause: error)
    }
    return try PrivateKey(serialized: bytes)
  }

  /// Stores a key pair.
  ///
  /// - Throws: `exists`; `invalid` for a name that none can have; `nameTooLong`, `noSpace`, `inputOutput`.
  public func add(_ key: PrivateKey, as name: String) async throws(NodeError) {
    try await change { () throws(NodeError) in
      let file = try self.file(name)
      guard access(file, F_OK) != 0 else { throw NodeError(.exists, "key with name '\(name)' already exists") }
      try Repo.write(key.serialized, to: file)
    }
  }

  /// Removes a key pair, and returns it.
  ///
  /// - Throws: `notFound`, `invalid`, `inputOutput`.
  @discardableResult
  public func remove(_ name: String) async throws(NodeError) -> PrivateKey {
    try await change { () throws(NodeError) in
      let file = try self.file(name)
      let key = try self.read(name)
      guard unlink(file) == 0 else { throw .system("unlink", file) }
      return key
    }
  }

  /// Gives a key pair another name.
  ///
  /// - Parameter replacing: Whether one that has the new name goes.
  /// - Returns: The key pair, and whether another one went.
  /// - Throws: `notFound`; `exists` where none may be replaced; `invalid`, `nameTooLong`, `inputOutput`.
  public func rename(
    _ name: String, to newName: String, replacing: Bool = false
  ) async throws(NodeError) -> (key: PrivateKey, hasReplaced: Bool) {
    try await change { () throws(NodeError) in
      let key = try self.read(name)
      let (old, new) = (try self.file(name), try self.file(newName))
      guard old != new else { return (key, false) }
      let isThere = access(new, F_OK) == 0
      guard replacing || !isThere else {
        throw NodeError(.exists, "key by that name already exists, refusing to overwrite")
      }
      guard Glibc.rename(old, new) == 0 else { throw .system("rename", old) }
      return (key, isThere)
    }
  }

  /// Runs one change after another, and makes it survive a power cut.
  private func change<T: Sendable>(_ body: @escaping @Sendable () throws(NodeError) -> T) async throws(NodeError) -> T {
    try await offload { () throws(NodeError) in
      try self.changing.withLock { _ throws(NodeError) in
        let isNew = mkdir(self.folder, 0o700) == 0
        guard isNew || errno == EEXIST else { throw .system("mkdir", self.folder) }
        if isNew { try Repo.syncFolder((self.folder as NSString).deletingLastPathComponent) }
        let result = try body()
        try Repo.syncFolder(self.folder)
        return result
      }
    }
  }
}
