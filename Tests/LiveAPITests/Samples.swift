import Foundation
import IPFSClient
import Multiformats
import TestSupport
import Testing

/// Names and content that no daemon has yet.
enum Sample {
  /// A name of letters, digits and hyphens.
  static func name() -> String { "swipfs-live-\(UUID().uuidString.lowercased())" }

  /// Some bytes.
  static func bytes(_ count: Int) -> [UInt8] {
    var generator = SeededGenerator(seed: .random(in: 0 ... .max))
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
      withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) }
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }

  /// A line of text.
  static func text() -> String { "\(name())\n" }

  /// What names content that nobody has.
  static func absentCID(_ codec: Multicodec = .raw) -> CID {
    Sample.bytes(32).withUnsafeBytes { CID.sha256(of: $0, codec: codec) }
  }

  /// A peer that is not there.
  static let peer = "12D3KooWAyNyheR1nCu5sPNY9EDCf7Bh76LncaVYPpKtj1iYhDbc"
}

extension AddOptions {
  /// Nothing is pinned, so that nothing need be taken away.
  static let unpinned = AddOptions(pin: false)
  /// The same CIDs on all daemons, and nothing is pinned.
  static let fixed = AddOptions(
    chunker: "size-262144", pin: false, rawLeaves: true, cidVersion: 1, hash: "sha2-256", maxFileLinks: 174)
}

/// A folder of this system that goes with its owner.
final class LocalFolder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "swipfs-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Writes a file, and makes the folders above it.
  func write(_ name: String, _ bytes: [UInt8]) throws {
    let url = URL(filePath: "\(path)/\(name)")
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  /// Writes a file of a text.
  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

  /// Makes a folder.
  func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: "\(path)/\(name)", withIntermediateDirectories: true)
  }

  /// Makes a symbolic link.
  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: target)
  }

  /// Reads a file.
  func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: "\(path)/\(name)")))
  }

  /// What is below a folder: a file's content, a link's target, nothing for a folder, by path.
  func contents(below name: String) throws -> [String: [UInt8]?] {
    let root = "\(path)/\(name)"
    var contents: [String: [UInt8]?] = [:]
    for entry in try FileManager.default.subpathsOfDirectory(atPath: root) {
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(root)/\(entry)")
      switch attributes[.type] as? FileAttributeType {
      case .typeDirectory?: contents[entry] = .some(nil)
      case .typeSymbolicLink?:
        contents[entry] = Array(try FileManager.default.destinationOfSymbolicLink(atPath: "\(root)/\(entry)").utf8)
      default: contents[entry] = try bytes("\(name)/\(entry)")
      }
    }
    return contents
  }
}

extension Client {
  /// Makes a directory of a random name in the daemon's tree of files, and removes it behind `body`.
  func withDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = "/\(Sample.name())"
    try await files.mkdir(path)
    return try await tidying {
      try await self.files.rm(path, recursive: true, force: true)
    } after: {
      try await body(path)
    }
  }

  /// Makes a key of a random name, and removes it behind `body`.
  func withKey<Result>(_ body: (Key.Entry) async throws -> Result) async throws -> Result {
    let entry = try await key.gen(Sample.name(), type: "ed25519")
    return try await tidying {
      try await self.key.rm(entry.name)
    } after: {
      try await body(entry)
    }
  }
}

/// Runs `body`, and takes away what it made whether it went well or not.
func tidying<Result>(
  _ tidy: () async throws -> Void, after body: () async throws -> Result
) async throws -> Result {
  let result: Result
  do {
    result = try await body()
  } catch {
    try? await tidy()
    throw error
  }
  try await tidy()
  return result
}

/// The error that `body` must throw.
func failure<Result>(
  _ body: () async throws -> Result, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> ClientError {
  let error = await #expect(throws: ClientError.self, sourceLocation: sourceLocation) { _ = try await body() }
  return try #require(error, sourceLocation: sourceLocation)
}

/// What `body` gives, or nil if the daemon says that it cannot do such things as it is: because it runs offline, does
/// without this part of the network, or is not configured for it.
///
/// - Parameter texts: What it may say besides that it is offline.
func ifServed<Result>(
  _ texts: String..., body: () async throws -> Result
) async throws -> Result? {
  do {
    return try await body()
  } catch let error as ClientError where error.code.isStatusError {
    guard (texts + ["must be run in online mode"]).contains(where: error.message.contains) else { throw error }
    return nil
  }
}
