import Multiformats
import UnixFS

/// Writes the compact binary form that nodes have in the journal and in the table of nodes: unsigned numbers are
/// varints, signed ones are zigzag varints, byte strings follow their length.
struct StateEncoder {
  /// What was written so far.
  private(set) var bytes: [UInt8] = []

  init(capacity: Int = 192) {
    bytes.reserveCapacity(capacity)
  }

  mutating func append(byte: UInt8) {
    bytes.append(byte)
  }

  mutating func append(_ number: UInt64) {
    Varint.append(number, to: &bytes)
  }

  mutating func append(signed number: Int64) {
    append(UInt64(bitPattern: (number << 1) ^ (number >> 63)))
  }

  mutating func append(_ string: [UInt8]) {
    append(UInt64(string.count))
    bytes.append(contentsOf: string)
  }

  mutating func append(_ time: Timestamp) {
    append(signed: time.seconds)
    append(UInt64(time.nanoseconds))
  }

  mutating func append(_ attributes: Attributes) {
    append(UInt64(attributes.mode))
    append(UInt64(attributes.uid))
    append(UInt64(attributes.gid))
    append(attributes.mtime)
    append(attributes.ctime)
  }

  /// A DAG, or a zero for none.
  mutating func append(_ root: DAGRoot?) {
    guard let root else { return append([UInt8]()) }
    append(root.cid.bytes)
    append(root.size)
    append(root.tsize)
  }

  mutating func append(_ file: FileContent) {
    append(file.size)
    append(file.base)
    append(byte: (file.pending == nil ? 0 : FileFlag.isPending) | (file.builtBy == nil ? 0 : FileFlag.hasBuilder))
    if let builtBy = file.builtBy { append(builtBy) }
    guard let map = file.pending else { return }
    append(map.baseLimit)
    append(UInt64(map.extents.count))
    var end: UInt64 = 0
    for extent in map.extents {
      append(extent.range.lowerBound - end)
      append(extent.range.upperBound - extent.range.lowerBound)
      end = extent.range.upperBound
      append(extent.source, at: extent.range.lowerBound)
    }
  }

  private mutating func append(_ source: ExtentMap.Source, at offset: UInt64) {
    switch source {
    case .base: preconditionFailure("an extent map does not store its base")
    case .hole: append(byte: ExtentTag.hole.rawValue)
    case .spool(origin: 0): append(byte: ExtentTag.spool.rawValue)
    case .spool(let origin):
      append(byte: ExtentTag.placedSpool.rawValue)
      append(offset &- UInt64(bitPattern: origin))
    case .leaf(let leaf, let origin):
      append(byte: ExtentTag.leaf.rawValue)
      append(leaf.cid.bytes)
      append(UInt64(leaf.size))
      append(UInt64(leaf.tsize))
      append(signed: Int64(bitPattern: offset) &- origin)
    }
  }

  /// A content, and what a directory's DAG has of its own.
  mutating func append(_ content: NodeContent, _ form: DirectoryForm?) {
    append(byte: form == nil ? content.kind.rawValue : ContentTag.formedDirectory)
    switch content {
    case .file(let file): append(file)
    case .directory(let subdirectories): append(UInt64(subdirectories))
    case .symlink(let target): append(target)
    }
    if let form { append(form) }
  }

  private mutating func append(_ form: DirectoryForm) {
    var flags: UInt8 = 0
    if form.cidVersion != nil { flags |= FormFlag.hasVersion }
    if form.hashFunction != nil { flags |= FormFlag.hasFunction }
    if form.metadata.mode != nil { flags |= FormFlag.hasMode }
    if form.metadata.mtime != nil { flags |= FormFlag.hasTime }
    append(byte: flags)
    if let version = form.cidVersion { append(byte: version.rawValue) }
    if let function = form.hashFunction { append(function.rawValue) }
    if let mode = form.metadata.mode { append(UInt64(mode)) }
    if let mtime = form.metadata.mtime { append(mtime) }
  }

