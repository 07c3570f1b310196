extension Multicodec {
  /// Codecs of blocks that Kubo names, with their names in the multicodec table.
  package static let named: [(name: String, codec: Multicodec)] = [
    ("raw", .raw), ("dag-pb", .dagPB), ("dag-cbor", .dagCBOR), ("libp2p-key", .libp2pKey), ("dag-json", .dagJSON),
    ("cbor", .cbor), ("json", .json),
    ("git-raw", Multicodec(rawValue: 0x78)), ("dag-jose", Multicodec(rawValue: 0x85)),
    ("car", Multicodec(rawValue: 0x0202)),
  ]

  /// The codec of a name in the multicodec table, such as `dag-pb`; nil for a name that is not known here.
  public init?(name: String) {
    guard let entry = Self.named.first(where: { $0.name == name }) else { return nil }
    self = entry.codec
  }

  /// The name in the multicodec table; nil for a number that is not known here.
  public var name: String? { Self.named.first { $0.codec == self }?.name }
}
