public import Multiformats

/// Options of `ipfs add` that someone gave; what is nil was left to others.
public struct ImportOptions: Hashable, Sendable {
  /// How a file is cut into leaves.
  public var chunker: ImportProfile.Chunker?
  /// The version of CIDs.
  public var cidVersion: CID.Version?
  /// Whether leaves are bare bytes.
  public var rawLeaves: Bool?
  /// The most links of a file's inner node.
  public var maxFileLinks: Int?
  /// When a directory becomes a HAMT.
  public var sharding: ImportProfile.Sharding?

  /// No options.
  public init() {}

  /// The profile that has these options, and the rest from another.
  ///
  /// - Throws: `invalidProfile` for options that cannot be built.
  public func profile(over base: ImportProfile) throws(UnixFSError) -> ImportProfile {
    try ImportProfile(
      chunker: chunker ?? base.chunker, cidVersion: cidVersion ?? base.cidVersion,
      rawLeaves: rawLeaves ?? base.rawLeaves, maxFileLinks: maxFileLinks ?? base.maxFileLinks,
      sharding: sharding ?? base.sharding)
  }
}

extension ImportOptions {
  /// The names of the options that text can set: those of `ipfs add`.
  public static let names: Set<String> = ["chunker", "cid-version", "raw-leaves", "max-file-links"]

  /// Sets an option of ``names``.
  ///
  /// - Throws: `invalidProfile` for another name or a value that it cannot have.
  public mutating func set(_ name: String, to value: String) throws(UnixFSError) {
    switch name {
    case "chunker": chunker = try ImportProfile.Chunker(name: value)
    case "cid-version": cidVersion = try Self.read(UInt8(value).flatMap(CID.Version.init(rawValue:)), "0 or 1")
    case "raw-leaves": rawLeaves = try Self.read(Bool(value), "true or false")
    case "max-file-links":
      let number = try Self.read(Int(value), "a number")
      try ImportProfile.check(maxFileLinks: number)
      maxFileLinks = number
    default: throw UnixFSError(.invalidProfile, "no such import option")
    }
  }

  private static func read<Value>(_ value: Value?, _ expected: String) throws(UnixFSError) -> Value {
    guard let value else { throw UnixFSError(.invalidProfile, "must be \(expected)") }
    return value
  }
}

extension ImportProfile.Chunker {
  /// Reads Kubo's name of a chunker: `size-1048576`.
  ///
  /// - Throws: `invalidProfile` for another name, or a size that no chunk can have.
  public init(name: String) throws(UnixFSError) {
    let parts = name.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0] == "size", let size = Int(parts[1]) else {
      throw UnixFSError(.invalidProfile, "unknown chunker \(name)")
    }
    self = .fixed(size)
    try check()
  }

  /// Refuses parameters that give no chunks, or chunks that no block can hold.
  func check() throws(UnixFSError) {
    guard case .fixed(let size) = self, 1...ImportProfile.maximumChunkSize ~= size else {
      throw UnixFSError(.invalidProfile, "chunk size is not between 1 and \(ImportProfile.maximumChunkSize)")
    }
  }
}
