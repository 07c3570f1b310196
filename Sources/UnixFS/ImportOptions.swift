public import Multiformats

/// Options of `ipfs add` that someone gave; what is nil was left to others.
public struct ImportOptions: Hashable, Sendable {
  /// How a file is cut into leaves.
  public var chunker: ImportProfile.Chunker?
  /// The version of CIDs.
  public var cidVersion: CID.Version?
  /// The hash function.
  public var hashFunction: Multihash.Code?
  /// How leaves are put under nodes.
  public var layout: ImportProfile.Layout?
  /// Whether small blocks are written into their CIDs.
  public var inlines: Bool?
  /// The largest block in bytes that is; without ``inlines`` it means nothing.
  public var inlineLimit: Int?
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
    let hashFunction = hashFunction ?? base.hashFunction
    // As in `ipfs add`, another hash function brings version 1 with it where none is asked for.
    let cidVersion = cidVersion ?? (hashFunction == .sha2_256 ? base.cidVersion : .v1)
    return try ImportProfile(
      chunker: chunker ?? base.chunker, layout: layout ?? base.layout, cidVersion: cidVersion,
      hashFunction: hashFunction, inlineLimit: inlineLimit(over: base.inlineLimit),
      rawLeaves: rawLeaves ?? base.rawLeaves, maxFileLinks: maxFileLinks ?? base.maxFileLinks,
      sharding: sharding ?? base.sharding)
  }

  /// The limit that Kubo takes where none is given.
  private static let standardInlineLimit = 32

  private func inlineLimit(over base: Int?) -> Int? {
    guard inlines ?? (base != nil) else { return nil }
    return inlineLimit ?? base ?? Self.standardInlineLimit
  }
}

extension ImportOptions {
  /// The names of the options that text can set: those of `ipfs add`.
  public static let names: Set<String> = [
    "chunker", "trickle", "cid-version", "hash", "inline", "inline-limit", "raw-leaves", "max-file-links",
  ]

  /// Sets an option of ``names``.
  ///
  /// - Throws: `invalidProfile` for another name or a value that it cannot have.
  public mutating func set(_ name: String, to value: String) throws(UnixFSError) {
    switch name {
    case "chunker": chunker = try ImportProfile.Chunker(name: value)
    case "cid-version": cidVersion = try Self.read(UInt8(value).flatMap(CID.Version.init(rawValue:)), "0 or 1")
    case "hash":
      let function = Multihash.Code(name: value).flatMap { $0 == .identity ? nil : $0 }
      hashFunction = try Self.read(function, "a hash function that is known")
    case "trickle": layout = try Self.read(Bool(value), "true or false") ? .trickle : .balanced
    case "inline": inlines = try Self.read(Bool(value), "true or false")
    case "inline-limit":
      let number = try Self.read(Int(value), "a number")
      try ImportProfile.check(inlineLimit: number)
      inlineLimit = number
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
