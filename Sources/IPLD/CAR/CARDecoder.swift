public import Multiformats

/// Reads an archive of blocks from bytes as they come: a state machine without input or output.
///
/// ```
///   v1   length │ {"roots": […], "version": 1} in DAG-CBOR     then for each block     length │ CID │ data
///   v2   length │ {"version": 2} │ 40 bytes: flags, where the v1 archive is, where its index is │ … │ v1 │ index
/// ```
///
/// Lengths are varints. Each block is verified against its CID. Memory is bounded by the longest part allowed.
/// See <https://ipld.io/specs/transport/car/>.
public struct CARDecoder: Sendable {
  /// What is accepted.
  public struct Limits: Sendable {
    /// Bytes of the header, which holds the roots.
    public var header: Int
    /// Bytes of a block with its CID.
    public var section: Int

    /// Limits in bytes; 32 MiB each where nothing is said.
    public init(header: Int = 32 << 20, section: Int = 32 << 20) {
      self.header = header
      self.section = section
    }
  }

  private enum State {
    case header, payloadHeader, sections
    case version2, skipping(UInt64)
  }

  /// The blocks for which the archive was made; nil until the header has been read. There may be none.
  public private(set) var roots: [CID]?
  /// The archive's version, 1 or 2; nil until the header has been read.
  public private(set) var version: Int?

  private let limits: Limits
  private var state = State.header
  private var buffer: [UInt8] = []
  private var start = 0
  /// Bytes that were passed over.
  private var consumed: UInt64 = 0
  /// Where the payload of a version 2 is, in the archive.
  private var payload: Range<UInt64>?

  /// A decoder at the beginning of an archive.
  public init(limits: Limits = Limits()) {
    self.limits = limits
  }

  /// Takes the next bytes. ``nextBlock()`` must have said that it needs them, or memory is not bounded.
  public mutating func append(_ bytes: [UInt8]) {
    // All that was read goes at once: mostly nothing is left.
    buffer.removeFirst(start)
    start = 0
    buffer.append(contentsOf: bytes)
  }

  /// The next block, nil if more bytes are needed for it.
  ///
  /// - Throws: ``IPLDError`` for what is no archive, ``BlockError`` for a block that is not what its CID says or whose
  ///   hash function is not known. The decoder cannot go on then.
  public mutating func nextBlock() throws -> Block? {
    guard let block = try nextUnverifiedBlock() else { return nil }
    return try Block(verifying: block.cid, data: block.data)
  }

  /// As ``nextBlock()``, but whether the block is what its CID says is for the caller to see.
  ///
  /// - Throws: For what is no archive.
  package mutating func nextUnverifiedBlock() throws(IPLDError) -> Block? {
    while true {
      switch state {
      case .header, .payloadHeader:
        guard let section = try nextSection(limit: limits.header, "header") else { return nil }
        try readHeader(section)
      case .version2:
        guard available >= 40 else { return nil }
        try readVersion2()
      case .skipping(let count):
        let skipped = min(count, UInt64(available))
        consume(Int(skipped))
        state = skipped == count ? .payloadHeader : .skipping(count - skipped)
        if skipped < count { return nil }
      case .sections:
        // What follows the payload is an index.
        if let payload, consumed >= payload.upperBound {
          consume(available)
          return nil
        }
        guard let section = try nextSection(limit: limits.section, "section") else { return nil }
        return try block(section)
      }
    }
  }

  /// Checks that the archive may end here.
  ///
  /// - Throws: `truncated`.
  public func finish() throws(IPLDError) {
    let isWhole =
      switch state {
      case .sections: payload.map { consumed >= $0.upperBound } ?? (available == 0)
      default: false
      }
    guard isWhole else {
      throw IPLDError(.truncated, "archive ends within \(roots == nil ? "its header" : "a section")")
    }
  }

  // MARK: Bytes

  private var available: Int { buffer.count - start }

  private mutating func consume(_ count: Int) {
    start += count
    consumed += UInt64(count)
  }

  /// A length and as many bytes, once all are there.
  private mutating func nextSection(limit: Int, _ name: String) throws(IPLDError) -> Range<Int>? {
    var position = start
    let length: UInt64
    do {
      length = try Varint.decode(buffer, at: &position)
    } catch let error where error.code == .truncated {
      try checkPayload(UInt64(available) + 1, name)
      return nil
    } catch {
      throw IPLDError(.invalidNumber, "length of the archive's \(name): \(error.message)", cause: error)
    }
    guard length > 0 else { throw IPLDError(.truncated, "archive with a \(name) of no bytes") }
    guard length <= UInt64(limit) else {
      throw IPLDError(.tooLarge, "archive with a \(name) of \(length) bytes, \(limit) are allowed")
    }
    try checkPayload(UInt64(position - start) + length, name)
    guard length <= UInt64(buffer.count - position) else { return nil }
    let range = position..<position + Int(length)
    consume(range.upperBound - start)
    return range
  }

  /// Refuses a section that leaves the payload.
  private func checkPayload(_ count: UInt64, _ name: String) throws(IPLDError) {
    guard let payload, count > payload.upperBound - consumed else { return }
    throw IPLDError(.truncated, "archive whose payload ends within a \(name)")
  }

  // MARK: Headers

  private mutating func readHeader(_ range: Range<Int>) throws(IPLDError) {
    let value: IPLDValue
    do {
      value = try DAGCBOR.decode(Array(buffer[range]))
    } catch {
      throw IPLDError(.invalidHeader, "archive without a header: \(error.message)", cause: error)
    }
    guard case .map(let map) = value, case .integer(let number)? = map["version"] else {
      throw IPLDError(.invalidHeader, "archive whose header has no version")
    }
    switch (number, state, map.entries.count) {
    case (1, _, 2):
      guard case .list(let values)? = map["roots"] else {
        throw IPLDError(.invalidHeader, "archive whose header has no roots")
      }
      var roots: [CID] = []
      for value in values {
        guard case .link(let cid) = value else { throw IPLDError(.invalidHeader, "a root that is no link") }
        roots.append(cid)
      }
      self.roots = roots
      version = version ?? 1
      state = .sections
    case (2, .header, 1):
      version = 2
      state = .version2
    case (1, _, _), (2, .header, _):
      throw IPLDError(.invalidHeader, "archive whose header has other entries")
    default:
      throw IPLDError(.invalidHeader, "archive of version \(number)")
    }
  }

  private mutating func readVersion2() throws(IPLDError) {
    func number(_ offset: Int) -> UInt64 {
      buffer[start + offset..<start + offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    let offset = number(16)
    let size = number(24)
    consume(40)
    guard offset >= consumed, size > 0, size <= UInt64.max - offset else {
      throw IPLDError(.invalidHeader, "archive of version 2 with \(size) bytes at \(offset)")
    }
    payload = offset..<offset + size
    state = .skipping(offset - consumed)
  }

  // MARK: Blocks

  private func block(_ range: Range<Int>) throws(IPLDError) -> Block {
    var position = range.lowerBound
    let cid: CID
    do {
      cid = try CID.decode(buffer, at: &position, end: range.upperBound)
    } catch {
      throw IPLDError(.invalidLink, "archive with a section that has no CID: \(error.message)", cause: error)
    }
    return Block(unchecked: cid, data: Array(buffer[position..<range.upperBound]))
  }
}