  mutating func append(_ extendedAttributes: [EntryName: [UInt8]]) {
    append(UInt64(extendedAttributes.count))
    for (name, value) in extendedAttributes {
      append(name.bytes)
      append(value)
    }
  }
}

/// What a file's record has beside its size and base.
private enum FileFlag {
  static let isPending: UInt8 = 1
  static let hasBuilder: UInt8 = 2
}

/// How a content is written, beside the numbers of the kinds of node.
private enum ContentTag {
  /// A directory with a form of its own, which comes after what a directory has; those that have none are as they were
  /// before there were any.
  static let formedDirectory: UInt8 = 4
}

/// What a directory's form consists of.
private enum FormFlag {
  static let hasVersion: UInt8 = 1
  static let hasFunction: UInt8 = 2
  static let hasMode: UInt8 = 4
  static let hasTime: UInt8 = 8
  static let all = hasVersion | hasFunction | hasMode | hasTime
}

/// How the source of an extent is written.
private enum ExtentTag: UInt8 {
  case hole = 0
  /// In the spool file at the offset it has in the file: all there was once.
  case spool = 1
  case leaf = 2
  /// In the spool file at an offset of its own.
  case placedSpool = 3
}

/// Reads what ``StateEncoder`` wrote. Every method throws `corrupt` on malformed input and never reads past its end.
struct StateDecoder {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  /// Reads `bytes`, which must outlive the decoder.
  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  /// Whether everything was read.
  var isAtEnd: Bool { position == bytes.count }

  static let malformed = NodeError(.corrupt, "a stored node is malformed")

  mutating func byte() throws(NodeError) -> UInt8 {
    guard position < bytes.count else { throw Self.malformed }
    position += 1
    return bytes[position - 1]
  }

  mutating func number() throws(NodeError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try byte()
      // The tenth byte holds the 64th bit only; a last byte of zero would not be the shortest form.
      guard shift < 63 || byte <= 1, shift == 0 || byte != 0 else { throw Self.malformed }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
  }

  mutating func signedNumber() throws(NodeError) -> Int64 {
    let number = try number()
    return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
  }

  mutating func number<Integer: FixedWidthInteger>(as _: Integer.Type) throws(NodeError) -> Integer {
    guard let value = Integer(exactly: try number()) else { throw Self.malformed }
    return value
  }

  /// A count of items that take at least a byte each, so that a lying one cannot make anyone reserve memory.
  private mutating func count() throws(NodeError) -> Int {
    let count = try number(as: Int.self)
    guard count <= bytes.count - position else { throw Self.malformed }
    return count
  }

  mutating func string() throws(NodeError) -> [UInt8] {
    let count = try count()
    position += count
    return Array(bytes[position - count..<position])
  }

  mutating func time() throws(NodeError) -> Timestamp {
    let seconds = try signedNumber()
    let nanoseconds = try number(as: UInt32.self)
    guard nanoseconds < 1_000_000_000 else { throw Self.malformed }
    return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
  }

  mutating func attributes() throws(NodeError) -> Attributes {
    Attributes(
      mode: try number(as: UInt16.self), uid: try number(as: UInt32.self), gid: try number(as: UInt32.self),
      mtime: try time(), ctime: try time())
  }

  private func cid(_ bytes: [UInt8]) throws(NodeError) -> CID {
    do {
      return try CID(bytes: bytes)
    } catch {
      throw NodeError(.corrupt, "a stored node has a malformed CID", cause: error)
    }
  }

  mutating func root() throws(NodeError) -> DAGRoot? {
    let string = try string()
    guard !string.isEmpty else { return nil }
    return DAGRoot(cid: try cid(string), size: try size(), tsize: try number())
  }

  /// A size in bytes, or an offset: what fits the system's signed numbers.
  private mutating func size() throws(NodeError) -> UInt64 {
    UInt64(try number(as: Int64.self))
  }

  /// A directory's count of subdirectories; a few are added to it to count links.
  mutating func subdirectories() throws(NodeError) -> UInt32 {
    UInt32(try number(as: Int32.self))
  }

