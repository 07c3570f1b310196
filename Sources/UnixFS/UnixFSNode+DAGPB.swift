internal import IPLD
internal import Multiformats

/// A dag-pb block together with the UnixFS message in it.
struct UnixFSBlock {
  let links: [DAGPBNode.Link]
  let node: UnixFSNode

  /// Decodes a block.
  ///
  /// - Throws: `unsupported` for another codec, `malformed`.
  init(_ block: Block) throws(UnixFSError) {
    guard block.cid.codec == .dagPB else {
      throw UnixFSError(
        .unsupported, "codec 0x\(String(block.cid.codec.rawValue, radix: 16)) is not UnixFS", cid: block.cid)
    }
    do {
      let node = try DAGPBNode(decoding: block.data)
      links = node.links
      guard let data = node.data else { throw UnixFSError(.malformed, "dag-pb node without UnixFS data") }
      self.node = try UnixFSNode(decoding: data)
    } catch let error as UnixFSError {
      throw error.at(block.cid)
    } catch {
      throw UnixFSError(.malformed, "not a dag-pb node: \(error)", cid: block.cid, cause: error)
    }
  }
}

extension BlockSink {
  /// Encodes and stores a node; its size is what the caller says, the rest is computed.
  func store(
    _ node: UnixFSNode, links: [DAGPBNode.Link] = [], size: UInt64, profile: ImportProfile
  ) async throws -> DAGRoot {
    let bytes = DAGPBNode(links: links, data: node.encoded()).encoded()
    let cid = try bytes.span.withUnsafeBytes { bytes throws(UnixFSError) in try profile.cid(of: bytes, codec: .dagPB) }
    var tsize = UInt64(bytes.count)
    for link in links {
      let (sum, overflow) = tsize.addingReportingOverflow(link.tsize)
      // The Tsize of a link that others made may be any number.
      guard !overflow else { throw UnixFSError(.malformed, "link sizes sum up to more than 64 bits", cid: link.cid) }
      tsize = sum
    }
    try await put(cid, bytes)
    return DAGRoot(cid: cid, size: size, tsize: tsize)
  }
}
