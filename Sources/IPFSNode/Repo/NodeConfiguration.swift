import Foundation
import Multiformats
package import UnixFS

/// What a node reads of the repo's `config` file when it is opened; ``ConfigurationFile`` has all of it.
package struct NodeConfiguration: Codable, Hashable, Sendable {
  /// The import options that are new files' and directories' (Kubo's section `Import`). What is left out is as in
  /// profile `unixfs-v1-2025`.
  var importSection: ImportSection?

  enum CodingKeys: String, CodingKey {
    case importSection = "Import"
  }

  struct ImportSection: Codable, Hashable, Sendable {
    var cidVersion: Int?
    var rawLeaves: Bool?
    var chunker: String?
    var hashFunction: String?
    var layout: String?
    var fileMaxLinks: Int?
    var directoryMaxLinks: Int?
    var directoryMaxFanout: Int?
    var directorySizeThreshold: String?
    var directorySizeEstimation: String?

    enum CodingKeys: String, CodingKey {
      case cidVersion = "CidVersion"
      case rawLeaves = "UnixFSRawLeaves"
      case chunker = "UnixFSChunker"
      case hashFunction = "HashFunction"
      case layout = "UnixFSDAGLayout"
      case fileMaxLinks = "UnixFSFileMaxLinks"
      case directoryMaxLinks = "UnixFSDirectoryMaxLinks"
      case directoryMaxFanout = "UnixFSHAMTDirectoryMaxFanout"
      case directorySizeThreshold = "UnixFSHAMTDirectorySizeThreshold"
      case directorySizeEstimation = "UnixFSHAMTDirectorySizeEstimation"
    }
  }

  /// What a new repo's file says: profile `unixfs-v1-2025`. The identity is added when somebody first asks for it.
  package static let standard = """
    {
      "API": {
        "HTTPHeaders": {}
      },
      "Addresses": {
        "API": "/ip4/127.0.0.1/tcp/5001"
      },
      "Bootstrap": [],
      "Import": {
        "CidVersion": 1,
        "HashFunction": "sha2-256",
        "UnixFSChunker": "size-1048576",
        "UnixFSFileMaxLinks": 1024,
        "UnixFSHAMTDirectoryMaxFanout": 256,
        "UnixFSHAMTDirectorySizeEstimation": "block",
        "UnixFSHAMTDirectorySizeThreshold": "256KiB",
        "UnixFSRawLeaves": true
      }
    }

    """

  /// Reads the file, which is written first where there is none.
  init(path: String) throws(NodeError) {
    try Repo.write(Self.standard, to: path, unlessThere: true)
    do {
      try self.init(json: Array(Data(contentsOf: URL(fileURLWithPath: path))))
    } catch {
      throw NodeError(.unusableRepo, "cannot read the configuration \(path)", cause: error)
    }
  }

  /// Reads the file's bytes.
  package init(json: [UInt8]) throws {
    self = try JSONDecoder().decode(Self.self, from: Data(json))
  }

  /// The profile that the import options mean.
  ///
  /// - Parameters:
  ///   - profile: Takes the place of the file's options; nil keeps them.
  ///   - overriding: Options that come before both.
  /// - Throws: `unusableRepo` for what is not supported.
  package func profile(
    over profile: ImportProfile? = nil, with overriding: ImportOptions = ImportOptions()
  ) throws(NodeError) -> ImportProfile {
    let own = profile == nil ? try options() : ImportOptions()
    do throws(UnixFSError) {
      return try overriding.profile(over: own.profile(over: profile ?? .unixfsV1_2025))
    } catch {
      throw NodeError(.unusableRepo, "the import options cannot be used: \(error.message)", cause: error)
    }
  }

  private func options() throws(NodeError) -> ImportOptions {
    var options = ImportOptions()
    guard let section = importSection else { return options }
    do throws(UnixFSError) {
      if let name = section.hashFunction { try options.set("hash", to: name) }
    } catch { throw Self.unsupported("HashFunction", section.hashFunction) }
    options.layout = try Self.layout(section.layout)
    let standard = ImportProfile.unixfsV1_2025.sharding
    options.cidVersion = try Self.version(section.cidVersion)
    options.rawLeaves = section.rawLeaves
    options.maxFileLinks = section.fileMaxLinks
    do throws(UnixFSError) {
      options.chunker = if let name = section.chunker { try ImportProfile.Chunker(name: name) } else { nil }
    } catch { throw Self.unsupported("UnixFSChunker", section.chunker) }
    let threshold = try Self.size(section.directorySizeThreshold) ?? standard.threshold
    let estimate = try Self.estimate(section.directorySizeEstimation) ?? standard.estimate
    do throws(UnixFSError) {
      options.sharding = try ImportProfile.Sharding(
        fanout: section.directoryMaxFanout ?? standard.fanout, threshold: threshold, estimate: estimate,
        maximumLinks: max(0, section.directoryMaxLinks ?? standard.maximumLinks))
    } catch { throw Self.unsupported("UnixFSHAMTDirectoryMaxFanout", section.directoryMaxFanout.map(String.init)) }
    return options
  }

  private static func version(_ number: Int?) throws(NodeError) -> CID.Version? {
    switch number {
    case nil: return nil
    case 0: return .v0
    case 1: return .v1
    case let number?: throw unsupported("CidVersion", String(number))
    }
  }

  private static func layout(_ text: String?) throws(NodeError) -> ImportProfile.Layout? {
    switch text {
    case nil: return nil
    case "balanced": return .balanced
    case "trickle": return .trickle
    default: throw unsupported("UnixFSDAGLayout", text)
    }
  }

  private static func estimate(_ text: String?) throws(NodeError) -> ImportProfile.Sharding.Estimate? {
    switch text {
    case nil: return nil
    case "links": return .links
    case "block": return .block
    default: throw unsupported("UnixFSHAMTDirectorySizeEstimation", text)
    }
  }

  private static func size(_ text: String?) throws(NodeError) -> Int? {
    guard let text else { return nil }
    guard let size = ByteSize(text).flatMap({ Int(exactly: $0.bytes) }) else {
      throw unsupported("UnixFSHAMTDirectorySizeThreshold", text)
    }
    return size
  }

  private static func unsupported(_ key: String, _ value: String?) -> NodeError {
    NodeError(.unusableRepo, "the configuration's Import.\(key) \"\(value ?? "")\" is not supported")
  }
}
