import IPFSNode
package import IPLD
package import Multiformats
import UnixFS

/// A path of content: `/ipfs/CID/NAME…`, `/ipld/CID/…`, `/ipns/KEY/…`, or a CID with or without names behind it.
package struct ContentPath: Sendable {
  /// What the path begins with.
  package enum Root: Sendable {
    case cid(CID)
    /// A name that has to be resolved.
    case name(String)
  }

  /// What the path begins with.
  package let root: Root
  /// The names behind it.
  package let names: [String]
  /// How its CID is written; nil for a name, or a CID of version 0.
  package let base: Multibase?
  /// The namespace of what it leads to: `ipfs` or `ipld`.
  package let namespace: String

  /// Reads a path.
  ///
  /// - Throws: ``RPCError`` in Kubo's words.
  package init(_ text: String) throws(RPCError) {
    var parts = text.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
    var namespace = "ipfs"
    if text.hasPrefix("/") {
      guard let first = parts.first, ["ipfs", "ipns", "ipld"].contains(first) else {
        throw Self.invalid(text, parts.isEmpty ? "path does not begin with '/'" : "unknown namespace \"\(parts[0])\"")
      }
      namespace = first
      parts.removeFirst()
      guard !parts.isEmpty else { throw Self.invalid(text, "path does not have enough components") }
    } else {
      guard let first = parts.first, (try? CID(first)) != nil else {
        throw Self.invalid(text, "path does not have enough components")
      }
    }
    guard namespace != "ipns" else {
      root = .name(parts[0])
      names = Array(parts.dropFirst())
      base = nil
      self.namespace = "ipfs"
      return
    }
    do {
      root = .cid(try CID(parts[0]))
    } catch {
      throw Self.invalid(text, "invalid cid: \(error.message)")
    }
    names = Array(parts.dropFirst())
    base = parts[0].hasPrefix("Qm") ? nil : parts[0].unicodeScalars.first.flatMap { Multibase(prefix: $0) }
    self.namespace = namespace
  }

  private static func invalid(_ text: String, _ reason: String) -> RPCError {
    RPCError("invalid path \"\(text)\": \(reason)")
  }
}

/// Where a path leads.
package struct ResolvedPath: Sendable {
  /// The block that has what the path names.
  package let cid: CID
  /// What of the path is within that block: names of fields of DAG-CBOR and DAG-JSON.
  package let remainder: [String]
  /// The CID that the path begins with, after names were resolved.
  package let root: CID
}

extension Call {
  /// Follows a path.
  ///
  /// - Throws: ``RPCError`` in Kubo's words, `BlockError` for what is not here.
  package func resolve(_ text: String) async throws -> ResolvedPath {
    try await resolve(try ContentPath(text))
  }

  /// Follows a path.
  package func resolve(_ path: ContentPath) async throws -> ResolvedPath {
    var names = path.names[...]
    let root: CID
    switch path.root {
    case .cid(let cid): root = cid
    case .name(let name): (root, names) = try await resolve(name: name, names: names)
    }
    var cid = root
    while let name = names.first {
      switch cid.codec {
      case .dagPB where path.namespace == "ipfs":
        guard let next = try await link(name, in: cid) else {
          throw RPCError("no link named \"\(name)\" under \(text(cid))")
        }
        cid = next
        names = names.dropFirst()
      case .dagPB, .dagCBOR, .dagJSON:
        guard let next = try Self.follow(&names, in: try node.blockstore.block(cid)) else {
          return ResolvedPath(cid: cid, remainder: Array(names), root: root)
        }
        cid = next
      default: throw RPCError("no link named \"\(name)\" under \(text(cid))")
      }
    }
    return ResolvedPath(cid: cid, remainder: [], root: root)
  }

  /// Follows a path that must name a block.
  package func resolveBlock(_ text: String) async throws -> CID {
    let found = try await resolve(text)
    guard found.remainder.isEmpty else {
      throw RPCError("path \"\(text)\" does not name a block: \(found.remainder.joined(separator: "/")) is within one")
    }
    return found.cid
  }

  /// The block of a name in a node of dag-pb: an entry of a directory, or a link by its name.
  private func link(_ name: String, in cid: CID) async throws -> CID? {
    let node = try DAGPBNode(decoding: try self.node.blockstore.block(cid).data)
    if let data = node.data, let unixFS = try? UnixFSNode(decoding: data), unixFS.kind == .hamtShard {
      return try await DirectoryReader(source: self.node.blockstore).lookup(EntryName(name), in: cid)?.cid
    }
    return node.links.first { $0.name.elementsEqual(name.utf8) }?.cid
  }

  /// Follows names within a block up to a link, which it returns; nil if there is none on the way, and then `names` are
  /// those within the block.
  private static func follow(_ names: inout ArraySlice<String>, in block: Block) throws -> CID? {
    var value = try IPLDValue(decoding: block.data, as: block.cid.codec)
    var rest = names
    while true {
      if case .link(let cid) = value {
        names = rest
        return cid
      }
      guard let name = rest.first else { return nil }
      value = try Self.field(name, of: value)
      rest = rest.dropFirst()
    }
  }

  /// A field of a map, or an element of a list.
  package static func field(_ name: String, of value: IPLDValue) throws(RPCError) -> IPLDValue {
    switch value {
    case .map(let map):
      guard let next = map[name] else { throw RPCError("key not found: \"\(name)\"") }
      return next
    case .list(let values):
      guard let index = Int(name), values.indices.contains(index) else { throw RPCError("key not found: \"\(name)\"") }
      return values[index]
    default: throw RPCError("no link named \"\(name)\" under a value")
    }
  }
}
