public import Multiformats

extension IPLDValue {
  /// Decodes a block.
  ///
  /// - Throws: `unsupportedCodec` for another codec than raw, dag-pb, dag-cbor and dag-json, or the codec's error.
  public init(decoding bytes: [UInt8], as codec: Multicodec) throws(IPLDError) {
    switch codec {
    case .raw: self = .bytes(bytes)
    case .dagPB: self = try DAGPBNode(decoding: bytes).value
    case .dagCBOR: self = try DAGCBOR.decode(bytes)
    case .dagJSON: self = try DAGJSON.decode(bytes)
    default: throw .unsupported(codec)
    }
  }

  /// Encodes a block.
  ///
  /// - Throws: `unsupportedCodec` for another codec than those, or a value that the codec does not have.
  public func encoded(as codec: Multicodec) throws(IPLDError) -> [UInt8] {
    switch codec {
    case .raw:
      guard case .bytes(let bytes) = self else { throw IPLDError(.unsupportedCodec, "raw blocks are bytes alone") }
      return bytes
    case .dagPB: return try DAGPBNode(self).encoded()
    case .dagCBOR: return try DAGCBOR.encode(self)
    case .dagJSON: return try DAGJSON.encode(self)
    default: throw .unsupported(codec)
    }
  }
}

extension IPLDError {
  fileprivate static func unsupported(_ codec: Multicodec) -> IPLDError {
    IPLDError(.unsupportedCodec, "codec \(codec.name ?? "0x\(String(codec.rawValue, radix: 16))")")
  }
}

extension Block {
  /// The blocks that a block names, in its order, with repetitions: for pins and garbage collection.
  ///
  /// Codecs without links have none. DAG-CBOR may be that of other encoders, which are not as strict as ours.
  ///
  /// - Throws: ``IPLDError`` for bytes that are not of the codec, `unsupportedCodec` for one that is not known here.
  public static func links(in data: [UInt8], codec: Multicodec) throws(IPLDError) -> [CID] {
    switch codec {
    case .raw, .libp2pKey, .cbor, .json: []
    case .dagPB: try DAGPBNode(decoding: data).links.map(\.cid)
    case .dagCBOR: try DAGCBOR.links(in: data)
    case .dagJSON: try DAGJSON.decode(data).links
    default: throw .unsupported(codec)
    }
  }

  /// The blocks that this one names, as ``links(in:codec:)`` has them.
  public func links() throws(IPLDError) -> [CID] { try Self.links(in: data, codec: cid.codec) }
}
