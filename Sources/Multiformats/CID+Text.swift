extension CID: CustomStringConvertible {
  /// Digits of a CIDv0: all of them begin with `Qm`.
  private static let version0TextLength = 46

  /// Reads a text: `Qm…`, or a multibase text of a CIDv1.
  ///
  /// - Throws: An error for a text that is no multibase or whose bytes are no CID.
  public init(_ text: String) throws(MultiformatsError) {
    if text.utf8.count == Self.version0TextLength, text.hasPrefix("Qm") {
      self = try CID(bytes: Multibase.base58btc.decodeWithoutPrefix(text[...]))
      return
    }
    let cid = try CID(bytes: Multibase.decode(text).bytes)
    guard cid.version != .v0 else {
      throw MultiformatsError(.invalidVersion0, "a CIDv0 is written without a multibase prefix")
    }
    self = cid
  }

  /// The text in a base. A CIDv0 has one text only, whatever `base` is.
  public func text(in base: Multibase) -> String {
    version == .v0 ? Multibase.base58btc.encodeWithoutPrefix(bytes) : base.encode(bytes)
  }

  /// The usual text: base58btc for version 0, base32 for version 1.
  public var description: String { text(in: .base32) }
}

extension CID: Codable {
  /// Reads the text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    do {
      try self.init(container.decode(String.self))
    } catch let error as MultiformatsError {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: error.message)
    }
  }

  /// Writes the usual text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
