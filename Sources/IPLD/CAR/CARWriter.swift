public import Multiformats

/// Writes an archive of blocks, version 1, to a sink of bytes.
///
/// See <https://ipld.io/specs/transport/car/carv1/>.
public struct CARWriter: Sendable {
  /// Takes bytes in order.
  public typealias Sink = @Sendable ([UInt8]) async throws -> Void

  private let sink: Sink

  /// Writes the header.
  ///
  /// - Parameters:
  ///   - roots: The blocks for which the archive is made.
  ///   - sink: Where its bytes go.
  public init(roots: [CID], to sink: @escaping Sink) async throws {
    self.sink = sink
    let header = try DAGCBOR.encode(.map(["roots": .list(roots.map(IPLDValue.link)), "version": .integer(1)]))
    var bytes: [UInt8] = []
    Varint.append(UInt64(header.count), to: &bytes)
    try await sink(bytes + header)
  }

  /// Writes a block.
  public func write(_ block: Block) async throws {
    var bytes: [UInt8] = []
    Varint.append(UInt64(block.cid.bytes.count + block.data.count), to: &bytes)
    try await sink(bytes + block.cid.bytes)
    // Not copied behind its CID: it may be large.
    if !block.data.isEmpty { try await sink(block.data) }
  }
}
