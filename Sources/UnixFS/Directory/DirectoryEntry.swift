internal import IPLD
public import Multiformats

/// An entry of a directory's DAG.
public struct DirectoryEntry: Hashable, Sendable {
  /// The entry's name.
  public var name: EntryName
  /// The root of what it names.
  public var cid: CID
  /// The cumulative size of what it names.
  public var tsize: UInt64

  /// Makes an entry.
  public init(name: EntryName, cid: CID, tsize: UInt64) {
    self.name = name
    self.cid = cid
    self.tsize = tsize
  }

  init(_ link: DAGPBNode.Link) {
    self.init(name: EntryName(bytes: link.name), cid: link.cid, tsize: link.tsize)
  }

  /// The link that makes it an entry of a directory that is one block.
  var link: DAGPBNode.Link {
    DAGPBNode.Link(cid: cid, name: name.bytes, tsize: tsize)
  }
}

extension ImportProfile.Sharding {
  /// The estimated size of a directory without entries.
  var emptySize: Int {
    switch estimate {
    case .links: 0
    case .block: DAGPBNode(data: UnixFSNode(kind: .directory).encoded()).encoded().count
    }
  }

  /// What an entry adds to the estimated size.
  func size(of entry: DirectoryEntry) -> Int {
    switch estimate {
    case .links: entry.name.bytes.count + entry.cid.bytes.count
    case .block: entry.link.lengthInNode
    }
  }

  /// Whether a directory of this estimated size and so many entries is sharded. A threshold of 0 means never, as in
  /// Kubo.
  func isSharded(size: Int, links: Int) -> Bool {
    threshold > 0 && (size > threshold || maximumLinks > 0 && links > maximumLinks)
  }

  /// Whether a directory of these entries is sharded.
  package func isSharded(_ entries: [DirectoryEntry]) -> Bool {
    isSharded(size: entries.reduce(emptySize) { $0 + size(of: $1) }, links: entries.count)
  }
}