  mutating func file() throws(NodeError) -> FileContent {
    let size = try size()
    let base = try root()
    let flags = try byte()
    guard flags & ~(FileFlag.isPending | FileFlag.hasBuilder) == 0 else { throw Self.malformed }
    let builtBy = flags & FileFlag.hasBuilder == 0 ? nil : try number()
    let pending = flags & FileFlag.isPending == 0 ? nil : try extentMap()
    return FileContent(size: size, base: base, builtBy: builtBy, pending: pending)
  }

  private mutating func extentMap() throws(NodeError) -> ExtentMap {
    let baseLimit = try size()
    let count = try count()
    var extents: [ExtentMap.Extent] = []
    extents.reserveCapacity(count)
    var end: UInt64 = 0
    for _ in 0..<count {
      // Of two such numbers the sum fits.
      let start = end + (try size())
      guard start <= UInt64(Int64.max) else { throw Self.malformed }
      let next = start + (try size())
      guard next <= UInt64(Int64.max), start < next else { throw Self.malformed }
      extents.append(ExtentMap.Extent(range: start..<next, source: try source(of: start..<next)))
      end = next
    }
    guard let map = ExtentMap(extents: extents, baseLimit: baseLimit) else { throw Self.malformed }
    return map
  }

  private mutating func source(of range: Range<UInt64>) throws(NodeError) -> ExtentMap.Source {
    switch ExtentTag(rawValue: try byte()) {
    case .hole: return .hole
    case .spool: return .spool(origin: 0)
    case .placedSpool: return .spool(origin: try origin(of: range, at: Int64(try size())))
    case .leaf:
      let leaf = Leaf(
        cid: try cid(try string()), size: try number(as: Int.self), tsize: try number(as: Int.self))
      return .leaf(leaf, origin: try origin(of: range, at: try signedNumber()))
    case nil: throw Self.malformed
    }
  }

  /// The origin of an extent that begins at a position in its leaf or spool file, and ends at an offset there too.
  private func origin(of range: Range<UInt64>, at position: Int64) throws(NodeError) -> Int64 {
    let length = Int64(range.upperBound - range.lowerBound)
    guard position >= 0, position <= Int64.max - length else { throw Self.malformed }
    return Int64(range.lowerBound) - position
  }

  /// A content, and what a directory's DAG has of its own.
  mutating func content() throws(NodeError) -> (NodeContent, form: DirectoryForm?) {
    let tag = try byte()
    guard tag != ContentTag.formedDirectory else {
      return (.directory(subdirectories: try subdirectories()), try form())
    }
    switch NodeKind(rawValue: tag) {
    case .file: return (.file(try file()), nil)
    case .directory: return (.directory(subdirectories: try subdirectories()), nil)
    case .symlink: return (.symlink(target: try string()), nil)
    case nil: throw Self.malformed
    }
  }

  private mutating func form() throws(NodeError) -> DirectoryForm {
    let flags = try byte()
    guard flags & ~FormFlag.all == 0, flags != 0 else { throw Self.malformed }
    var form = DirectoryForm()
    if flags & FormFlag.hasVersion != 0 {
      guard let version = CID.Version(rawValue: try byte()) else { throw Self.malformed }
      form.cidVersion = version
    }
    if flags & FormFlag.hasFunction != 0 { form.hashFunction = Multihash.Code(rawValue: try number()) }
    if flags & FormFlag.hasMode != 0 { form.metadata.mode = try number(as: UInt32.self) }
    if flags & FormFlag.hasTime != 0 { form.metadata.mtime = try time() }
    return form
  }

  mutating func extendedAttributes() throws(NodeError) -> [EntryName: [UInt8]] {
    let count = try count()
    var attributes: [EntryName: [UInt8]] = [:]
    for _ in 0..<count {
      let name = EntryName(bytes: try string())
      guard attributes.updateValue(try string(), forKey: name) == nil else { throw Self.malformed }
    }
    return attributes
  }
}
