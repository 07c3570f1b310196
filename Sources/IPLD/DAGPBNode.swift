public import Multiformats

/// A node of the Merkle DAG in protobuf: links, and bytes whose meaning is for the format above.
///
/// ```
///   node   (link: field 2)*  (data: field 1)?          links first, sorted by name
///   link   hash: 1 = CID   name: 2   tsize: 3
/// ```
///
/// See <https://ipld.io/specs/codecs/dag-pb/spec/>.
public struct DAGPBNode: Hashable, Sendable {
  /// A link to another block.
  public struct Link: Hashable, Sendable {
    /// The block it names.
    public var cid: CID
    /// The link's name, of any bytes; empty for the parts of a file.
    public var name: [UInt8]
    /// The cumulative size of the blocks below, as whoever made the link says.
    public var tsize: UInt64

    /// Makes a link.
    public init(cid: CID, name: [UInt8] = [], tsize: UInt64) {
      self.cid = cid
      self.name = name
      self.tsize = tsize
    }
  }

  /// The links, in the order they have in the encoded node.
  public var links: [Link]
  /// The bytes; nil where the field is not there at all.
  public var data: [UInt8]?

  /// Makes a node of its parts.
  public init(links: [Link] = [], data: [UInt8]? = nil) {
    self.links = links
    self.data = data
  }
}

extension DAGPBNode {
  private enum NodeField {
    static let data: UInt8 = 1
    static let link: UInt8 = 2
  }

  fileprivate enum LinkField {
    static let hash: UInt8 = 1
    static let name: UInt8 = 2
    static let tsize: UInt8 = 3
  }

  /// The canonical encoding: links sorted by the bytes of their names, equal names in the order they have.
  ///
  /// Name and Tsize are written even when empty or zero, as Kubo does: a file's CID depends on it.
  public func encoded() -> [UInt8] {
    let dataLength = data.map { ProtobufWriter.length(byteCount: $0.count) } ?? 0
    var writer = ProtobufWriter(capacity: links.reduce(dataLength) { $0 + $1.lengthInNode })
    for link in sortedLinks {
      writer.appendHeader(NodeField.link, length: link.messageLength)
      writer.append(LinkField.hash, bytes: link.cid.bytes)
      writer.append(LinkField.name, bytes: link.name)
      writer.append(LinkField.tsize, number: link.tsize)
    }
    if let data { writer.append(NodeField.data, bytes: data) }
    return writer.bytes
  }

  /// The links in the order in which they are encoded; mostly they are in it already.
  private var sortedLinks: [Link] {
    let isSorted = zip(links, links.dropFirst()).allSatisfy { !$1.name.lexicographicallyPrecedes($0.name) }
    // The standard library's sort is stable.
    return isSorted ? links : links.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  /// Decodes a node.
  ///
  /// Data may stand before the links, as very old writers put it; everything else is as strict as the specification.
  public init(decoding bytes: [UInt8]) throws(IPLDError) {
    var reader = ProtobufReader(bytes)
    var links: [Link] = []
    var data: [UInt8]?
    var linksEnded = false
    while let field = try reader.nextField() {
      switch field.number {
      case UInt64(NodeField.data):
        guard data == nil else { throw IPLDError(.misplacedField, "dag-pb node with two data fields") }
        data = Array(bytes[try reader.range(of: field)])
        linksEnded = !links.isEmpty
      case UInt64(NodeField.link):
        guard !linksEnded else { throw IPLDError(.misplacedField, "dag-pb node with links on both sides of its data") }
        links.append(try Link(decoding: bytes, in: reader.range(of: field)))
      default:
        throw IPLDError(.unknownField, "dag-pb node with field \(field.number)")
      }
    }
    self.init(links: links, data: data)
  }
}

extension DAGPBNode.Link {
  /// Bytes of the link's message.
  fileprivate var messageLength: Int {
    ProtobufWriter.length(byteCount: cid.bytes.count) + ProtobufWriter.length(byteCount: name.count)
      + ProtobufWriter.length(number: tsize)
  }

  /// Bytes that the link adds to its node's encoding.
  public var lengthInNode: Int { ProtobufWriter.length(byteCount: messageLength) }

  fileprivate init(decoding bytes: [UInt8], in range: Range<Int>) throws(IPLDError) {
    var reader = ProtobufReader(bytes, in: range)
    var cid: CID?
    var name: [UInt8] = []
    var tsize: UInt64 = 0
    var last: UInt64 = 0
    while let field = try reader.nextField() {
      guard field.number > last else { throw IPLDError(.misplacedField, "dag-pb link with fields out of order") }
      last = field.number
      switch field.number {
      case UInt64(DAGPBNode.LinkField.hash):
        let hash = try reader.range(of: field)
        do {
          cid = try CID(bytes: bytes[hash])
        } catch {
          throw IPLDError(.invalidLink, "dag-pb link without a CID: \(error.message)", cause: error)
        }
      case UInt64(DAGPBNode.LinkField.name):
        name = Array(bytes[try reader.range(of: field)])
      case UInt64(DAGPBNode.LinkField.tsize):
        tsize = try reader.number(of: field)
      default:
        throw IPLDError(.unknownField, "dag-pb link with field \(field.number)")
      }
    }
    guard let cid else { throw IPLDError(.missingField, "dag-pb link without a hash") }
    self.init(cid: cid, name: name, tsize: tsize)
  }
}
